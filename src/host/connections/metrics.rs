//! Metrics of connections.

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// Counters of connections, cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::host) struct ConnectionMetrics {
    open: Gauge,
    evicted: Counter,
    refused: Counter,
    timed_out: Counter,
}

impl ConnectionMetrics {
    pub(in crate::host) fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Open client connections", self.open.clone());
        registry.register(
            "connections_evicted",
            "Idle connections closed to make room for new ones at the connection limit",
            self.evicted.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections refused at the connection limit because none was idle",
            self.refused.clone(),
        );
        registry.register(
            "connections_timed_out",
            "Connections closed because the client did not send its request or read its answer",
            self.timed_out.clone(),
        );
    }

    pub(super) fn open(&self) {
        self.open.inc();
    }

    pub(super) fn closed(&self) {
        self.open.dec();
    }

    pub(super) fn evicted(&self) {
        self.evicted.inc();
    }

    pub(super) fn refused(&self) {
        self.refused.inc();
    }

    pub(super) fn timed_out(&self) {
        self.timed_out.inc();
    }
}
