//! The time as one worker thread counts it.

use std::cell::Cell;

/// Whole seconds since the worker began. Exact enough for limits of many seconds, and free: no
/// request asks for the time.
pub(in crate::host) type Seconds = u32;

/// The clock of one worker thread. Its connections read it.
#[derive(Debug, Default)]
pub(super) struct Clock(Cell<Seconds>);

impl Clock {
    pub(super) fn now(&self) -> Seconds {
        self.0.get()
    }

    /// Moves on by one second.
    pub(super) fn tick(&self) {
        self.0.set(self.0.get() + 1);
    }
}
