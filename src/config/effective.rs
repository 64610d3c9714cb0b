//! The checked configuration that the options resolve to.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use rmcp_resource_server::{
    BackChannelLogoutConfig, ResourceServerConfig, SessionLimits, SharedStoreConfig, VerifierConfig,
};

use super::audit::AuditConfig;
use crate::{mcp::ScopeRules, traces::TraceSettings};

/// Everything the server needs to know, checked.
pub struct Config {
    /// How clients connect.
    pub transport: Transport,
    /// The name clients show.
    pub server_name: String,
    /// Where documents are, besides the built-in ones.
    pub documents_dir: Option<PathBuf>,
    /// When the built-in documents are served.
    pub built_in_documents: BuiltInDocuments,
    /// Where NIST's JSON schemas are, for validation.
    pub schemas_dir: Option<PathBuf>,
    /// Scopes of operations.
    pub scopes: ScopeRules,
    /// The audit log, if there is one.
    pub audit: Option<AuditConfig>,
    /// The export of traces, if there is one.
    pub traces: Option<TraceSettings>,
    /// What is logged and how.
    pub log: LogConfig,
    /// Warnings for the operator; none is serious enough to stop the server.
    pub warnings: Vec<String>,
}

/// When the built-in documents are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuiltInDocuments {
    /// If there is no documents directory.
    #[default]
    Auto,
    /// Always, after those of the directory.
    Always,
    /// Never.
    Never,
}

/// How clients connect.
pub enum Transport {
    /// Over standard input and output; no authorization.
    Stdio,
    /// Over HTTP.
    StreamableHttp(Box<HttpConfig>),
}

impl Transport {
    /// Advertises in the metadata the scopes that clients may need.
    pub(super) fn with_scopes(mut self, scopes: &ScopeRules) -> Self {
        if let Self::StreamableHttp(http) = &mut self
            && let Some(auth) = &mut http.auth
        {
            auth.resource_server.optional_scopes = scopes.all();
        }
        self
    }
}

/// Where and how to serve HTTP.
pub struct HttpConfig {
    /// Address or name to listen on.
    pub host: String,
    /// Port to listen on; 0 for a free one.
    pub port: u16,
    /// Path of the MCP endpoint.
    pub path: String,
    /// No sessions, JSON answers.
    pub stateless: bool,
    /// Limits on sessions, if there are any.
    pub session_limits: SessionLimits,
    /// The largest request other than the next kind, in bytes.
    pub max_body_bytes: usize,
    /// The largest request that validates a document, in bytes.
    pub max_document_bytes: usize,
    /// The most connections open at once.
    pub max_connections: usize,
    /// Accepted `Host` headers; empty for any.
    pub allowed_hosts: Vec<String>,
    /// Accepted `Origin` headers.
    pub allowed_origins: AllowedOrigins,
    /// Proxies trusted to report the client's address and certificate.
    pub trusted_proxies: Vec<IpNet>,
    /// Where to serve metrics and probes.
    pub admin_addr: Option<SocketAddr>,
    /// The file with the token of administrators who may revoke tokens there.
    pub admin_token_file: Option<PathBuf>,
    /// Authorization, if it is on.
    pub auth: Option<AuthConfig>,
    /// How long running requests may take after SIGTERM.
    pub drain: Duration,
}

impl Default for HttpConfig {
    /// The defaults of the flags: loopback, stateless, no authorization.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            path: "/mcp".to_owned(),
            stateless: true,
            session_limits: SessionLimits::default(),
            max_body_bytes: 1 << 20,
            // NIST's SP 800-53 catalog is 10 MB.
            max_document_bytes: 12 << 20,
            max_connections: 1000,
            allowed_hosts: LOOPBACK_HOSTS.map(str::to_owned).to_vec(),
            allowed_origins: AllowedOrigins::Only(Vec::new()),
            trusted_proxies: Vec::new(),
            admin_addr: None,
            admin_token_file: None,
            auth: None,
            drain: Duration::from_secs(10),
        }
    }
}

impl HttpConfig {
    /// The longest token accepted, in bytes.
    pub(crate) fn max_token_bytes(&self) -> usize {
        let auth = self.auth.as_ref();
        auth.map_or(0, |auth| auth.resource_server.max_token_bytes)
    }
}

/// `Host` headers of clients on the same machine.
pub(super) const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Authorization.
pub struct AuthConfig {
    /// What a token must satisfy.
    pub resource_server: ResourceServerConfig,
    /// How they are verified.
    pub verifier: VerifierConfig,
    /// Whose logouts are received, if any.
    pub logout: Option<BackChannelLogoutConfig>,
    /// The store that replicas share, if any.
    pub shared_store: Option<SharedStoreConfig>,
}

/// Browser origins that may use the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Any origin.
    Any,
    /// Only these, as browsers write them: scheme, host, and port unless it is the scheme's
    /// default.
    Only(Vec<String>),
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A level, or directives such as `info,rmcp=debug`.
    pub level: String,
    /// Whether to log JSON instead of text.
    pub json: bool,
}
