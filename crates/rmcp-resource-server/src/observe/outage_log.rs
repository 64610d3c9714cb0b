//! Keeps a long outage of the authorization server from filling the log: explains each cause once
//! in full and then every minute with a count, and gives every request in between a short line.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often to explain a persisting cause again.
const EXPLAIN_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// An outage is over when requests are allowed and none has been refused for this long.
const OVER_AFTER: Duration = Duration::from_secs(5);

/// The refusals of the current outage, if there is one.
#[derive(Default)]
pub(crate) struct OutageLog {
    /// Saves allowed requests from taking the lock.
    under_way: AtomicBool,
    outage: Mutex<Option<Outage>>,
}

struct Outage {
    since: Instant,
    latest: Instant,
    refused: u64,
    causes: HashMap<&'static str, Cause>,
}

struct Cause {
    explained_at: Instant,
    refused_since: u64,
}

/// How to log a refused request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// With the explanation, and the number of short lines since the last one.
    Full {
        refused_since: u64,
    },
    Short,
}

/// An outage that is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) took: Duration,
    pub(crate) refused: u64,
}

impl OutageLog {
    /// A request was refused because of the authorization server.
    pub(crate) fn refused(&self, reason: &'static str, now: Instant) -> Line {
        let mut outage = self.outage();
        self.under_way.store(true, Ordering::Relaxed);
        let outage = outage.get_or_insert_with(|| Outage {
            since: now,
            latest: now,
            refused: 0,
            causes: HashMap::new(),
        });
        outage.latest = now;
        outage.refused += 1;
        if let Some(cause) = outage.causes.get_mut(reason)
            && now.saturating_duration_since(cause.explained_at) < EXPLAIN_AGAIN_AFTER
        {
            cause.refused_since += 1;
            return Line::Short;
        }
        let explained = Cause {
            explained_at: now,
            refused_since: 0,
        };
        let before = outage.causes.insert(reason, explained);
        let refused_since = before.map_or(0, |cause| cause.refused_since);
        Line::Full { refused_since }
    }

    /// A request was allowed, at `now`.
    pub(crate) fn allowed(&self, now: impl FnOnce() -> Instant) -> Option<Over> {
        if !self.under_way.load(Ordering::Relaxed) {
            return None;
        }
        let mut outage = self.outage();
        let quiet_for = now().saturating_duration_since(outage.as_ref()?.latest);
        if quiet_for < OVER_AFTER {
            return None;
        }
        self.under_way.store(false, Ordering::Relaxed);
        let outage = outage.take()?;
        Some(Over {
            took: outage.latest.saturating_duration_since(outage.since),
            refused: outage.refused,
        })
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_explained_once_a_minute_and_the_end_is_told_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let log = OutageLog::default();
        assert_eq!(log.allowed(|| at(0)), None);
        let first = Line::Full { refused_since: 0 };
        assert_eq!(log.refused("unreachable", at(0)), first);
        for second in 1..60 {
            assert_eq!(log.refused("unreachable", at(second)), Line::Short);
            assert_eq!(log.allowed(|| at(second)), None, "from the cache");
        }
        assert_eq!(log.refused("circuit_open", at(59)), first);
        let again = Line::Full { refused_since: 59 };
        assert_eq!(log.refused("unreachable", at(60)), again);
        assert_eq!(log.allowed(|| at(64)), None);
        let over = Over {
            took: Duration::from_secs(60),
            refused: 62,
        };
        assert_eq!(log.allowed(|| at(65)), Some(over));
        assert_eq!(log.allowed(|| at(66)), None);
        assert_eq!(log.refused("unreachable", at(67)), first, "a new outage");
    }
}
