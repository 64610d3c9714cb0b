//! Remembers what the authorization server said, for a short while and never past expiry.
//!
//! There are two caches: one for active tokens, and a small one for inactive tokens, so that a
//! flood of random tokens cannot push live ones out. Failures are never kept. Neither contains a
//! token: keys are HMAC-SHA-256 under a random key of this process.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_core::future::BoxFuture;
use moka::{Expiry, future::Cache};
use tracing::Instrument;

use crate::{
    authorization_server::server::AuthorizationServer,
    clock::Clock,
    error::{AuthorizationServerError, TokenError, VerifyError},
    observe::{metrics::Metrics, trace},
    token::{
        bearer::BearerToken,
        claims::Claims,
        keyed_hash::{HashKey, KeyedHash},
    },
};

/// How long and how much a [`TokenCache`] remembers.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// How long an active token may be taken to be still active, and so how long a revocation may
    /// go unnoticed. Default: 30 s. Zero switches the cache off.
    pub ttl: Duration,
    /// The same for a token with unknown expiry. Default: 10 s; never more than `ttl`.
    pub ttl_without_expiry: Duration,
    /// How long an inactive token is taken to be still inactive. Default: 3 s.
    pub negative_ttl: Duration,
    /// How many active tokens to remember, in units of 1 KiB of claims: a token with more claims
    /// counts as several. Default: 100,000.
    pub capacity: u64,
    /// How many inactive tokens to remember. Default: 10,000.
    pub negative_capacity: u64,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(30),
            ttl_without_expiry: Duration::from_secs(10),
            negative_ttl: Duration::from_secs(3),
            capacity: 100_000,
            negative_capacity: 10_000,
        }
    }
}

/// A cache of verified tokens with single flight: when many callers use a new token at once, one of
/// them asks, and the others do not fail if that one goes away.
///
/// For authors of a [`TokenVerifier`](crate::TokenVerifier);
/// [`IntrospectionVerifier`](crate::IntrospectionVerifier) has one.
pub struct TokenCache {
    active: Cache<Key, Entry>,
    inactive: Cache<Key, ()>,
    key: HashKey,
    config: CacheConfig,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// Identifies a token without revealing it.
pub(crate) type Key = KeyedHash;

/// The part of a cache key that says who is asked, and as whom: issuer, endpoint and client id. The
/// same token, asked about elsewhere, is a different entry (GHSA-4mq7-pvjg-xp2r was a key without
/// this part).
#[derive(Clone, Debug)]
pub struct CachePartition(HashKey);

/// What a verification found out.
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    /// How long it may still be used, if it was found out some time ago.
    pub(crate) left: Option<Duration>,
}

impl From<Claims> for Verified {
    fn from(claims: Claims) -> Self {
        Self { claims, left: None }
    }
}

#[derive(Clone)]
struct Entry {
    claims: Arc<Claims>,
    /// For moka, which has its own clock.
    ttl: Duration,
    /// For the check on each hit, by our clock. Setting the wall clock back does not prolong an
    /// entry's life; in addition, the policy compares `exp` with the wall clock on each hit.
    use_until: Instant,
}

struct ByEntry;

impl Expiry<Key, Entry> for ByEntry {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

impl TokenCache {
    /// An empty cache with a fresh random key.
    pub fn new(config: CacheConfig, clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self {
            active: Cache::builder()
                .max_capacity(config.capacity)
                .weigher(|_: &Key, entry: &Entry| {
                    u32::try_from(entry.claims.size().div_ceil(1024)).unwrap_or(u32::MAX)
                })
                .expire_after(ByEntry)
                .build(),
            inactive: Cache::builder()
                .max_capacity(config.negative_capacity)
                .time_to_live(config.negative_ttl)
                .build(),
            key: HashKey::random(),
            config,
            clock,
            metrics,
        }
    }

    /// A cache for the verifier of one authorization server, with its clock and metrics.
    pub(crate) fn of(server: &AuthorizationServer, config: &CacheConfig) -> Self {
        let (clock, metrics) = (server.clock.clone(), server.metrics.clone());
        Self::new(config.clone(), clock, metrics)
    }

    /// Prepares the part of the key that all tokens share.
    pub fn partition(&self, issuer: &str, endpoint: &str, client_id: &str) -> CachePartition {
        CachePartition(self.key.derive(&[issuer, endpoint, client_id]))
    }

    /// The claims of `token`: cached ones, or those that `verify` finds out. `verify` runs in its
    /// own task and must bring its own time limit.
    ///
    /// # Errors
    ///
    /// Those of `verify`. Only [`TokenError::Inactive`] is remembered.
    pub async fn get_or_verify<F>(
        &self,
        partition: &CachePartition,
        token: &BearerToken,
        verify: impl FnOnce() -> F,
    ) -> Result<Arc<Claims>, VerifyError>
    where
        F: Future<Output = Result<Claims, VerifyError>> + Send + 'static,
    {
        let verify = || {
            let verifying = verify();
            async move { verifying.await.map(Verified::from) }
        };
        self.get_or_verify_key(partition.key(token), verify).await
    }

