//! The helm chart beside the kustomize manifests: both render the same, and the chart refuses values
//! that mean nothing. The other tests of this folder judge its objects as they judge the manifests'.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::render::{Objects, chart};
use crate::support::stderr;

/// What the overlay `hosted` sets.
pub(super) const HOSTED: &str = "
auth: {issuer: 'https://as.example.com', resource: 'https://mcp.example.com/mcp', requiredScopes: ['oscal:read']}
";

/// What the overlay `keycloak` sets.
pub(super) const KEYCLOAK: &str = "
auth:
  issuer: https://keycloak.example.com/realms/mcp
  resource: https://mcp.example.com/mcp
  requiredScopes: ['oscal:read']
  introspectionUrl: https://keycloak.keycloak.svc:8443/realms/mcp/protocol/openid-connect/token/introspect
  caConfigMap: authorization-server-ca
networkPolicy: {authorizationServer: {namespace: keycloak, podLabels: {app: keycloak}, port: 8443}}
";

/// Everything else that values can switch on, except the store.
pub(super) const AUDITED_ON_A_VOLUME: &str = "
auth: {issuer: 'https://as.example.com', resource: 'https://mcp.example.com/oscal/mcp', secret: other}
documents: {existingClaim: oscal-documents}
audit: {enabled: true, secret: oscal-mcp-server-audit}
fips: {enabled: true}
image: {repository: registry.example/oscal-mcp-server, tag: '2', pullSecrets: [registry]}
ingress: {className: nginx, extraPaths: [/oscal/oauth/backchannel-logout]}
settings: {OSCAL_AUTH_BACK_CHANNEL_LOGOUT: 'true', LOG_LEVEL: debug, OSCAL_LOG_FORMAT: text}
";

const STORE: &str = "
auth: {issuer: 'https://as.example.com', resource: 'https://mcp.example.com/mcp'}
store: {url: 'rediss://oscal@valkey.valkey.svc:6379', secret: shared, password: true, secondKey: true}
networkPolicy:
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: valkey}}
          podSelector: {matchLabels: {app: valkey}}
      ports: [{port: 6379}]
";

/// The values whose settings `--print-config` shows as they are; it hides the user of a store.
pub(super) const CHARTS: [&str; 3] = [HOSTED, KEYCLOAK, AUDITED_ON_A_VOLUME];

/// The values that `docs/deployment.md` shows.
pub(super) fn documented() -> &'static str {
    let document = include_str!("../../../docs/deployment.md");
    let (_, rest) = document
        .split_once("<!-- values: keycloak -->\n```yaml\n")
        .expect("values");
    rest.split_once("\n```").expect("an end").0
}

/// Whatever differs because helm names and labels things in its own way.
fn neutral(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| {
                ![
                    "app.kubernetes.io/instance",
                    "app.kubernetes.io/managed-by",
                    "app.kubernetes.io/version",
                    "helm.sh/chart",
                    "checksum/settings",
                ]
                .contains(&name.as_str())
            });
            let members = kept.map(|(name, value)| {
                let is_selector = name == "podSelector" && value.get("matchExpressions").is_some();
                // kustomize needs these: see its network-policy.yaml.
                match is_selector {
                    true => {
                        let expression = &value["matchExpressions"][0];
                        match expression["values"].as_array().map(Vec::as_slice) {
                            Some([only]) => {
                                let key = expression["key"].as_str().expect("a key");
                                (name.clone(), json!({"matchLabels": {key: only}}))
                            }
                            _ => (name.clone(), value.clone()),
                        }
                    }
                    false => (name.clone(), neutral(value)),
                }
            });
            members.collect()
        }
        Value::Array(items) => {
            // The CA is optional in the manifests, and left out of the chart if there is none.
            let is_ca = |item: &&Value| item["configMap"]["name"] == "authorization-server-ca";
            let mut items: Vec<_> = items
                .iter()
                .filter(|item| !is_ca(item))
                .map(neutral)
                .collect();
            items.sort_by_key(|item| item["name"].to_string());
            items.into()
        }
        // The name that kustomize generates for the settings.
        Value::String(text) if text.starts_with("oscal-mcp-server-") && text.len() == 27 => {
            json!("oscal-mcp-server")
        }
        other => other.clone(),
    }
}

