//! All connections of the process: their limits, how many are open, and how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::{clock::Seconds, heartbeat::Heartbeats, metrics::ConnectionMetrics};

/// What clients may use up.
#[derive(Debug, Clone)]
pub(in crate::host) struct Limits {
    /// Connections in all.
    pub(in crate::host) connections: usize,
    /// Bytes of a request head.
    pub(in crate::host) head_bytes: usize,
    /// Time from the first byte of a head to its last one, and from the beginning of a connection
    /// to its first byte.
    pub(in crate::host) head_seconds: Seconds,
    /// Time without the client taking anything of its answer.
    pub(in crate::host) write_seconds: Seconds,
    /// Time for a whole request, from its head to the end of its body.
    pub(in crate::host) body_seconds: Seconds,
    /// Time for reading away what a client sends after it was refused.
    pub(in crate::host) discard_seconds: Seconds,
}

/// All connections of the process. Every worker shares it.
pub(in crate::host) struct Connections {
    limits: Limits,
    open: AtomicUsize,
    ending: watch::Sender<Ending>,
    heartbeats: Heartbeats,
    metrics: ConnectionMetrics,
}

/// How far the end of the server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::host) enum Ending {
    /// It serves.
    NotYet,
    /// Each answer is the last one of its connection.
    Answers,
    /// Connections without a request end.
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

    /// Goes on to this stage of the end.
    pub(in crate::host) fn end(&self, how_far: Ending) {
        self.ending.send_replace(how_far);
    }

    pub(in crate::host) fn is_ending(&self) -> bool {
        *self.ending.borrow() != Ending::NotYet
    }

    /// How many are open.
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

    /// Reports each stage of the end.
    pub(super) fn watch_ending(&self) -> watch::Receiver<Ending> {
        self.ending.subscribe()
    }

    /// Counts a new connection. How many were open before it.
    pub(super) fn opened(&self) -> usize {
        self.metrics.open();
        self.open.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a connection that has ended.
    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.metrics.closed();
    }
}
