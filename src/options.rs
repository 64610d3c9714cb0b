//! Flags and variables, as an operator writes them. What they mean is decided in `config`.

mod audit;
mod command_line;
mod convert;
mod doctor;
mod dotenv;
mod environment;
mod given;
mod manual;
mod similar;
mod unknown;

use clap::{CommandFactory, Parser};

pub(crate) use audit::{AUDIT, AuditOptions};
pub(crate) use command_line::Shown;
pub(crate) use convert::{CONVERT, ConvertOptions};
pub(crate) use doctor::DoctorOptions;
pub(crate) use environment::Environment;
pub(crate) use given::{Given, Origin, SubCommand};
pub(crate) use similar::did_you_mean;

/// An MCP server for OSCAL, NIST's machine-readable security controls.
///
/// Every option is a flag and a variable; a flag overrides a variable, and a variable overrides a
/// `.env` file in the working directory. An empty value counts as not given, but still hides what
/// it overrides. Durations look like 30s, sizes like 16KiB, lists are separated by commas or
/// spaces.
///
/// A line of .env is NAME=value, optionally after `export `. The value is everything after the
/// equals sign, taken literally, without surrounding single or double quotes; nothing is
/// substituted, and no character escapes another. Lines that begin with # are comments.
#[derive(Debug, Default, Parser)]
#[command(name = "oscal-mcp-server", version, max_term_width = 100)]
pub(crate) struct Options {
    /// How clients connect: stdio or streamable-http [default: stdio]
    #[arg(long, env = "OSCAL_MCP_TRANSPORT", hide_env_values = true)]
    pub(crate) transport: Option<String>,

    /// Address or name to listen on [default: 127.0.0.1]
    #[arg(long, env = "OSCAL_MCP_HOST", hide_env_values = true)]
    pub(crate) host: Option<String>,

    /// Port to listen on; 0 picks a free one [default: 8000]
    #[arg(long, env = "OSCAL_MCP_PORT", hide_env_values = true)]
    pub(crate) port: Option<String>,

    /// Path of the MCP endpoint [default: /mcp]
    #[arg(long, env = "OSCAL_MCP_PATH", hide_env_values = true)]
    pub(crate) path: Option<String>,

    /// true: no sessions, JSON answers, any replica serves any request; false: sessions for
    /// protocol versions before 2026-07-28 [default: true]
    #[arg(long, env = "OSCAL_MCP_STATELESS_HTTP", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) stateless_http: Option<String>,

    /// File with at least 32 random bytes that seal session ids; must be the same on all replicas
    /// [default: random]
    #[arg(long, env = "OSCAL_MCP_SESSION_KEY_FILE", hide_env_values = true)]
    pub(crate) session_key_file: Option<String>,

