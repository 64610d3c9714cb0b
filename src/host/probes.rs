//! Liveness and readiness, for Kubernetes and load balancers. They tell the state and no reason:
//! everybody can read them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get},
};

use super::verifier::Verifier;

/// Set once the server is about to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(super) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What has to be so for the server to answer requests well.
#[derive(Clone)]
pub(super) struct Readiness {
    verifier: Option<Verifier>,
    draining: Draining,
}

impl Readiness {
    pub(super) fn new(verifier: Option<Verifier>, draining: Draining) -> Self {
        Self { verifier, draining }
    }

    fn is_ready(&self) -> bool {
        let knows_whom_to_ask = self.verifier.as_ref().is_none_or(Verifier::is_ready);
        knows_whom_to_ask && !self.draining.0.load(Ordering::Relaxed)
    }
}

/// Serves `/healthz` and `/readyz`; needs a [`Readiness`] among the application's data.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route(
            "/healthz",
            get().to(|| async { HttpResponse::Ok().body("ok\n") }),
        )
        .route(
            "/readyz",
            get().to(|readiness: Data<Readiness>| async move {
                if readiness.is_ready() {
                    HttpResponse::Ok().body("ready\n")
                } else {
                    HttpResponse::ServiceUnavailable().body("not ready\n")
                }
            }),
        );
}
