//! The authorization server for development.

mod authorize;
mod bounded;
mod clients;
mod consent_page;
mod endpoints;
mod error;
mod metadata;
mod params;
mod policy;
mod redirect_uri;
mod registration;
mod secret;
mod token_endpoint;
mod tokens;

#[cfg(test)]
mod tests;

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use url::Url;

use self::{
    authorize::Consents,
    clients::{Client, Clients, GrantType},
    policy::Policy,
    tokens::Tokens,
};
use crate::server_thread::{ServerThread, listen};

/// A small real authorization server for one developer: opaque tokens, everything in memory.
///
/// It speaks what MCP clients need: metadata (RFC 8414), dynamic registration (RFC 7591), the code
/// flow with PKCE and a consent page, refresh and client credentials, resource indicators
/// (RFC 8707), introspection (RFC 7662) and revocation (RFC 7009). It asks nobody for a password.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
///
/// let server = DevAuthorizationServer::start(DevConfig {
///     resources: vec!["http://127.0.0.1:8000/mcp".to_owned()],
///     scopes: vec!["mcp:tools".to_owned()],
///     clients: vec![
///         DevClient::resource_server("mcp-server", "mcp-server-secret"),
///         DevClient::machine("robot", "robot-secret"),
///     ],
///     ..DevConfig::default()
/// })?;
///
/// // The robot gets a token, and the MCP server asks what it is worth.
/// let http = reqwest::Client::new();
/// let answer: serde_json::Value = http
///     .post(format!("{}/token", server.issuer()))
///     .basic_auth("robot", Some("robot-secret"))
///     .form(&[("grant_type", "client_credentials")])
///     .send()
///     .await?
///     .json()
///     .await?;
/// let claims: serde_json::Value = http
///     .post(format!("{}/introspect", server.issuer()))
///     .basic_auth("mcp-server", Some("mcp-server-secret"))
///     .form(&[("token", answer["access_token"].as_str().unwrap_or_default())])
///     .send()
///     .await?
///     .json()
///     .await?;
/// assert_eq!(claims["active"], true);
/// assert_eq!(claims["client_id"], "robot");
/// # Ok(())
/// # }
/// ```
pub struct DevAuthorizationServer {
    address: SocketAddr,
    authority: Arc<Authority>,
    running: Mutex<Option<ServerThread>>,
}

/// What a [`DevAuthorizationServer`] protects, and for whom.
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
    /// 0 picks a free port of `127.0.0.1`.
    pub port: u16,
    /// An origin such as `http://localhost:9000`; by default `http://127.0.0.1` with the port.
    pub issuer: Option<String>,
    /// The resource servers that tokens can be for (RFC 8707); the first is the default.
    pub resources: Vec<String>,
    /// The scopes that exist; a client that asks for none gets all. `offline_access` comes on top.
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
    /// Gets tokens of its own by client credentials.
    Machine {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
    /// May introspect, and nothing else.
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
        /// Matched exactly, but for the port of a loopback address (RFC 8252 §7.3).
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

impl DevAuthorizationServer {
    /// Starts as configured.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an issuer that is no origin, no or malformed resources, or
    /// an unusable redirect URI; else why the port could not be had.
    pub fn start(config: DevConfig) -> io::Result<Self> {
        let listener = listen(config.port)?;
        let address = listener.local_addr()?;
        let server = Self {
            address,
            authority: Arc::new(Authority::new(config, address)?),
            running: Mutex::new(None),
        };
        server.run(listener)?;
        Ok(server)
    }

    /// The issuer, as in the metadata.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.authority.issuer
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Frees the port and cuts every connection; clients and tokens stay.
    pub async fn stop(&self) {
        let thread = lock(&self.running).take();
        if let Some(thread) = thread {
            thread.stop().await;
        }
    }

    /// Listens again on the same port, after [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// If it was not stopped, or if something else took the port.
    pub fn restart(&self) -> io::Result<()> {
        self.run(listen(self.address.port())?)
    }

    fn run(&self, listener: TcpListener) -> io::Result<()> {
        let authority = Arc::clone(&self.authority);
        let thread = ServerThread::spawn(move |shutdown| {
            endpoints::serve(listener, authority, shutdown).expect("actix serves a bound socket");
        })?;
        *lock(&self.running) = Some(thread);
        Ok(())
    }
}

/// Everything that the endpoints share.
struct Authority {
    issuer: String,
    hosts: Vec<String>,
    policy: Policy,
    clients: Mutex<Clients>,
    consents: Mutex<Consents>,
    tokens: Mutex<Tokens>,
}

impl Authority {
    fn new(config: DevConfig, address: SocketAddr) -> io::Result<Self> {
        let issuer = config.issuer.unwrap_or_else(|| format!("http://{address}"));
        let authority = issuer_authority(&issuer)
            .ok_or_else(|| invalid(format!("the issuer {issuer:?} is not an origin")))?;
        let clients = config.clients.into_iter().map(Client::try_from);
        Ok(Self {
            hosts: vec![
                authority,
                address.to_string(),
                format!("localhost:{}", address.port()),
            ],
            issuer,
            policy: Policy::new(config.resources, config.scopes).map_err(invalid)?,
            clients: Mutex::new(Clients::new(clients.collect::<io::Result<_>>()?)),
            consents: Mutex::default(),
            tokens: Mutex::new(Tokens::new(config.token_lifetime)),
        })
    }
}

impl TryFrom<DevClient> for Client {
    type Error = io::Error;

    fn try_from(client: DevClient) -> io::Result<Self> {
        match client {
            DevClient::Machine { id, secret } => Ok(Self {
                grants: vec![GrantType::ClientCredentials],
                ..Self::new(id, Some(secret))
            }),
            DevClient::ResourceServer { id, secret } => Ok(Self {
                introspects: true,
                ..Self::new(id, Some(secret))
            }),
            DevClient::Public { id, redirect_uris } => {
                for uri in &redirect_uris {
                    redirect_uri::check(uri)
                        .map_err(|reason| invalid(format!("{uri:?} {reason}")))?;
                }
                Ok(Self {
                    redirect_uris,
                    grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
                    ..Self::new(id, None)
                })
            }
        }
    }
}

/// Host and port of an issuer that consists of an origin alone.
fn issuer_authority(issuer: &str) -> Option<String> {
    let origin = Url::parse(issuer).ok()?.origin().ascii_serialization();
    let (_, authority) = issuer.split_once("://")?;
    (origin == issuer).then(|| authority.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, reason)
}