    /// Most open sessions per principal; at the limit, the one idle longest is closed [default: 32]
    #[arg(
        long,
        env = "OSCAL_MCP_MAX_SESSIONS_PER_PRINCIPAL",
        hide_env_values = true
    )]
    pub(crate) max_sessions_per_principal: Option<String>,

    /// Most open sessions in all, some 57 KiB each [default: 1000]
    #[arg(long, env = "OSCAL_MCP_MAX_SESSIONS", hide_env_values = true)]
    pub(crate) max_sessions: Option<String>,

    /// Largest request, such as 1MiB, except for validate_document [default: 1MiB]
    #[arg(long, env = "OSCAL_MCP_MAX_BODY_BYTES", hide_env_values = true)]
    pub(crate) max_body_bytes: Option<String>,

    /// Largest request to validate a document [default: 12MiB]
    #[arg(long, env = "OSCAL_MCP_MAX_DOCUMENT_BYTES", hide_env_values = true)]
    pub(crate) max_document_bytes: Option<String>,

    /// Most open connections; at the limit, the one idle longest is closed [default: 1000]
    #[arg(long, env = "OSCAL_MCP_MAX_CONNECTIONS", hide_env_values = true)]
    pub(crate) max_connections: Option<String>,

    /// Name of the server as clients show it [default: OSCAL]
    #[arg(long, env = "OSCAL_MCP_SERVER_NAME", hide_env_values = true)]
    pub(crate) server_name: Option<String>,

    /// Host headers to accept, with or without port; * for any [default: the resource URL's host
    /// and loopback]
    #[arg(long, env = "OSCAL_MCP_ALLOWED_HOSTS", hide_env_values = true)]
    pub(crate) allowed_hosts: Option<String>,

    /// Browser origins to accept, such as https://app.example.com; * for any [default: none]
    #[arg(long, env = "OSCAL_MCP_ALLOWED_ORIGINS", hide_env_values = true)]
    pub(crate) allowed_origins: Option<String>,

    /// Networks of proxies, such as 10.0.0.0/8, whose X-Forwarded-For names the client in log lines
    /// and to --auth-max-failures-per-minute, and whose --auth-client-certificate-header is believed
    /// [default: none]
    #[arg(long, env = "OSCAL_MCP_TRUSTED_PROXIES", hide_env_values = true)]
    pub(crate) trusted_proxies: Option<String>,

    /// Directory of OSCAL documents (JSON, YAML, XML), read with its subdirectories [default:
    /// built-in only]
    #[arg(long, env = "OSCAL_DOCUMENTS_DIR", hide_env_values = true)]
    pub(crate) documents_dir: Option<String>,

    /// Whether the built-in documents are served: auto (if there is no documents directory), true
    /// or false [default: auto]
    #[arg(long, env = "OSCAL_BUILT_IN_DOCUMENTS", hide_env_values = true)]
    pub(crate) built_in_documents: Option<String>,

    /// Directory of NIST's JSON schemas of OSCAL, for validation [default: none]
    #[arg(long, env = "OSCAL_SCHEMAS_DIR", hide_env_values = true)]
    pub(crate) schemas_dir: Option<String>,

    /// error, warn, info, debug, trace, or directives such as info,rmcp=debug [default: info]
    #[arg(long, env = "LOG_LEVEL", hide_env_values = true)]
    pub(crate) log_level: Option<String>,

    /// Log lines as text or json, on stderr [default: text]
    #[arg(long, env = "OSCAL_LOG_FORMAT", hide_env_values = true)]
    pub(crate) log_format: Option<String>,

    /// Address and port that serve /metrics, /healthz and /readyz, such as 0.0.0.0:9090
    /// [default: off]
    #[arg(long, env = "OSCAL_ADMIN_ADDR", hide_env_values = true)]
    pub(crate) admin_addr: Option<String>,

    /// File with the token, 32 bytes or more, of administrators who may revoke tokens with POST
    /// /admin/revoke on that address [default: nobody may]
    #[arg(long, env = "OSCAL_ADMIN_TOKEN_FILE", hide_env_values = true)]
    pub(crate) admin_token_file: Option<String>,

    /// Redis or Valkey server that replicas share, as redis://USER@HOST:PORT or, with TLS, rediss://: a
    /// token is asked about once for all, revocations reach all, sessions survive a replica; without
    /// it, when it is down or slow, each replica uses its own memory [default: none]
    #[arg(long, env = "OSCAL_SHARED_STORE", hide_env_values = true)]
    pub(crate) shared_store: Option<String>,

    /// File with at least 32 random bytes that encrypt what is in the store, the same on all replicas;
    /// two files, separated by a comma, to replace a key: the first encrypts [required with a store]
    #[arg(long, env = "OSCAL_SHARED_STORE_KEY_FILE", hide_env_values = true)]
    pub(crate) shared_store_key_file: Option<String>,

    /// File with the password for the store, read for each connection [default: no password]
    #[arg(long, env = "OSCAL_SHARED_STORE_PASSWORD_FILE", hide_env_values = true)]
    pub(crate) shared_store_password_file: Option<String>,

    /// CA certificates (PEM) of the store, instead of the system's
    #[arg(long, env = "OSCAL_SHARED_STORE_CA_FILE", hide_env_values = true)]
    pub(crate) shared_store_ca_file: Option<String>,

    /// What all names in the store begin with [default: oscal-mcp:]
    #[arg(long, env = "OSCAL_SHARED_STORE_PREFIX", hide_env_values = true)]
    pub(crate) shared_store_prefix: Option<String>,

    /// How long the store may take before a request goes on without it, 1ms to 1s [default: 5ms]
    #[arg(long, env = "OSCAL_SHARED_STORE_TIMEOUT", hide_env_values = true)]
    pub(crate) shared_store_timeout: Option<String>,

    /// Issuer of the authorization server; switches authorization on [default: none]
    #[arg(long, env = "OSCAL_AUTH_ISSUER_URL", hide_env_values = true)]
    pub(crate) auth_issuer_url: Option<String>,

    /// Public URL of the MCP endpoint, such as https://mcp.example.com/mcp; required with an issuer
    #[arg(long, env = "OSCAL_AUTH_RESOURCE_SERVER_URL", hide_env_values = true)]
    pub(crate) auth_resource_server_url: Option<String>,

    /// Scopes that every request needs, all of them [default: none]
    #[arg(long, env = "OSCAL_AUTH_REQUIRED_SCOPES", hide_env_values = true)]
    pub(crate) auth_required_scopes: Option<String>,

    /// Scopes for reading documents, such as oscal:read [default: none]
    #[arg(long, env = "OSCAL_AUTH_SCOPE_READ", hide_env_values = true)]
    pub(crate) auth_scope_read: Option<String>,

    /// Scopes for validating content, such as oscal:validate [default: none]
    #[arg(long, env = "OSCAL_AUTH_SCOPE_VALIDATE", hide_env_values = true)]
    pub(crate) auth_scope_validate: Option<String>,

    /// Scopes for seeing security plans, assessments and plans of action, such as oscal:sensitive;
    /// without them, callers cannot see these documents at all [default: none]
    #[arg(long, env = "OSCAL_AUTH_SCOPE_SENSITIVE", hide_env_values = true)]
    pub(crate) auth_scope_sensitive: Option<String>,

    /// Which broader scope implies which narrower one, such as
    /// oscal:admin>oscal:read,oscal:admin>oscal:validate [default: none]
    #[arg(long, env = "OSCAL_AUTH_SCOPE_HIERARCHY", hide_env_values = true)]
    pub(crate) auth_scope_hierarchy: Option<String>,

    /// How tokens are verified: introspection; jwt (by signature); or userinfo, which reveals
    /// neither audience nor scopes [default: introspection]
    #[arg(long, env = "OSCAL_AUTH_VERIFIER", hide_env_values = true)]
    pub(crate) auth_verifier: Option<String>,

    /// Introspection endpoint [default: from the issuer's metadata]
    #[arg(long, env = "OSCAL_AUTH_INTROSPECTION_URL", hide_env_values = true)]
    pub(crate) auth_introspection_url: Option<String>,

    /// Demand signed introspection answers (RFC 9701), so that nobody in between can invent or change
    /// one; plain ones are then refused [default: false]
    #[arg(long, env = "OSCAL_AUTH_INTROSPECTION_SIGNED", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) auth_introspection_signed: Option<String>,

    /// URL of the keys that sign tokens for the verifier jwt, logout tokens and introspection answers
    /// [default: from the issuer's metadata]
    #[arg(long, env = "OSCAL_AUTH_JWKS_URL", hide_env_values = true)]
    pub(crate) auth_jwks_url: Option<String>,

    /// Accepted types (typ) of JWTs: Auth0, Keycloak and Entra write JWT; none means tokens
    /// without typ, such as Cognito's and Okta's [default: at+jwt]
    #[arg(long, env = "OSCAL_AUTH_JWT_TYPES", hide_env_values = true)]
    pub(crate) auth_jwt_types: Option<String>,

    /// Userinfo endpoint, for the verifier userinfo [default: from the issuer's metadata]
    #[arg(long, env = "OSCAL_AUTH_USERINFO_URL", hide_env_values = true)]
    pub(crate) auth_userinfo_url: Option<String>,

    /// Accept tokens even though nothing shows that they are for this server; the verifier
    /// userinfo cannot tell; this does not meet the audience rule of MCP [default: false]
    #[arg(long, env = "OSCAL_AUTH_ACCEPT_UNBOUND_TOKENS", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) auth_accept_unbound_tokens: Option<String>,

    /// Client id of this server at the authorization server
    #[arg(long, env = "OSCAL_AUTH_CLIENT_ID", hide_env_values = true)]
    pub(crate) auth_client_id: Option<String>,

    /// File with the client id
    #[arg(long, env = "OSCAL_AUTH_CLIENT_ID_FILE", hide_env_values = true)]
    pub(crate) auth_client_id_file: Option<String>,

    /// File with the client secret; or the variable OSCAL_AUTH_CLIENT_SECRET, never a flag
    #[arg(long, env = "OSCAL_AUTH_CLIENT_SECRET_FILE", hide_env_values = true)]
    pub(crate) auth_client_secret_file: Option<String>,

    /// File with the private key (PEM), for private_key_jwt and tls_client_auth
    #[arg(long, env = "OSCAL_AUTH_CLIENT_KEY_FILE", hide_env_values = true)]
    pub(crate) auth_client_key_file: Option<String>,

    /// Key id (kid) of the private_key_jwt key, if the authorization server needs one [default:
    /// none]
    #[arg(long, env = "OSCAL_AUTH_CLIENT_KEY_ID", hide_env_values = true)]
    pub(crate) auth_client_key_id: Option<String>,

    /// File with the client certificate and its chain (PEM), for tls_client_auth
    #[arg(
        long,
        env = "OSCAL_AUTH_CLIENT_CERTIFICATE_FILE",
        hide_env_values = true
    )]
    pub(crate) auth_client_certificate_file: Option<String>,

    /// client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth
    /// or none; client_secret_basic_raw for servers that do not form-decode Basic credentials
    /// [default: client_secret_basic]
    #[arg(long, env = "OSCAL_AUTH_CLIENT_AUTH_METHOD", hide_env_values = true)]
    pub(crate) auth_client_auth_method: Option<String>,

    /// Audiences, one of which a token must have [default: the resource server URL]
    #[arg(long, env = "OSCAL_AUTH_AUDIENCE", hide_env_values = true)]
    pub(crate) auth_audience: Option<String>,

    /// Accept only tokens issued to these clients, including tokens without an audience
    /// [default: none]
    #[arg(long, env = "OSCAL_AUTH_ALLOWED_CLIENT_IDS", hide_env_values = true)]
    pub(crate) auth_allowed_client_ids: Option<String>,

    /// The longest token accepted, 1KiB to 64KiB; a longer one gets 431 [default: 16KiB]
    #[arg(long, env = "OSCAL_AUTH_MAX_TOKEN_BYTES", hide_env_values = true)]
    pub(crate) auth_max_token_bytes: Option<String>,

    /// Most requests of one principal in a minute, 1 to 1000000; more get 429 [default: 0, no limit]
    #[arg(
        long,
        env = "OSCAL_AUTH_MAX_REQUESTS_PER_MINUTE",
        hide_env_values = true
    )]
    pub(crate) auth_max_requests_per_minute: Option<String>,

    /// Most bad tokens from one client address in a minute, 1 to 1000000; then only tokens that were
    /// good before are checked, and others get 429 [default: 0, no limit]
    #[arg(
        long,
        env = "OSCAL_AUTH_MAX_FAILURES_PER_MINUTE",
        hide_env_values = true
    )]
    pub(crate) auth_max_failures_per_minute: Option<String>,

    /// Receive logouts from the authorization server at /oauth/backchannel-logout (OpenID Connect
    /// Back-Channel Logout) [default: false]
    #[arg(long, env = "OSCAL_AUTH_BACK_CHANNEL_LOGOUT", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) auth_back_channel_logout: Option<String>,

    /// The clients whose logouts are received, as logout tokens name them [default: our own client
    /// id, and the allowed client ids]
    #[arg(
        long,
        env = "OSCAL_AUTH_BACK_CHANNEL_LOGOUT_CLIENTS",
        hide_env_values = true
    )]
    pub(crate) auth_back_channel_logout_clients: Option<String>,

    /// Whether tokens may be bound to a key of their client (DPoP): off, allowed, or required, which
    /// refuses bearer tokens [default: off]
    #[arg(long, env = "OSCAL_AUTH_DPOP", hide_env_values = true)]
    pub(crate) auth_dpop: Option<String>,

    /// Demand a nonce of this server in DPoP proofs, so that none can be made for later
    /// [default: false]
    #[arg(long, env = "OSCAL_AUTH_DPOP_NONCE", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) auth_dpop_nonce: Option<String>,

    /// Header in which the trusted proxies, and nobody else, pass on the certificate of their client,
    /// such as Client-Cert; accepts tokens that are bound to it (mutual TLS) [default: none]
    #[arg(
        long,
        env = "OSCAL_AUTH_CLIENT_CERTIFICATE_HEADER",
        hide_env_values = true
    )]
    pub(crate) auth_client_certificate_header: Option<String>,

    /// How long an active token is remembered, 0s to 300s [default: 30s]
    #[arg(long, env = "OSCAL_AUTH_CACHE_TTL", hide_env_values = true)]
    pub(crate) auth_cache_ttl: Option<String>,

    /// How long an inactive token is remembered, 0s to 300s [default: 3s]
    #[arg(long, env = "OSCAL_AUTH_CACHE_NEGATIVE_TTL", hide_env_values = true)]
    pub(crate) auth_cache_negative_ttl: Option<String>,

    /// Most active tokens remembered, counted in KiB of their claims [default: 100000]
    #[arg(long, env = "OSCAL_AUTH_CACHE_CAPACITY", hide_env_values = true)]
    pub(crate) auth_cache_capacity: Option<String>,

    /// Total time limit for one introspection, 100ms to 60s [default: 3s]
    #[arg(long, env = "OSCAL_AUTH_TIMEOUT", hide_env_values = true)]
    pub(crate) auth_timeout: Option<String>,

    /// CA certificates (PEM) to trust in addition to the system's
    #[arg(long, env = "OSCAL_AUTH_CA_FILE", hide_env_values = true)]
    pub(crate) auth_ca_file: Option<String>,

    /// Accept http:// to an authorization server that is not on a loopback address, where anyone
    /// on the network can read tokens and the client secret [default: false]
    #[arg(long, env = "OSCAL_AUTH_ALLOW_INSECURE_HTTP", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) auth_allow_insecure_http: Option<String>,

    /// Serve streamable-http without authorization on an address that is not loopback
    /// [default: false]
    #[arg(long, env = "OSCAL_ALLOW_UNAUTHENTICATED", hide_env_values = true,
          num_args = 0..=1, default_missing_value = "true")]
    pub(crate) allow_unauthenticated: Option<String>,

    /// Where to record who asked for what: stderr or a file [default: no audit log]
    #[arg(long, env = "OSCAL_AUDIT_LOG", hide_env_values = true)]
    pub(crate) audit_log: Option<String>,

    /// File with 32 random bytes or more that chain the records of the audit log, so that tampering
    /// shows [default: no chain]
    #[arg(long, env = "OSCAL_AUDIT_KEY_FILE", hide_env_values = true)]
    pub(crate) audit_key_file: Option<String>,

    /// What happens to requests while the audit log cannot be written: refuse (503) or continue
    /// [default: refuse]
    #[arg(long, env = "OSCAL_AUDIT_ON_FAILURE", hide_env_values = true)]
    pub(crate) audit_on_failure: Option<String>,

    /// Show the effective configuration, secrets redacted, and exit
    #[arg(long)]
    pub(crate) print_config: bool,
}

