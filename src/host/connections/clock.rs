//! The clock of one worker thread.

use std::cell::Cell;

/// Whole seconds since the worker started. Precise enough for limits of many seconds, and free: no
/// request reads the system clock.
pub(in crate::host) type Seconds = u32;

/// The clock of one worker thread, which its connections read.
#[derive(Debug, Default)]
pub(super) struct Clock(Cell<Seconds>);

impl Clock {
    pub(super) fn now(&self) -> Seconds {
        self.0.get()
    }

    /// Advances by one second.
    pub(super) fn tick(&self) {
        self.0.set(self.0.get() + 1);
    }
}
