//! The HTTP host: everything around the MCP endpoint.

mod accept;
mod audited;
mod bodies;
mod browser;
mod client_address;
mod connections;
mod endpoint;
mod holding_body;
mod landing;
mod observe;
mod open_files;
mod operations;
mod sessions_off;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use actix_web::{
    App,
    dev::Server,
    middleware::from_fn,
    web::{Data, scope},
};
use rmcp_resource_server::{
    BackChannelLogout, BoundedSessions, Metrics, ResourceServer, SharedSessions, SharedStore,
    SharedStoreError, StartError, VerifierConfig,
};

use crate::{config::HttpConfig, mcp::OscalServer};
use client_address::TrustedProxies;
use connections::{Connections, Limits};
use endpoint::Endpoint;
use landing::Landing;
pub(crate) use operations::logout::logout_url;
use operations::{admin, logout, probes, revoke::Administration, shutdown};
use sessions_off::SessionsOff;

/// The size of a request head without the longest token, in bytes.
const HEAD_BESIDES_TOKEN: usize = 16 * 1024;

/// The HTTP server cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// An MCP server that trusts everybody, combined with authorization, or the reverse.
    #[error(
        "the MCP server and its host disagree on authorization: use OscalServer::authorized with \
         HttpConfig::auth, and OscalServer::local without it"
    )]
    Trust,
    /// The verifier cannot be started.
    #[error(transparent)]
    Verifier(#[from] StartError),
    /// The shared store cannot be used as configured.
    #[error(transparent)]
    SharedStore(#[from] SharedStoreError),
    /// The server ended with an error.
    #[error("the HTTP server failed: {0}")]
    Serve(#[source] io::Error),
}

/// A listening server.
pub struct Host {
    server: Server,
    admin: Option<Server>,
    addresses: Vec<SocketAddr>,
    admin_addresses: Vec<SocketAddr>,
    connections: Arc<Connections>,
    draining: probes::Draining,
    drain: Duration,
}

impl Host {
    /// Binds the addresses and starts serving `mcp`. Must be called inside an actix system.
    ///
    /// # Errors
    ///
    /// [`HostError`].
    pub fn start(mut config: HttpConfig, mcp: OscalServer) -> Result<Self, HostError> {
        if mcp.is_authorized() != config.auth.is_some() {
            return Err(HostError::Trust);
        }
        let draining = probes::Draining::default();
        let listening = |cause| HostError::Listen {
            address: format!("{}:{}", config.host, config.port),
            cause,
        };
        let bare_host = config.host.trim_matches(['[', ']']);
        let listeners = connections::listen(bare_host, config.port).map_err(listening)?;
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses: Vec<_> = addresses.collect::<Result<_, _>>().map_err(listening)?;
        let landing = Landing::new(&config, &addresses);
        let head_bytes = config.max_token_bytes() + HEAD_BESIDES_TOKEN;
        let metrics = config.auth.as_ref().map_or_else(Metrics::default, |auth| {
            auth.resource_server.authorization_server.metrics.clone()
        });
        let audit = mcp.audit().cloned();
        let mut sessions = BoundedSessions::new(config.session_limits, metrics.clone());
        if let Some(log) = audit.clone() {
            sessions = sessions.on_end(Arc::new(move |session| audited::ended(&log, session)));
        }
        // The sessions know the resource server, whose hook knows the sessions.
        let ending = Arc::new(OnceLock::<Weak<BoundedSessions>>::new());
        let mut shared_store = None;
        let mut shared_sessions = None;
        let mut verifier = None;
        let mut resource_server = None;
        let mut logout = None;
        if let Some(mut auth) = config.auth.take() {
            if matches!(auth.verifier, VerifierConfig::Userinfo(_)) {
                tracing::warn!(
                    "tokens are accepted by userinfo: nothing shows that they were issued for this \
                     server, so this does not meet the audience rule of MCP"
                );
            }
            let mut protection = auth.resource_server;
            if let Some(mut wanted) = auth.shared_store.take() {
                wanted.metrics = metrics.clone();
                let store = SharedStore::start(wanted)?;
                auth.verifier.authorization_server_mut().shared_store = Some(store.clone());
                protection.authorization_server.shared_store = Some(store.clone());
                shared_store = Some(store);
            }
            if let Some(log) = audit.clone() {
                let of_changes = log.clone();
                auth.verifier.authorization_server_mut().on_change =
                    Some(Arc::new(move |change| {
                        audited::changed(&of_changes, change);
                    }));
                protection.fingerprints = true;
                protection.on_refusal = Some(Arc::new(move |refused, response| {
                    audited::refused(&log, refused, response.status().as_u16());
                }));
            }
            let (log, ending) = (audit.clone(), ending.clone());
            protection.on_revocation = Some(Arc::new(move |revoking, revocation, by| {
                if let Some(log) = &log {
                    audited::revoked(log, revocation, by);
                }
                if let Some(sessions) = ending.get().and_then(Weak::upgrade) {
                    let revoking = revoking.clone();
                    tokio::spawn(async move { sessions.end_revoked(&revoking).await });
                }
            }));
            let started = auth.verifier.start()?;
            let protecting = ResourceServer::new(protection, started.clone());
            if let Some(wanted) = auth.logout.take() {
                let clients = wanted.clients.join(" ");
                let started = BackChannelLogout::start(wanted, protecting.clone())?;
                let path = logout::path_beside(&config.path);
                tracing::info!(path, clients, "logouts are received");
                logout = Some((path, Arc::new(started)));
            }
            shared_sessions =
                (shared_store.as_ref()).map(|store| SharedSessions::new(store, &protecting));
            resource_server = Some(protecting);
            verifier = Some(started);
        }
        if let Some(shared) = &shared_sessions {
            sessions = sessions.shared(shared.clone());
        }
        let sessions = Arc::new(sessions);
        let _first = ending.set(Arc::downgrade(&sessions));
        let connections = Arc::new(Connections::new(Limits {
            connections: open_files::for_connections(config.max_connections),
            head_bytes,
            head_seconds: 10,
            write_seconds: 20,
            body_seconds: 30,
            discard_seconds: 3,
        }));
        let heartbeats = connections.heartbeats().clone();
        let readiness =
            probes::Readiness::new(verifier.clone(), shared_store, draining.clone(), heartbeats);

        let tool_metrics = mcp.tool_metrics().clone();
        let document_metrics = mcp.document_metrics().clone();
        let endpoint = Endpoint::new(&config, mcp, sessions, shared_sessions);
        let administration = config.admin_token_file.take().zip(resource_server.clone());
        let administration = administration.map(|(token_file, resource_server)| {
            Arc::new(Administration {
                token_file,
                resource_server,
            })
        });
        let ready = readiness.clone();
        let sessions_off = config.stateless.then(|| Data::new(SessionsOff));
        let proxies = Data::new(TrustedProxies::new(config.trusted_proxies.clone()));
        let observed = Data::from(connections.clone());
        let app = move || {
            App::new()
                .app_data(Data::new(ready.clone()))
                .app_data(proxies.clone())
                .app_data(observed.clone())
                .configure(probes::configure)
                .configure(|config| {
                    if let Some(sessions_off) = &sessions_off {
                        config.app_data(sessions_off.clone());
                    }
                    if let Some(resource_server) = &resource_server {
                        resource_server.serve_metadata(config);
                    }
                    // Unknown well-known paths get 404, wherever the endpoint is.
                    config.service(scope("/.well-known"));
                    if let Some((path, logout)) = &logout {
                        logout::configure(config, path, logout);
                    }
                    landing.configure(config);
                    endpoint.configure(config, resource_server.as_ref());
                })
                .wrap(from_fn(observe::observe))
        };
        let server = connections::serve(listeners, &connections, config.drain, app);
        let server = server.map_err(HostError::Serve)?;

        let (admin, admin_addresses) = match config.admin_addr {
            Some(address) => {
                let (server, addresses) = admin::serve(
                    address,
                    metrics,
                    |registry| {
                        tool_metrics.register(registry);
                        connections.metrics().register(registry);
                        document_metrics.register(registry);
                        if let Some(audit) = &audit {
                            audit.register(registry);
                        }
                    },
                    verifier,
                    readiness,
                    administration,
                )
                .map_err(|cause| HostError::Listen {
                    address: address.to_string(),
                    cause,
                })?;
                (Some(server), addresses)
            }
            None => (None, Vec::new()),
        };
        Ok(Self {
            server,
            admin,
            addresses,
            admin_addresses,
            connections,
            draining,
            drain: config.drain,
        })
    }

    /// The addresses that the server listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The addresses that serve metrics and probes, if any.
    pub fn admin_addresses(&self) -> &[SocketAddr] {
        &self.admin_addresses
    }

    /// Serves until SIGTERM or SIGINT. From then on each response closes its connection; two
    /// seconds later the server takes no new connections, and running requests finish within the
    /// time allowed. A second signal ends the server at once.
    ///
    /// # Errors
    ///
    /// [`HostError::Serve`].
    pub async fn run(self) -> Result<(), HostError> {
        let stop = shutdown::on_signal(
            self.server.handle(),
            self.connections,
            self.draining,
            self.drain,
        );
        let admin = self
            .admin
            .map(|admin| (admin.handle(), actix_web::rt::spawn(admin)));
        let result = self.server.await;
        stop.abort();
        if let Some((handle, task)) = admin {
            handle.stop(false).await;
            let _ = task.await;
        }
        result.map_err(HostError::Serve)
    }
}