const HEALTHCHECK: &str = "healthcheck";

/// The one option that is a variable only: a flag would show in the process list.
pub(crate) const CLIENT_SECRET_VARIABLE: &str = "OSCAL_AUTH_CLIENT_SECRET";

/// How an operator knows the option `id`: `--auth-issuer-url (OSCAL_AUTH_ISSUER_URL)`.
pub(crate) fn name(id: &str) -> String {
    if id == CLIENT_SECRET_VARIABLE {
        return id.to_owned();
    }
    let flag = id.replace('_', "-");
    match variable(id) {
        Some(variable) => format!("--{flag} ({variable})"),
        None => format!("--{flag}"),
    }
}

/// The variable of the option `id`.
pub(crate) fn variable(id: &str) -> Option<String> {
    Options::command()
        .get_arguments()
        .find(|argument| argument.get_id() == id)
        .and_then(|argument| argument.get_env())
        .map(|variable| variable.to_string_lossy().into_owned())
}

/// The default of the option `id`, as its help says it; empty where it says none.
pub(crate) fn default(id: &str) -> String {
    let command = Options::command();
    let argument = command
        .get_arguments()
        .find(|argument| argument.get_id() == id);
    let help = argument
        .and_then(|argument| argument.get_help())
        .map(ToString::to_string);
    default_in(&help.unwrap_or_default()).to_owned()
}

/// The help texts say the defaults, and the documentation shows them from there.
pub(crate) fn default_in(help: &str) -> &str {
    help.rsplit_once("[default: ")
        .and_then(|(_, rest)| rest.strip_suffix(']'))
        .unwrap_or_default()
}
