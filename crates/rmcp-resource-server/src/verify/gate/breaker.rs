//! The circuit breaker: while the authorization server is down, requests that need it are refused
//! at once instead of each waiting for its time limit.
//!
//! Calls of clients can only raise a suspicion. It takes a probe of our own to confirm it (see
//! [`probe`](super::probe)), so tokens that make the server fail do not lock out those that it
//! answers well. One answer, to anybody, closes the circuit.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::known::Standing;

/// How many of the latest calls to judge.
const WINDOW: usize = 10;

/// The minimum number of failures: fewer may be a mishap or two.
const LEAST_FAILURES: usize = 5;

/// How many calls must go unanswered to raise a suspicion, if nothing else was answered meanwhile.
const LATE_CALLS: usize = 2;

/// The failure rate that raises a suspicion, in percent. A server that fails every second call
/// stays far below it, because a failed call is tried twice.
const SUSPICIOUS_PERCENT: usize = 80;

/// A server that has answered within this time is not down. This is longer than the pause between
/// two calls of one busy client.
const RECENT: Duration = Duration::from_secs(1);

/// How often a call may pass through the open circuit, in case it gets an answer where our own
/// probe does not.
const TRIAL_INTERVAL: Duration = Duration::from_secs(1);

/// The same when calls hang, because then a trial makes somebody wait.
const HANGING_TRIAL_INTERVAL: Duration = Duration::from_secs(5);

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Circuit {
    Closed,
    /// Calls go through while a probe finds out whether they should.
    Suspected,
    Open,
}

/// Judges the calls to one endpoint.
pub(super) struct Breaker {
    circuit: watch::Sender<Circuit>,
    record: Mutex<Record>,
    patience: Patience,
}

struct Record {
    /// Whether each of the latest calls failed.
    failures: VecDeque<bool>,
    last_answer: Option<Instant>,
    /// How long the slower of the recent answers took.
    slow_answer: Duration,
    /// How many calls have been late since the last answer.
    late: usize,
    opened_at: Option<Instant>,
    refused: u64,
    /// When the latest call passed through the open circuit, by standing.
    trials: [Option<Instant>; 2],
}

/// How long a call may go unanswered before that is suspicious.
struct Patience {
    least: Duration,
    most: Duration,
}

/// Describes an outage that is over: the circuit was open and has closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recovery {
    pub(super) was_open_for: Duration,
    pub(super) refused: u64,
}

