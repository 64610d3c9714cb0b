//! The authorization server: who it is, and how to reach it.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

#[cfg(feature = "redis")]
use crate::shared_store::store::SharedStore;
use crate::{
    authorization_server::http_client::{HttpClient, error::HttpClientError},
    client_auth::key::ClientCertificate,
    clock::{Clock, SystemClock},
    observe::{
        change::{Change, ChangeHook},
        metrics::Metrics,
        trace::TraceHeadersHook,
    },
    urls::{InvalidUrl, Issuer},
};

/// The authorization server whose tokens are accepted, and how to reach it. The
/// [`ResourceServer`](crate::ResourceServer) and its verifier share one value, so issuer, clock and
/// metrics cannot differ between them.
///
/// ```
/// use std::time::Duration;
///
/// use rmcp_resource_server::AuthorizationServer;
///
/// # fn main() -> Result<(), rmcp_resource_server::InvalidUrl> {
/// let mut server: AuthorizationServer = "https://as.example.com/realms/mcp".parse()?;
/// server.timeout = Duration::from_secs(2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationServer {
    /// The issuer URL, as it appears in tokens and metadata.
    pub issuer: Issuer,
    /// The time limit for everything: waiting for a turn, connecting, one retry. Default: 3 s.
    pub timeout: Duration,
    /// Certificates to trust in addition to the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Accept `http` for a discovered endpoint that is not on a loopback host. For test networks
    /// only. Default: false.
    pub allow_insecure_http: bool,
    /// Changes how HTTP clients are built, for instance to add a proxy, a resolver or trusted roots.
    /// Redirects stay off, and the time limits and the client certificate stay as they are. Default:
    /// nothing is changed.
    pub http_client: Option<HttpClientHook>,
    /// Adds headers to the requests that verify a token, for instance `traceparent`. Default: none.
    pub trace_headers: Option<TraceHeadersHook>,
    /// The clock. Default: the system's.
    pub clock: Arc<dyn Clock>,
    /// Where to count. Default: counters that nobody reads.
    pub metrics: Metrics,
    /// Called when credentials, keys or endpoints change, for an audit log. Must not block. Default:
    /// none.
    pub on_change: Option<ChangeHook>,
    /// What replicas share: this server's answers, and what was revoked. A JWT is its own proof, so no
    /// answer about it is shared. Default: each replica is on its own.
    #[cfg(feature = "redis")]
    pub shared_store: Option<SharedStore>,
}

/// What [`http_client`](AuthorizationServer::http_client) calls for each client that is built. With the
/// feature `fips` it must not give the client a TLS configuration of its own, which nothing would check.
///
/// ```
/// use std::sync::Arc;
///
/// use reqwest::Proxy;
/// use rmcp_resource_server::AuthorizationServer;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut server: AuthorizationServer = "https://as.example.com".parse()?;
/// let proxy = Proxy::https("http://proxy.example.com:3128")?;
/// server.http_client = Some(Arc::new(move |builder| builder.proxy(proxy.clone())));
/// # Ok(())
/// # }
/// ```
pub type HttpClientHook =
    Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

impl AuthorizationServer {
    /// The defaults, for the authorization server `issuer`.
    pub fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            timeout: Duration::from_secs(3),
            ca_file: None,
            allow_insecure_http: false,
            http_client: None,
            trace_headers: None,
            clock: Arc::new(SystemClock),
            metrics: Metrics::default(),
            on_change: None,
            #[cfg(feature = "redis")]
            shared_store: None,
        }
    }

    pub(crate) fn tell(&self, change: Change) {
        if let Some(on_change) = &self.on_change {
            on_change(change);
        }
    }

    /// A client that presents `certificate` if a server asks for one.
    pub(crate) fn build_http_client(
        &self,
        certificate: Option<&ClientCertificate>,
    ) -> Result<HttpClient, HttpClientError> {
        let ca_file = self.ca_file.as_deref();
        let hook = self.http_client.clone();
        let client = HttpClient::build(&self.issuer, ca_file, certificate, self.timeout, hook)?;
        Ok(client.tracing_with(self.trace_headers.clone()))
    }
}

/// Parses the issuer and uses the defaults for everything else.
impl FromStr for AuthorizationServer {
    type Err = InvalidUrl;

    fn from_str(issuer: &str) -> Result<Self, InvalidUrl> {
        issuer.parse().map(Self::new)
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .field("issuer", &self.issuer)
            .field("timeout", &self.timeout)
            .field("ca_file", &self.ca_file)
            .field("allow_insecure_http", &self.allow_insecure_http)
            .finish_non_exhaustive()
    }
}
