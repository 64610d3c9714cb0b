//! The server itself: start, stop, restart.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use super::{
    authority::{Authority, lock},
    config::DevConfig,
    endpoints,
};
use crate::server_thread::{ServerThread, listen};

/// A small real authorization server for one developer: opaque tokens, everything in memory.
///
/// It supports what MCP clients need: metadata (RFC 8414), dynamic registration (RFC 7591), the
/// code flow with PKCE and a consent page, refresh and client credentials, resource indicators (RFC
/// 8707), introspection (RFC 7662) and revocation (RFC 7009). It asks nobody for a password.
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

impl DevAuthorizationServer {
    /// Starts with this configuration.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for an issuer that is not an origin, missing
    /// or malformed resources, or an unusable redirect URI; otherwise why the port is not
    /// available.
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

    /// The address where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Frees the port and cuts every connection. Clients and tokens are kept.
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
