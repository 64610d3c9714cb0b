{{- /* The variables of the server. `settings` adds to them, and cannot replace what follows from other values. */}}
{{- define "oscal.settings" -}}
{{- $auth := "/run/oscal-mcp-server/auth" }}
{{- $fixed := dict
  "OSCAL_MCP_TRANSPORT" "streamable-http"
  "OSCAL_MCP_HOST" "0.0.0.0"
  "OSCAL_MCP_PORT" "8000"
  "OSCAL_ADMIN_ADDR" "0.0.0.0:9090"
  "OSCAL_DOCUMENTS_DIR" "/oscal/documents"
  "OSCAL_SCHEMAS_DIR" "/oscal/schemas"
  "OSCAL_AUTH_ISSUER_URL" .Values.auth.issuer
  "OSCAL_AUTH_RESOURCE_SERVER_URL" .Values.auth.resource
  "OSCAL_AUTH_CLIENT_ID_FILE" (printf "%s/client-id" $auth)
  "OSCAL_AUTH_CLIENT_SECRET_FILE" (printf "%s/client-secret" $auth) }}
{{- $path := include "oscal.path" . }}
{{- if ne $path "/mcp" }}{{ $_ := set $fixed "OSCAL_MCP_PATH" $path }}{{ end }}
{{- with .Values.auth.requiredScopes }}{{ $_ := set $fixed "OSCAL_AUTH_REQUIRED_SCOPES" (join " " .) }}{{ end }}
{{- with .Values.auth.introspectionUrl }}{{ $_ := set $fixed "OSCAL_AUTH_INTROSPECTION_URL" . }}{{ end }}
{{- if .Values.auth.caConfigMap }}{{ $_ := set $fixed "OSCAL_AUTH_CA_FILE" (printf "%s/ca.crt" $auth) }}{{ end }}
{{- with .Values.store.url }}
{{- $_ := set $fixed "OSCAL_SHARED_STORE" . }}
{{- $_ := set $fixed "OSCAL_SHARED_STORE_KEY_FILE" (printf "%s/store-key" $auth) }}
{{- if $.Values.store.secondKey }}
{{- $_ := set $fixed "OSCAL_SHARED_STORE_KEY_FILE" (printf "%[1]s/store-key,%[1]s/store-key-2" $auth) }}
{{- end }}
{{- if $.Values.store.password }}{{ $_ := set $fixed "OSCAL_SHARED_STORE_PASSWORD_FILE" (printf "%s/store-password" $auth) }}{{ end }}
{{- end }}
{{- if .Values.audit.enabled }}
{{- $_ := set $fixed "OSCAL_AUDIT_LOG" "stderr" }}
{{- if .Values.audit.secret }}{{ $_ := set $fixed "OSCAL_AUDIT_KEY_FILE" (printf "%s/audit-key" $auth) }}{{ end }}
{{- end }}
{{- range $name, $_ := .Values.settings }}
{{- if hasKey $fixed $name }}{{ fail (printf "settings.%s: the chart sets this variable from its own values" $name) }}{{ end }}
{{- end }}
{{- range $name, $value := merge $fixed .Values.settings (dict "OSCAL_LOG_FORMAT" "json") }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
