//! Liveness and readiness, for Kubernetes and load balancers. They report a state but no reason,
//! because anybody can read them. Without its shared store a server is ready, and says that it is
//! without it. It only waits a moment for the revocations in the store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse, Route,
    guard::{Any, Get, Head},
    web::{self, Data, ServiceConfig},
};

use rmcp_resource_server::{SharedStore, TokenVerifier};

use crate::host::connections::Heartbeats;

/// How long a server that starts waits for the revocations in the shared store, before it is ready
/// without them.
const FOR_REVOCATIONS: Duration = Duration::from_secs(2);

/// Set once shutdown begins.
#[derive(Debug, Clone, Default)]
pub(in crate::host) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(in crate::host) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the server needs to answer requests well.
#[derive(Clone)]
pub(in crate::host) struct Readiness {
    verifier: Option<Arc<dyn TokenVerifier>>,
    shared_store: Option<SharedStore>,
    started: Instant,
    draining: Draining,
    heartbeats: Heartbeats,
}

impl Readiness {
    pub(in crate::host) fn new(
        verifier: Option<Arc<dyn TokenVerifier>>,
        shared_store: Option<SharedStore>,
        draining: Draining,
        heartbeats: Heartbeats,
    ) -> Self {
        Self {
            verifier,
            shared_store,
            started: Instant::now(),
            draining,
            heartbeats,
        }
    }

    fn is_ready(&self) -> bool {
        let knows_whom_to_ask =
            (self.verifier.as_ref()).is_none_or(|verifier| verifier.readiness().is_ok());
        let knows_revocations = (self.shared_store.as_ref()).is_none_or(|store| {
            store.has_told_revocations() || self.started.elapsed() >= FOR_REVOCATIONS
        });
        knows_whom_to_ask && knows_revocations && !self.is_draining()
    }

    /// What the answer says if the server is ready.
    fn detail(&self) -> &'static str {
        match &self.shared_store {
            Some(store) if !store.is_up() => "ready, without the shared store\n",
            _ => "ready\n",
        }
    }

    /// Whether all workers run. During shutdown they need not.
    fn is_alive(&self) -> bool {
        self.is_draining() || self.heartbeats.stuck() == 0
    }

    fn is_draining(&self) -> bool {
        self.draining.0.load(Ordering::Relaxed)
    }
}

/// Serves `/healthz` and `/readyz`. Needs a [`Readiness`] in the application data.
pub(in crate::host) fn configure(config: &mut ServiceConfig) {
    config
        .route(
            "/healthz",
            get_or_head().to(|readiness: Data<Readiness>| async move {
                answer(readiness.is_alive(), "ok\n", "a worker is stuck\n")
            }),
        )
        .route(
            "/readyz",
            get_or_head().to(|readiness: Data<Readiness>| async move {
                answer(readiness.is_ready(), readiness.detail(), "not ready\n")
            }),
        );
}

/// Whatever answers GET also answers HEAD (RFC 9110 §9.1).
pub(in crate::host) fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

fn answer(is_well: bool, yes: &'static str, no: &'static str) -> HttpResponse {
    if is_well {
        HttpResponse::Ok().body(yes)
    } else {
        HttpResponse::ServiceUnavailable().body(no)
    }
}
