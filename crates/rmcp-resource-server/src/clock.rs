//! Where the time comes from.

use std::time::SystemTime;

/// A source of wall-clock time, injected so that expiry can be tested without waiting.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the global clock"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
