//! Where the time comes from.

use std::time::{Instant, SystemTime};

/// A source of time, injected so that expiry can be tested without waiting.
pub trait Clock: Send + Sync + 'static {
    /// The current time of the wall clock, to compare with the times in a token.
    fn now(&self) -> SystemTime;

    /// The current time of a clock that never goes back, to measure the age of cached entries.
    /// Default: the operating system's.
    ///
    /// A test clock that stands still or jumps overrides this too, and advances both together.
    fn monotonic(&self) -> Instant {
        Instant::now()
    }
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
