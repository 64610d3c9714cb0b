//! What passes between those who record and the thread that writes.

use std::sync::atomic::{AtomicBool, AtomicU64};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};

use super::event::Event;

/// What recorders and the writer tell each other.
#[derive(Default)]
pub(super) struct State {
    /// Whether the log cannot be written.
    pub(super) is_failing: AtomicBool,
    /// Records that found no room, until a record counts them.
    pub(super) lost: AtomicU64,
    /// Whether to open the file anew, since it was renamed.
    pub(super) is_renamed: AtomicBool,
    pub(super) failing: Gauge,
    pub(super) lost_ever: Counter,
}

pub(super) enum Message {
    Record(Box<Event>),
    /// One of many that differ in little but their time.
    Repeated(Box<Event>),
    /// Something else is to be done: see [`State`].
    Wake,
    End,
}
