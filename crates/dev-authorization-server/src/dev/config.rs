//! The server's configuration: resources, scopes, clients.

use std::time::Duration;

/// What a [`DevAuthorizationServer`](super::DevAuthorizationServer) protects, and for whom.
///
/// ```
/// use std::time::Duration;
///
/// use dev_authorization_server::DevConfig;
///
/// let config = DevConfig {
///     resources: vec!["http://127.0.0.1:8000/mcp".to_owned()],
///     // To see a token expire while one watches.
///     token_lifetime: Duration::from_secs(20),
///     ..DevConfig::default()
/// };
/// # let _ = config;
/// ```
pub struct DevConfig {
    /// The port on `127.0.0.1`; 0 picks a free one.
    pub port: u16,
    /// An origin such as `http://localhost:9000`; by default `http://127.0.0.1` with the port.
    pub issuer: Option<String>,
    /// The resource servers that tokens can be issued for (RFC 8707); the first is the default.
    pub resources: Vec<String>,
    /// The scopes that exist; a client that asks for none gets all. `offline_access` is added to
    /// them.
    pub scopes: Vec<String>,
    /// The clients that exist without registration.
    pub clients: Vec<DevClient>,
    /// How long an access token lives, in whole seconds.
    pub token_lifetime: Duration,
}

impl Default for DevConfig {
    fn default() -> Self {
        Self {
            port: 0,
            issuer: None,
            resources: Vec::new(),
            scopes: Vec::new(),
            clients: Vec::new(),
            token_lifetime: Duration::from_secs(600),
        }
    }
}

/// A client that exists without registration.
///
/// ```
/// use dev_authorization_server::DevClient;
///
/// let clients = [
///     DevClient::machine("robot", "robot-secret"),
///     DevClient::resource_server("mcp-server", "mcp-server-secret"),
///     DevClient::public("app", "http://127.0.0.1/callback"),
/// ];
/// # let _ = clients;
/// ```
#[non_exhaustive]
#[derive(Clone)]
pub enum DevClient {
    /// Gets tokens for itself with client credentials.
    Machine {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
    /// May introspect and do nothing else.
    ResourceServer {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
    /// Has no secret and uses the code flow.
    Public {
        /// The client's id.
        id: String,
        /// Matched exactly, except for the port of a loopback address (RFC 8252 §7.3).
        redirect_uris: Vec<String>,
    },
}

impl DevClient {
    /// A [`Machine`](Self::Machine).
    #[must_use]
    pub fn machine(id: &str, secret: &str) -> Self {
        Self::Machine {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// A [`ResourceServer`](Self::ResourceServer).
    #[must_use]
    pub fn resource_server(id: &str, secret: &str) -> Self {
        Self::ResourceServer {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// A [`Public`](Self::Public) client with one redirect URI.
    #[must_use]
    pub fn public(id: &str, redirect_uri: &str) -> Self {
        Self::Public {
            id: id.to_owned(),
            redirect_uris: vec![redirect_uri.to_owned()],
        }
    }
}