/// Kinds and specs. The rules of all network policies are one list, because policies add up.
fn meaning(objects: &Objects) -> Vec<(String, Value)> {
    let mut meaning: Vec<_> = objects
        .0
        .iter()
        .filter(|object| object["kind"] != "NetworkPolicy" && object["kind"] != "Namespace")
        .map(|object| {
            let kind = object["kind"].as_str().expect("a kind").to_owned();
            (kind, neutral(object))
        })
        .collect();
    meaning.sort_by(|one, other| one.0.cmp(&other.0));
    for direction in ["ingress", "egress"] {
        let policies = objects.of_kind("NetworkPolicy").into_iter();
        let mut rules: Vec<_> = policies
            .flat_map(|policy| policy["spec"][direction].as_array().into_iter().flatten())
            .map(|rule| {
                neutral(&json!({"peers": [rule["from"], rule["to"]], "ports": rule["ports"]}))
            })
            .collect();
        rules.sort_by_key(Value::to_string);
        meaning.push((direction.to_owned(), Value::from(rules)));
    }
    meaning
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_chart_renders_what_the_overlays_do() {
    for (values, folder) in [(HOSTED, "overlays/hosted"), (KEYCLOAK, "overlays/keycloak")] {
        let (Some(of_chart), Some(of_overlay)) = (Objects::chart(values), Objects::of(folder))
        else {
            return;
        };
        let (of_chart, of_overlay) = (meaning(&of_chart), meaning(&of_overlay));
        assert_eq!(of_chart.len(), of_overlay.len(), "{folder}");
        for (one, other) in of_chart.iter().zip(&of_overlay) {
            assert_eq!(one, other, "{folder}");
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn values_reach_what_they_are_for() {
    let Some(objects) = Objects::chart(AUDITED_ON_A_VOLUME) else {
        return;
    };
    let spec = &objects.only("Deployment")["spec"]["template"]["spec"];
    let container = &spec["containers"][0];
    let image = "registry.example/oscal-mcp-server:2-fips";
    assert_eq!(container["image"], image);
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    assert!(
        spec.get("initContainers").is_none(),
        "no image to copy from"
    );
    let variables = objects.variables();
    for (name, value) in [
        ("OSCAL_AUDIT_LOG", "stderr"),
        (
            "OSCAL_AUDIT_KEY_FILE",
            "/run/oscal-mcp-server/auth/audit-key",
        ),
        ("OSCAL_MCP_PATH", "/oscal/mcp"),
        ("OSCAL_LOG_FORMAT", "text"),
    ] {
        let is_it = |pair: &&(String, String)| pair.0 == name;
        let found = variables
            .iter()
            .find(is_it)
            .map(|(_, value)| value.as_str());
        assert_eq!(found, Some(value), "{name}");
    }
    let rule = &objects.only("Ingress")["spec"]["rules"][0]["http"]["paths"];
    let paths = rule.as_array().expect("paths").iter();
    let paths: Vec<_> = paths
        .map(|path| path["path"].as_str().expect("text"))
        .collect();
    assert_eq!(
        paths,
        [
            "/oscal/mcp",
            "/.well-known/oauth-protected-resource",
            "/oscal/oauth/backchannel-logout"
        ]
    );

    let Some(objects) = Objects::chart(STORE) else {
        return;
    };
    let variables = objects.variables();
    for (name, value) in [
        (
            "OSCAL_SHARED_STORE",
            "rediss://oscal@valkey.valkey.svc:6379",
        ),
        (
            "OSCAL_SHARED_STORE_KEY_FILE",
            "/run/oscal-mcp-server/auth/store-key,/run/oscal-mcp-server/auth/store-key-2",
        ),
        (
            "OSCAL_SHARED_STORE_PASSWORD_FILE",
            "/run/oscal-mcp-server/auth/store-password",
        ),
    ] {
        assert!(
            variables.contains(&(name.to_owned(), value.to_owned())),
            "{name}"
        );
    }
    let volume = &objects.only("Deployment")["spec"]["template"]["spec"]["volumes"][0];
    let items = ["store-key", "store-key-2", "store-password"]
        .map(|name| json!({"key": name, "path": name}));
    let secret = json!({"secret": {"name": "shared", "items": items}});
    assert!(
        volume["projected"]["sources"]
            .as_array()
            .expect("sources")
            .contains(&secret)
    );
    let egress = &objects.only("NetworkPolicy")["spec"]["egress"];
    assert_eq!(
        egress.as_array().map(Vec::len),
        Some(3),
        "DNS, https, the store"
    );
}

/// Otherwise pods go on with the settings that they started with.
#[test]
#[ignore = "interop: run scripts/interop"]
fn other_settings_replace_the_pods() {
    let template = |values: &str| {
        let objects = Objects::chart(values)?;
        Some(objects.only("Deployment")["spec"]["template"].clone())
    };
    let changed = HOSTED.replace("oscal:read", "oscal:all");
    let (Some(one), Some(same), Some(other)) =
        (template(HOSTED), template(HOSTED), template(&changed))
    else {
        return;
    };
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn two_releases_in_one_namespace_do_not_touch_each_other() {
    let (Some(one), Some(other)) = (
        Objects::release("one", HOSTED),
        Objects::release("other", HOSTED),
    ) else {
        return;
    };
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    for object in one.0.iter().filter(|object| object["kind"] != "Namespace") {
        assert!(
            other
                .0
                .iter()
                .all(|of_other| name(of_other) != name(object))
        );
    }
    let selector = &one.only("Deployment")["spec"]["selector"];
    assert!(!super::network_policy::selects(
        selector,
        &other.pod().labels
    ));
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn values_that_mean_nothing_are_refused() {
    for (values, why) in [
        ("", "/auth/issuer"),
        ("auth: {issuer: 'https://as.example.com'}", "/auth/resource"),
        (
            "auth: {issuer: 'http://as.example.com', resource: 'https://mcp.example.com/mcp'}",
            "/auth/issuer",
        ),
        (
            "auth: {issuer: 'https://as.example.com', resource: 'https://mcp.example.com/mcp?x'}",
            "/auth/resource",
        ),
        ("auth: {issuers: x}", "'issuers' not allowed"),
        ("auth: {requiredScopes: oscal:read}", "/auth/requiredScopes"),
        ("auth: {secret: ''}", "/auth/secret"),
        ("autorisation: {}", "'autorisation' not allowed"),
        ("fips: {enabled: 'yes'}", "/fips/enabled"),
        ("image: {tag: latest-fips:2}", "/image/tag"),
        ("documents: {image: {tag: ''}}", "/documents/image/tag"),
        (
            "store: {url: 'rediss://user:password@valkey:6379'}",
            "/store/url",
        ),
        ("store: {url: 'https://valkey'}", "/store/url"),
        (
            "settings: {OSCAL_AUTH_CLIENT_SECRET: hush}",
            "'OSCAL_AUTH_CLIENT_SECRET'",
        ),
        ("settings: {PATH: /bin}", "'PATH'"),
        (
            "settings: {OSCAL_AUTH_CACHE_CAPACITY: 1000000}",
            "/settings/OSCAL_AUTH_CACHE_CAPACITY",
        ),
        (
            "settings: {OSCAL_MCP_PORT: '9000'}",
            "settings.OSCAL_MCP_PORT: the chart sets",
        ),
        (
            "networkPolicy: {authorizationServer: {namespace: keycloak, port: 8443}}",
            "'podLabels'",
        ),
        (
            "networkPolicy: {authorizationServer: {namespace: keycloak, podLabels: {}, port: 8443}}",
            "podLabels",
        ),
        ("networkPolicy: {egress: [{ports: [{port: 1}]}]}", "'to'"),
        ("resources: {limits: {memory: null}}", "'memory'"),
    ] {
        let needed = if values.contains("auth:") || values.is_empty() {
            ""
        } else {
            HOSTED
        };
        let Some(rendered) = chart("oscal-mcp-server", &format!("{needed}{values}\n")) else {
            return;
        };
        assert!(!rendered.status.success(), "accepted: {values}");
        let text = stderr(&rendered);
        assert!(text.contains(why), "{values}: {text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn the_chart_has_the_version_of_the_server() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/helm/Chart.yaml");
    let text = fs::read_to_string(file).expect("readable");
    for name in ["version", "appVersion"] {
        let line = format!("\n{name}: {}\n", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&line), "{line}");
    }
}
