//! How many requests a principal may send, and how many bad tokens a client.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter, clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use moka::sync::Cache;

use crate::{clock::Clock, observe::client_address::source};

/// The most principals and the most addresses that are counted at a time. Of a further one, the
/// least used is forgotten: it may begin anew.
const CAPACITY: u64 = 100_000;

/// After a minute without requests, everything is allowed again, so there is nothing to remember.
const IDLE: Duration = Duration::from_secs(61);

/// Limits on requests; more are answered 429 with `Retry-After` (RFC 6585 §4). By default there are
/// none.
///
/// All allowed requests of a minute may come at once. After that, one more is allowed each time the
/// fraction of a minute that belongs to it has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestLimits {
    /// Requests of one principal (issuer, subject or user name, and client) in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Bad tokens from one client address in a minute; of IPv6, from one /64 network. While a client
    /// is over it, only tokens that were good before are verified for it. Behind a proxy, tell the
    /// client's address by a [`ClientAddress`](crate::ClientAddress) in the request's extensions:
    /// otherwise all clients share the proxy's.
    pub failures_per_minute: Option<NonZeroU32>,
}

/// Which limit a request exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// Requests of its principal.
    Requests {
        /// How long until the next request is allowed.
        retry_after: Duration,
    },
    /// Bad tokens of its client's address.
    Failures {
        /// How long until the next token is verified.
        retry_after: Duration,
    },
    /// DPoP proofs that can be remembered.
    Proofs {
        /// How long until some can be forgotten.
        retry_after: Duration,
    },
}

impl LimitExceeded {
    /// Every value that [`reason`](Self::reason) returns.
    pub(crate) const REASONS: &[&str] =
        &["too_many_requests", "too_many_failures", "too_many_proofs"];

    /// A short constant name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Requests { .. } => "too_many_requests",
            Self::Failures { .. } => "too_many_failures",
            Self::Proofs { .. } => "too_many_proofs",
        }
    }

    /// When a client should try again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Requests { retry_after }
            | Self::Failures { retry_after }
            | Self::Proofs { retry_after } => *retry_after,
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, retry_after) = match self {
            Self::Requests { retry_after } => ("requests of this principal", retry_after),
            Self::Failures { retry_after } => ("bad tokens from this address", retry_after),
            Self::Proofs { retry_after } => ("DPoP proofs to remember", retry_after),
        };
        write!(
            f,
            "too many {what}; the next is allowed in {retry_after:.1?}"
        )
    }
}

/// Counts requests against [`RequestLimits`].
pub(crate) struct Limiter {
    requests: Option<Buckets>,
    failures: Option<Buckets>,
}

impl Limiter {
    pub(crate) fn new(limits: RequestLimits, clock: &Arc<dyn Clock>) -> Self {
        let buckets = |limit: Option<NonZeroU32>| limit.map(|limit| Buckets::new(limit, clock));
        Self {
            requests: buckets(limits.requests_per_minute),
            failures: buckets(limits.failures_per_minute),
        }
    }

    /// Counts a request of this principal.
    pub(crate) fn request(&self, principal: impl Hash) -> Result<(), LimitExceeded> {
        let Some(buckets) = &self.requests else {
            return Ok(());
        };
        let taken = buckets.of(principal).take();
        taken.map_err(|retry_after| LimitExceeded::Requests { retry_after })
    }

    /// Whether a client at this address may present a token that is not known to be good.
    pub(crate) fn may_try(&self, address: Option<IpAddr>) -> Result<(), LimitExceeded> {
        let Some((buckets, address)) = self.failures.as_ref().zip(address) else {
            return Ok(());
        };
        match buckets.of(source(address)).closed_for() {
            None => Ok(()),
            Some(retry_after) => Err(LimitExceeded::Failures { retry_after }),
        }
    }

    /// Counts a bad token from this address.
    pub(crate) fn failure(&self, address: Option<IpAddr>) -> Result<(), LimitExceeded> {
        let Some((buckets, address)) = self.failures.as_ref().zip(address) else {
            return Ok(());
        };
        let taken = buckets.of(source(address)).take();
        taken.map_err(|retry_after| LimitExceeded::Failures { retry_after })
    }
}

/// A bucket for each principal or address, by a hash that nobody outside can foresee.
struct Buckets {
    quota: Quota,
    clock: GovernorClock,
    hasher: RandomState,
    buckets: Cache<u64, Arc<Bucket>>,
}

impl Buckets {
    fn new(limit: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        Self {
            quota: Quota::per_minute(limit),
            clock: GovernorClock(Arc::clone(clock)),
            hasher: RandomState::new(),
            buckets: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_idle(IDLE)
                .build(),
        }
    }

    fn of(&self, key: impl Hash) -> Arc<Bucket> {
        let new = || {
            Arc::new(Bucket {
                limiter: RateLimiter::direct_with_clock(self.quota, self.clock.clone()),
                closed_until: Mutex::new(None),
            })
        };
        self.buckets.get_with(self.hasher.hash_one(key), new)
    }
}

struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, GovernorClock, NoOpMiddleware<Instant>>,
    /// Since the last one that was too many.
    closed_until: Mutex<Option<Instant>>,
}

impl Bucket {
    /// Takes one, or says how long to wait for it.
    fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|not_until| {
            let now = clock::Clock::now(self.limiter.clock());
            let wait = not_until.wait_time_from(now);
            *(self.closed_until.lock()).unwrap_or_else(PoisonError::into_inner) = Some(now + wait);
            wait
        })
    }

    /// How long until one can be taken, if that is known to take time.
    fn closed_for(&self) -> Option<Duration> {
        let until = *(self.closed_until.lock()).unwrap_or_else(PoisonError::into_inner);
        let now = clock::Clock::now(self.limiter.clock());
        until?
            .checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }
}

/// The authorization server's clock, for governor.
#[derive(Clone)]
struct GovernorClock(Arc<dyn Clock>);

impl clock::Clock for GovernorClock {
    type Instant = Instant;

    fn now(&self) -> Instant {
        self.0.monotonic()
    }
}
