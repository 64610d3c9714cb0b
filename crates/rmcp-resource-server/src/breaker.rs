//! The circuit breaker: after repeated failures of the authorization server, requests that need it
//! fail at once for a while instead of each waiting for its time-out.
//!
//! Transport errors and 5xx count; 4xx never do, for a client can cause those.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures in a row that open the circuit: more than a restart or a lost packet or two cause.
const FAILURES_TO_OPEN: u32 = 5;

/// How long the circuit stays open: short, for one probe per interval costs little, and a server
/// that is back is used again soon.
const OPEN_FOR: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Asks whether a call may be made now. When the open time is over, one caller may probe, and
    /// the circuit stays open for the others until the probe has ended.
    ///
    /// # Errors
    ///
    /// How long to wait.
    pub(crate) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state();
        let Some(open_until) = state.open_until else {
            return Ok(());
        };
        let left = open_until.saturating_duration_since(now);
        if left.is_zero() {
            state.open_until = Some(now + OPEN_FOR);
            Ok(())
        } else {
            Err(left)
        }
    }

    /// The server answered: the circuit is closed.
    pub(crate) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// The server failed. Returns whether this opened the circuit, or kept it open.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let open = state.failures >= FAILURES_TO_OPEN;
        if open {
            state.open_until = Some(now + OPEN_FOR);
        }
        open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_probes_with_one_call() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let breaker = Breaker::default();
        for count in 1..=FAILURES_TO_OPEN {
            assert_eq!(breaker.admit(at(0)), Ok(()));
            assert_eq!(breaker.failed(at(0)), count == FAILURES_TO_OPEN);
        }
        assert_eq!(breaker.admit(at(2)), Err(Duration::from_secs(3)));
        assert_eq!(breaker.admit(at(5)), Ok(()), "the probe");
        assert!(breaker.admit(at(5)).is_err(), "only one probe");
        assert!(breaker.failed(at(6)), "the probe failed");
        assert!(breaker.admit(at(10)).is_err());
        assert_eq!(breaker.admit(at(11)), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.admit(at(11)), Ok(()));
        assert_eq!(breaker.admit(at(11)), Ok(()));
    }

    #[test]
    fn a_success_forgets_earlier_failures() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_TO_OPEN {
                assert!(!breaker.failed(Instant::now()));
            }
            breaker.succeeded();
        }
    }
}
