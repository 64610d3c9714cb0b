//! The authorization server's keys as last fetched, and when to fetch them again.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use reqwest::header::ACCEPT;
use tokio::{sync::Mutex, time::timeout};

use super::{algorithm::SigningAlgorithm, jws::Jws, keys::KeySet};
use crate::{
    clock::Clock,
    connection::Connection,
    error::{AuthorizationServerError, TokenError, VerifyError},
    gate::with_one_retry,
    http_client::HttpClient,
    metrics::Metrics,
    reply::{self, malformed, unreachable},
    strict_json,
    urls::EndpointUrl,
};

/// The age at which keys are fetched anew: how long a withdrawn key still counts.
const REFRESH_AFTER: Duration = Duration::from_secs(10 * 60);

/// The least time between two fetches. Tokens that no key fits, which anyone can make up, cause
/// one a minute.
const LEAST_INTERVAL: Duration = Duration::from_secs(60);

/// How long keys serve that cannot be renewed: an outage of a day must not stop what needs no
/// authorization server, but a key withdrawn meanwhile is not trusted for ever.
const KEEP_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The largest set of keys, in bytes: with certificate chains a key takes several KiB.
const MAX_BYTES: usize = 256 * 1024;

/// The keys of one URL.
pub(super) struct Jwks {
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    fetching: Mutex<()>,
}

struct State {
    keys: Arc<KeySet>,
    fetched_at: Instant,
    /// The latest attempt, if it failed.
    failure: Option<(Instant, AuthorizationServerError)>,
}

impl Jwks {
    /// Fetches the keys for the first time.
    pub(super) async fn fetch(
        http: &HttpClient,
        endpoint: EndpointUrl,
        connection: &Connection,
    ) -> Result<Self, AuthorizationServerError> {
        let fetcher = Fetcher {
            http: http.clone(),
            endpoint,
            timeout: connection.timeout,
            metrics: connection.metrics.clone(),
        };
        let state = State {
            keys: fetcher.fetch().await?,
            fetched_at: connection.clock.monotonic(),
            failure: None,
        };
        Ok(Self {
            fetcher,
            clock: connection.clock.clone(),
            state: RwLock::new(state),
            fetching: Mutex::new(()),
        })
    }

    /// What the keys at hand can be used with.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.keys.algorithms()
    }

    /// Checks a signature by the keys at hand, and if that fails by newer ones.
    ///
    /// # Errors
    ///
    /// [`VerifyError::AuthorizationServer`] where the token's key may be a new one that cannot be
    /// fetched.
    pub(super) async fn verify(&self, jws: &Jws<'_>) -> Result<(), VerifyError> {
        let keys = match self.keys_younger_than(REFRESH_AFTER).await {
            Ok(keys) => keys,
            Err(error) => self.at_hand(KEEP_FOR).ok_or(error)?,
        };
        let Err(unverified) = keys.verify(jws) else {
            return Ok(());
        };
        match self.keys_younger_than(LEAST_INTERVAL).await {
            Ok(newer) if !Arc::ptr_eq(&newer, &keys) => Ok(newer.verify(jws)?),
            Err(error) if matches!(unverified, TokenError::UnknownKey { .. }) => Err(error.into()),
            _ => Err(unverified.into()),
        }
    }

    /// Keys of at most this age, fetched if need be and if that is allowed again; otherwise why
    /// the latest fetch failed.
    async fn keys_younger_than(
        &self,
        age: Duration,
    ) -> Result<Arc<KeySet>, AuthorizationServerError> {
        if let Some(known) = self.known(age) {
            return known;
        }
        let _alone = self.fetching.lock().await;
        match self.known(age) {
            // Another one has fetched them while this one waited.
            Some(known) => known,
            None => self.refresh().await,
        }
    }

    /// Keys of this age, or the failure of an attempt too recent for another; `None` if it is time
    /// to fetch.
    fn known(&self, age: Duration) -> Option<Result<Arc<KeySet>, AuthorizationServerError>> {
        if let Some(keys) = self.at_hand(age) {
            return Some(Ok(keys));
        }
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &state.failure {
            Some((at, error)) if self.is_within(*at, LEAST_INTERVAL) => Some(Err(error.clone())),
            _ => None,
        }
    }

    fn at_hand(&self, age: Duration) -> Option<Arc<KeySet>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        self.is_within(state.fetched_at, age)
            .then(|| state.keys.clone())
    }

    /// Whether `at` is less than `age` ago.
    fn is_within(&self, at: Instant, age: Duration) -> bool {
        self.clock.monotonic().saturating_duration_since(at) < age
    }

    /// Why the latest fetch failed, if it did.
    pub(super) fn failure(&self) -> Option<AuthorizationServerError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.failure.as_ref().map(|(_, error)| error.clone())
    }

    /// Where the keys are fetched.
    pub(super) fn endpoint(&self) -> &EndpointUrl {
        &self.fetcher.endpoint
    }

    async fn refresh(&self) -> Result<Arc<KeySet>, AuthorizationServerError> {
        let fetched = self.fetcher.fetch().await;
        let now = self.clock.monotonic();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match &fetched {
            Ok(keys) => {
                *state = State {
                    keys: keys.clone(),
                    fetched_at: now,
                    failure: None,
                };
            }
            Err(error) => state.failure = Some((now, error.clone())),
        }
        fetched
    }
}

/// Fetches the keys, whenever it is told to.
struct Fetcher {
    http: HttpClient,
    endpoint: EndpointUrl,
    timeout: Duration,
    metrics: Metrics,
}

impl Fetcher {
    async fn fetch(&self) -> Result<Arc<KeySet>, AuthorizationServerError> {
        let limit = self.timeout;
        let asking = with_one_retry(&self.http, |http| self.ask(http));
        let result = timeout(limit, asking)
            .await
            .unwrap_or(Err(AuthorizationServerError::TimedOut { limit }));
        self.metrics.jwks_fetched(result.as_ref().err());
        let endpoint = &self.endpoint;
        match &result {
            Ok(keys) if keys.len() == 0 => {
                tracing::warn!(%endpoint, "the authorization server publishes no usable key");
            }
            Ok(keys) => tracing::debug!(%endpoint, keys = keys.len(), "keys fetched"),
            Err(error) => tracing::warn!(%endpoint, %error, "keys cannot be fetched"),
        }
        result.map(Arc::new)
    }

    async fn ask(&self, http: HttpClient) -> Result<KeySet, AuthorizationServerError> {
        let url = self.endpoint.url();
        let request = http
            .to(url)
            .get(url.clone())
            .header(ACCEPT, "application/jwk-set+json, application/json");
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(reply::failure(status, response.headers()));
        }
        // Whatever its Content-Type: some keys are files on a plain web server.
        let body = reply::body(response, MAX_BYTES).await?;
        let members = strict_json::parse_object(&body).map_err(malformed)?;
        KeySet::new(members).map_err(malformed)
    }
}
