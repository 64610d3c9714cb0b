//! Metrics and probes on a separate address, which clients need not reach.

use std::{io, net::SocketAddr, sync::Arc};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web::Data};
use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};
use rmcp_resource_server::{CryptographicModule, Metrics, TokenVerifier};

use super::{
    probes::{self, Readiness, get_or_head},
    revoke::{self, Administration},
};
use crate::telemetry;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Binds `address` and serves `/metrics`, `/healthz`, `/readyz` and, for administrators,
/// `/admin/revoke` there.
///
/// # Errors
///
/// The address cannot be bound.
pub(in crate::host) fn serve(
    address: SocketAddr,
    metrics: Metrics,
    register_others: impl FnOnce(&mut Registry),
    verifier: Option<Arc<dyn TokenVerifier>>,
    readiness: Readiness,
    administration: Option<Arc<Administration>>,
) -> io::Result<(Server, Vec<SocketAddr>)> {
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let own = registry.sub_registry_with_prefix("oscal_mcp_server");
    register_others(own);
    telemetry::register(own);
    own.register(
        "build",
        "The running version",
        Info::new([
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            (
                "cryptographic_module",
                CryptographicModule::linked().to_string(),
            ),
        ]),
    );
    let registry = Data::new(registry);
    let verifier = Data::new(verifier);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(registry.clone())
            .app_data(verifier.clone())
            .app_data(Data::new(readiness.clone()))
            .configure(probes::configure)
            .configure(|config| revoke::configure(config, administration.as_ref()))
            .route("/metrics", get_or_head().to(scrape))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

async fn scrape(
    registry: Data<Registry>,
    verifier: Data<Option<Arc<dyn TokenVerifier>>>,
) -> HttpResponse {
    if let Some(verifier) = verifier.as_ref() {
        verifier.count_cache_entries().await;
    }
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(OPENMETRICS).body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
