//! After a 429 (RFC 6585 §4), leaves the server alone for as long as it asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use moka::sync::Cache;

use crate::{
    authorization_server::response::LONGEST_RETRY_AFTER, clock::Clock, verify::cache::Key,
};

/// How long the server does not want to be asked.
pub(crate) struct HoldOff {
    clock: Arc<dyn Clock>,
    until: Until,
}

enum Until {
    /// The limit applies to us: no token is asked about.
    ForAll(Mutex<Option<Instant>>),
    /// The limit applies to the user behind a token.
    ByToken(Cache<Key, Instant>),
}

impl HoldOff {
    /// For an endpoint where this server authenticates itself and is limited as one client.
    pub(crate) fn for_all(clock: Arc<dyn Clock>) -> Self {
        let until = Until::ForAll(Mutex::default());
        Self { clock, until }
    }

    /// For an endpoint that limits each user: a limit on one user must not become an outage for
    /// all. Holds off at most `capacity` tokens.
    pub(crate) fn by_token(clock: Arc<dyn Clock>, capacity: u64) -> Self {
        let until = Cache::builder()
            .max_capacity(capacity)
            .time_to_live(LONGEST_RETRY_AFTER)
            .build();
        let until = Until::ByToken(until);
        Self { clock, until }
    }

    /// How long to wait before the server may be asked about this token, if at all.
    pub(super) fn left(&self, token: &Key) -> Option<Duration> {
        let until = match &self.until {
            Until::ForAll(until) => *until.lock().unwrap_or_else(PoisonError::into_inner),
            Until::ByToken(until) => until.get(token),
        };
        let left = until?.saturating_duration_since(self.clock.monotonic());
        (!left.is_zero()).then_some(left)
    }

    /// The server answered 429 for this token.
    pub(super) fn begin(&self, token: &Key, retry_after: Duration) {
        let new = self.clock.monotonic() + retry_after;
        match &self.until {
            Until::ForAll(until) => {
                let mut until = until.lock().unwrap_or_else(PoisonError::into_inner);
                *until = (*until).max(Some(new));
            }
            Until::ByToken(until) => until.insert(*token, new),
        }
    }
}
