//! The HTTP host: what lies around the MCP endpoint.

mod admin;
mod browser;
mod client_address;
mod observe;
mod probes;
mod sessions_off;
mod shutdown;
mod verifier;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};
use rmcp_actix_web::transport::StreamableHttpService;
use rmcp_resource_server::{
    BoundedSessions, Metrics, ResourceServer, StartError, forward_access_token,
};

use crate::{config::HttpConfig, mcp::OscalServer};
use browser::Origins;
use client_address::TrustedProxies;
use sessions_off::SessionsOff;
use verifier::Verifier;

/// The HTTP server cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing can listen there.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// An MCP server that trusts everybody, with authorization, or the other way round.
    #[error(
        "the MCP server and its host do not agree on authorization: OscalServer::authorized goes \
         with HttpConfig::auth, OscalServer::local without"
    )]
    Trust,
    /// The verifier cannot be started.
    #[error(transparent)]
    Verifier(#[from] StartError),
    /// The server ended with an error.
    #[error("the HTTP server failed: {0}")]
    Serve(#[source] io::Error),
}

/// A server that listens, and how to talk about it.
pub struct Host {
    server: Server,
    admin: Option<Server>,
    addresses: Vec<SocketAddr>,
    admin_addresses: Vec<SocketAddr>,
    draining: probes::Draining,
}

impl Host {
    /// Binds the addresses and begins to serve `mcp`. Must be called inside an actix system.
    ///
    /// # Errors
    ///
    /// [`HostError`].
    pub fn start(mut config: HttpConfig, mcp: OscalServer) -> Result<Self, HostError> {
        if mcp.is_authorized() != config.auth.is_some() {
            return Err(HostError::Trust);
        }
        let draining = probes::Draining::default();
        let mut metrics = Metrics::default();
        let mut verifier = None;
        let mut resource_server = None;
        if let Some(auth) = config.auth.take() {
            metrics = auth.resource_server.metrics.clone();
            let started = Verifier::start(auth.verifier)?;
            resource_server = Some(started.protecting(auth.resource_server));
            verifier = Some(started);
        }
        let readiness = probes::Readiness::new(verifier.clone(), draining.clone());

        let origins = Origins::new(config.allowed_origins.clone());
        let tool_metrics = mcp.tool_metrics().clone();
        let service = mcp_service(&config, mcp, &metrics);
        let (path, ready) = (config.path.clone(), readiness.clone());
        let sessions_off = config.stateless.then(|| Data::new(SessionsOff));
        let proxies = Data::new(TrustedProxies::new(config.trusted_proxies.clone()));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(ready.clone()))
                .app_data(proxies.clone())
                .configure(probes::configure)
                .configure(|config| {
                    if let Some(sessions_off) = &sessions_off {
                        config.app_data(sessions_off.clone());
                    }
                    if let Some(resource_server) = &resource_server {
                        resource_server.serve_metadata(config);
                    }
                    let service = service.clone();
                    endpoint(config, &path, service, resource_server.as_ref(), &origins);
                })
                .wrap(from_fn(observe::observe))
        })
        // Each event of a stream would wait some 40 ms for the client's acknowledgement.
        .tcp_nodelay(true)
        // Longer than the idle time of usual proxies, so that it is they who close.
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(config.drain.as_secs())
        .disable_signals();
        let bare_host = config.host.trim_matches(['[', ']']);
        let server = server
            .bind((bare_host, config.port))
            .map_err(|cause| HostError::Listen {
                address: format!("{}:{}", config.host, config.port),
                cause,
            })?;
        let addresses = server.addrs();

        let (admin, admin_addresses) = match config.admin_addr {
            Some(address) => {
                let (server, addresses) =
                    admin::serve(address, metrics, &tool_metrics, verifier, readiness)?;
                (Some(server), addresses)
            }
            None => (None, Vec::new()),
        };
        Ok(Self {
            server: server.run(),
            admin,
            addresses,
            admin_addresses,
            draining,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where metrics and probes are served, if they are.
    pub fn admin_addresses(&self) -> &[SocketAddr] {
        &self.admin_addresses
    }

    /// Serves until SIGTERM or SIGINT, then takes no new connection and lets running requests end
    /// within the time allowed. A second signal ends at once.
    ///
    /// # Errors
    ///
    /// [`HostError::Serve`].
    pub async fn run(self) -> Result<(), HostError> {
        let stop = shutdown::on_signal(self.server.handle(), self.draining);
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

type McpService = StreamableHttpService<OscalServer, BoundedSessions>;

fn mcp_service(config: &HttpConfig, mcp: OscalServer, metrics: &Metrics) -> McpService {
    let sessions = BoundedSessions::new(config.session_limits, metrics.clone());
    StreamableHttpService::builder()
        .service_factory(Arc::new(move || Ok(mcp.clone())))
        .session_manager(Arc::new(sessions))
        .stateful_mode(!config.stateless)
        .json_response(true)
        .allowed_hosts(config.allowed_hosts.clone())
        .on_request_fn(forward_access_token)
        .build()
}

/// The MCP endpoint with what protects it, from the inside to the outside: authorization, the check
/// of browser origins, CORS.
fn endpoint(
    config: &mut ServiceConfig,
    path: &str,
    service: McpService,
    resource_server: Option<&ResourceServer>,
    origins: &Origins,
) {
    let mcp = |config: &mut ServiceConfig| {
        match resource_server {
            Some(resource_server) => {
                config.service(service.scope().wrap(resource_server.protect()))
            }
            None => config.service(service.scope()),
        };
    };
    config.service(
        web::scope(path)
            .configure(mcp)
            .wrap(from_fn(browser::refuse_foreign_origin))
            .wrap(origins.cors())
            .app_data(Data::new(origins.clone())),
    );
}
