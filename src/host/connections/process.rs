//! All connections of the process: their limits, their number, and how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::{clock::Seconds, heartbeat::Heartbeats, metrics::ConnectionMetrics};

/// Limits on what clients may use.
#[derive(Debug, Clone)]
pub(in crate::host) struct Limits {
    /// Connections in all.
    pub(in crate::host) connections: usize,
    /// Bytes in a request head.
    pub(in crate::host) head_bytes: usize,
    /// Time from the first byte of a head to its last, and from the start of a connection to its
    /// first byte.
    pub(in crate::host) head_seconds: Seconds,
    /// Time during which the client reads nothing of its answer.
    pub(in crate::host) write_seconds: Seconds,
    /// Time for a whole request, from its head to the end of its body.
    pub(in crate::host) body_seconds: Seconds,
    /// Time for discarding what a client sends after a refusal.
    pub(in crate::host) discard_seconds: Seconds,
}

/// All connections of the process, shared by every worker.
pub(in crate::host) struct Connections {
    limits: Limits,
    open: AtomicUsize,
    ending: watch::Sender<Ending>,
    heartbeats: Heartbeats,
    metrics: ConnectionMetrics,
}

/// How far the shutdown has progressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Ending {
    /// The server serves normally.
    NotYet,
    /// Each answer is the last on its connection.
    Answers,
    /// Idle connections are closed.
    Idle,
}

impl Connections {
    pub(in crate::host) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: AtomicUsize::new(0),
            ending: watch::Sender::new(Ending::NotYet),
            heartbeats: Heartbeats::default(),
            metrics: ConnectionMetrics::default(),
        }
    }

    /// Moves on to this stage of the shutdown.
    pub(in crate::host) fn end(&self, how_far: Ending) {
        self.ending.send_replace(how_far);
    }

    pub(in crate::host) fn is_ending(&self) -> bool {
        *self.ending.borrow() != Ending::NotYet
    }

    /// The number of open connections.
    pub(in crate::host) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(in crate::host) fn heartbeats(&self) -> &Heartbeats {
        &self.heartbeats
    }

    pub(in crate::host) fn metrics(&self) -> &ConnectionMetrics {
        &self.metrics
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Reports each stage of the shutdown.
    pub(super) fn watch_ending(&self) -> watch::Receiver<Ending> {
        self.ending.subscribe()
    }

    /// Counts a new connection. Returns how many were open before it.
    pub(super) fn opened(&self) -> usize {
        self.metrics.open();
        self.open.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a closed connection.
    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.metrics.closed();
    }
}