impl Breaker {
    /// `timeout` is the time limit of a call.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            circuit: watch::Sender::new(Circuit::Closed),
            record: Mutex::new(Record {
                failures: VecDeque::with_capacity(WINDOW),
                last_answer: None,
                slow_answer: Duration::ZERO,
                late: 0,
                opened_at: None,
                refused: 0,
                trials: [None; 2],
            }),
            patience: Patience {
                least: timeout / 4,
                most: timeout,
            },
        }
    }

    /// Whether a call may be made now.
    pub(super) fn admits(&self, standing: Standing, now: Instant) -> bool {
        if self.circuit() != Circuit::Open {
            return true;
        }
        let mut record = self.record();
        let may_try = record.may_try(standing, now);
        record.refused += u64::from(!may_try);
        may_try
    }

    /// The server answered a call or a probe after `took`, so it is not down.
    pub(super) fn answered(&self, now: Instant, took: Duration) -> Option<Recovery> {
        let mut record = self.record();
        record.last_answer = Some(now);
        record.slow_answer = took.max(record.slow_answer.mul_f32(0.9));
        record.late = 0;
        if self.circuit() == Circuit::Closed {
            record.note(false);
            return None;
        }
        record.failures.clear();
        let refused = std::mem::take(&mut record.refused);
        let opened_at = record.opened_at.take();
        self.circuit.send_replace(Circuit::Closed);
        Some(Recovery {
            was_open_for: now.duration_since(opened_at?),
            refused,
        })
    }

    /// A call failed in the way that calls fail when the server is down.
    pub(super) fn failed(&self, now: Instant) {
        let mut record = self.record();
        record.note(true);
        if record.looks_down(now) {
            self.suspect();
        }
    }

    /// A call that started at `since` has no answer yet and is late. That is suspicious if no other
    /// call was answered meanwhile.
    pub(super) fn hangs(&self, since: Instant) {
        let mut record = self.record();
        if record.last_answer.is_none_or(|answer| answer < since) {
            record.late += 1;
            if record.late >= LATE_CALLS {
                self.suspect();
            }
        }
    }

    /// Our own probe, started at `since`, failed or is late. Returns whether this opened the
    /// circuit.
    pub(super) fn confirm(&self, since: Instant, now: Instant) -> bool {
        let mut record = self.record();
        let answered = record.last_answer.is_some_and(|answer| answer >= since);
        if answered || self.circuit() != Circuit::Suspected {
            return false;
        }
        record.opened_at = Some(now);
        record.trials = [Some(now); 2];
        self.circuit.send_replace(Circuit::Open);
        true
    }

    /// How long until an unanswered call is late: a multiple of the time that answers take.
    pub(super) fn patience(&self) -> Duration {
        let usual = self.record().slow_answer * 4;
        usual.clamp(self.patience.least, self.patience.most)
    }

    /// How long until an unanswered call gets a companion on a new connection. This is before it is
    /// late, so that there is time for an answer.
    pub(super) fn patience_with_a_connection(&self) -> Duration {
        let usual = self.record().slow_answer * 2;
        usual.clamp(self.patience.least, self.patience.most / 2)
    }

    pub(super) fn circuit(&self) -> Circuit {
        *self.circuit.borrow()
    }

    /// Waits until the circuit is in this state.
    pub(super) async fn reached(&self, state: Circuit) {
        let mut circuit = self.circuit.subscribe();
        // The sender lives in `self`, so the channel is open.
        let _ = circuit.wait_for(|circuit| *circuit == state).await;
    }

    /// Waits until the circuit is suspected or open.
    pub(super) async fn in_doubt(&self) {
        let mut circuit = self.circuit.subscribe();
        let _ = circuit
            .wait_for(|circuit| *circuit != Circuit::Closed)
            .await;
    }

    fn suspect(&self) {
        self.circuit.send_if_modified(|circuit| {
            let suspected = *circuit == Circuit::Closed;
            if suspected {
                *circuit = Circuit::Suspected;
            }
            suspected
        });
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn note(&mut self, failed: bool) {
        if self.failures.len() == WINDOW {
            self.failures.pop_front();
        }
        self.failures.push_back(failed);
    }

    fn looks_down(&self, now: Instant) -> bool {
        let failures = self.failures.iter().filter(|failed| **failed).count();
        let answered = |answer: Instant| now.saturating_duration_since(answer) < RECENT;
        failures >= LEAST_FAILURES
            && failures * 100 >= self.failures.len() * SUSPICIOUS_PERCENT
            && !self.last_answer.is_some_and(answered)
    }

    /// If calls hang, a stranger's call would only wait in vain.
    fn may_try(&mut self, standing: Standing, now: Instant) -> bool {
        let hanging = self.late > 0;
        let latest = match standing {
            Standing::Known => &mut self.trials[0],
            Standing::Stranger if hanging => return false,
            Standing::Stranger => &mut self.trials[1],
        };
        let interval = if hanging {
            HANGING_TRIAL_INTERVAL
        } else {
            TRIAL_INTERVAL
        };
        let due = latest.is_none_or(|latest| now.duration_since(latest) >= interval);
        if due {
            *latest = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(3);

    /// A breaker and the moments counted from its start, in milliseconds.
    fn breaker() -> (Breaker, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let at = move |millis| start + Duration::from_millis(millis);
        (Breaker::new(TIMEOUT), at)
    }

    fn suspected(breaker: &Breaker) -> bool {
        breaker.circuit() == Circuit::Suspected
    }

    #[test]
    fn rs_62_a_suspicion_needs_a_high_rate_and_no_recent_answer() {
        for (case, outcomes, every, expected) in [
            ("mishaps", "xxxx", 100, false),
            ("only failures", "xxxxx", 10, true),
            ("down after a long time up", "..........xxxxxxxx", 200, true),
            ("answered a moment ago", "..........xxxxxxxxx", 100, false),
            (
                "every second one",
                ".x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x",
                2000,
                false,
            ),
            (
                "three of four",
                ".xxx.xxx.xxx.xxx.xxx.xxx.xxx.xxx",
                2000,
                false,
            ),
        ] {
            let (breaker, at) = breaker();
            let mut now = 0;
            for outcome in outcomes.chars() {
                now += every;
                match outcome {
                    'x' => breaker.failed(at(now)),
                    _ => assert_eq!(breaker.answered(at(now), Duration::ZERO), None),
                }
            }
            assert_eq!(suspected(&breaker), expected, "{case}");
        }
    }

    #[test]
    fn rs_62_only_our_own_probe_opens_the_circuit_and_one_answer_closes_it() {
        let (breaker, at) = breaker();
        for _ in 0..100 {
            breaker.failed(at(0));
            assert!(breaker.admits(Standing::Stranger, at(0)));
        }
        assert!(breaker.confirm(at(0), at(10)));
        assert!(!breaker.confirm(at(0), at(20)), "it is open");
        for _ in 0..3 {
            assert!(!breaker.admits(Standing::Stranger, at(20)));
        }
        let recovery = Recovery {
            was_open_for: Duration::from_millis(90),
            refused: 3,
        };
        assert_eq!(
            breaker.answered(at(100), Duration::ZERO),
            Some(recovery),
            "any answer will do"
        );
        assert!(breaker.admits(Standing::Stranger, at(100)));
        breaker.failed(at(5000));
        assert!(!suspected(&breaker), "earlier failures are forgotten");
    }

    #[test]
    fn rs_62_a_probe_that_fails_while_others_are_answered_opens_nothing() {
        let (breaker, at) = breaker();
        for _ in 0..5 {
            breaker.failed(at(0));
        }
        assert!(suspected(&breaker));
        assert_eq!(
            breaker.answered(at(5), Duration::ZERO),
            None,
            "it was not open"
        );
        assert!(!breaker.confirm(at(1), at(10)));
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn calls_that_hang_are_suspicious_unless_others_are_answered() {
        let (breaker, at) = breaker();
        breaker.answered(at(500), Duration::from_millis(20));
        for (since, expected) in [(400, false), (450, false), (600, false), (650, true)] {
            breaker.hangs(at(since));
            assert_eq!(suspected(&breaker), expected, "{since}");
        }
        assert!(breaker.confirm(at(700), at(1450)));
        let later = at(7000);
        assert!(!breaker.admits(Standing::Stranger, later));
        assert!(breaker.admits(Standing::Known, later), "a trial");
        assert!(!breaker.admits(Standing::Known, later), "one only");
    }

    #[test]
    fn patience_follows_how_slow_the_server_is() {
        let (breaker, at) = breaker();
        let millis = Duration::from_millis;
        assert_eq!(breaker.patience(), millis(750));
        breaker.answered(at(0), millis(500));
        assert_eq!(breaker.patience(), millis(2000));
        breaker.answered(at(0), millis(1500));
        assert_eq!(breaker.patience(), TIMEOUT);
        for _ in 0..100 {
            breaker.answered(at(0), millis(5));
        }
        assert_eq!(breaker.patience(), millis(750));
    }
}