    /// The same, if only the key of the token is at hand.
    pub(crate) async fn get_or_verify_key<F>(
        &self,
        key: Key,
        verify: impl FnOnce() -> F,
    ) -> Result<Arc<Claims>, VerifyError>
    where
        F: Future<Output = Result<Verified, VerifyError>> + Send + 'static,
    {
        if let Some(entry) = self.active.get(&key).await {
            if self.clock.monotonic() < entry.use_until {
                self.metrics.cache_hit();
                trace::note_cache("hit");
                return Ok(entry.claims);
            }
            self.active.invalidate(&key).await;
        }
        if self.inactive.contains_key(&key) {
            self.metrics.cache_negative_hit();
            trace::note_cache("negative_hit");
            return Err(TokenError::Inactive.into());
        }
        self.fly(key, verify).await
    }

    /// Forgets what is known about `token`. A verification that is under way may still add what it
    /// finds; claims say when it began.
    pub async fn forget(&self, partition: &CachePartition, token: &BearerToken) {
        self.active.invalidate(&partition.key(token)).await;
    }

    /// Kept out of the cache-hit path, whose future and stack would otherwise be as large as a
    /// whole HTTP exchange.
    #[cold]
    #[inline(never)]
    fn fly<'f, F>(
        &'f self,
        key: Key,
        verify: impl FnOnce() -> F,
    ) -> BoxFuture<'f, Result<Arc<Claims>, VerifyError>>
    where
        F: Future<Output = Result<Verified, VerifyError>> + Send + 'static,
    {
        // Boxed because moka's future contains it twice: a call that waits for its turn would take
        // 30 KB.
        let verify = Box::pin(verify());
        Box::pin(self.verify_once(key, verify))
    }

    /// The task outlives its caller: if the flight were dropped with the first caller, the next
    /// waiter would start over, and moka gives up after many such losses.
    async fn verify_once<F>(&self, key: Key, verify: F) -> Result<Arc<Claims>, VerifyError>
    where
        F: Future<Output = Result<Verified, VerifyError>> + Send + 'static,
    {
        let active = self.active.clone();
        let inactive = self.inactive.clone();
        let clock = self.clock.clone();
        let config = self.config.clone();
        let metrics = self.metrics.clone();
        let flight = async move {
            let mut led = false;
            let lead = async {
                led = true;
                let asked_at = clock.monotonic();
                match verify.await {
                    Ok(mut verified) => {
                        verified.claims.asked_at.get_or_insert(asked_at);
                        Ok(Entry::new(verified, &*clock, &config))
                    }
                    Err(error) => {
                        if error == VerifyError::Token(TokenError::Inactive)
                            && !config.negative_ttl.is_zero()
                        {
                            inactive.insert(key, ()).await;
                        }
                        Err(error)
                    }
                }
            };
            let result = active.try_get_with(key, lead).await;
            if led {
                metrics.cache_miss();
                trace::note_cache("miss");
            } else {
                metrics.cache_coalesced();
                trace::note_cache("coalesced");
            }
            result
        };
        // In the span of this caller's verification: the span of the request to the authorization
        // server then belongs to the caller that leads.
        match tokio::spawn(flight.in_current_span()).await {
            Ok(Ok(entry)) => Ok(entry.claims),
            Ok(Err(error)) => Err((*error).clone()),
            Err(ended) => {
                tracing::error!(error = %ended, "a token verification ended without an answer");
                Err(AuthorizationServerError::Interrupted.into())
            }
        }
    }

    /// Updates the count of remembered tokens in [`Metrics`]. Call it before each scrape, because
    /// nothing is counted while serving a request.
    pub async fn count_entries(&self) {
        self.active.run_pending_tasks().await;
        self.inactive.run_pending_tasks().await;
        let (active, inactive) = self.entry_counts();
        self.metrics.cache_entries(active, inactive);
    }

    /// The approximate number of active and inactive tokens remembered.
    pub fn entry_counts(&self) -> (u64, u64) {
        (self.active.entry_count(), self.inactive.entry_count())
    }
}

impl CachePartition {
    pub(crate) fn key(&self, token: &BearerToken) -> Key {
        self.0.hash(token.expose().as_bytes())
    }
}

impl Entry {
    fn new(verified: Verified, clock: &dyn Clock, config: &CacheConfig) -> Self {
        let Verified { claims, left } = verified;
        let ttl = match claims.expires_at {
            Some(exp) => exp.duration_since(clock.now()).unwrap_or_default(),
            None => config.ttl_without_expiry,
        };
        let ttl = ttl.min(left.unwrap_or(config.ttl)).min(config.ttl);
        Self {
            claims: Arc::new(claims),
            ttl,
            use_until: clock.monotonic() + ttl,
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs_55_cache_keys_hide_and_separate() {
        let cache = TokenCache::new(
            CacheConfig::default(),
            Arc::new(crate::clock::SystemClock),
            Metrics::default(),
        );
        let token = |text| BearerToken::parse(text, 64).expect("valid");
        let key = |issuer, endpoint, client, text| {
            cache.partition(issuer, endpoint, client).key(&token(text))
        };
        let keys = [
            key("i", "e", "c", "t"),
            key("i", "e", "c", "u"),
            key("i", "e", "d", "t"),
            key("i", "f", "c", "t"),
            key("j", "e", "c", "t"),
            key("ie", "", "c", "t"),
            key("i", "e", "ct", "t"),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(keys[0], key("i", "e", "c", "t"));

        let other_process = TokenCache::new(
            CacheConfig::default(),
            Arc::new(crate::clock::SystemClock),
            Metrics::default(),
        );
        assert_ne!(
            keys[0],
            other_process.partition("i", "e", "c").key(&token("t"))
        );
    }
}
