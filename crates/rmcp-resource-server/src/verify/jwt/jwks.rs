//! The authorization server's keys as last fetched, and when to fetch them again.
//!
//! A token whose key is at hand never waits for the authorization server: old keys are fetched
//! again in the background. A token whose key is not at hand waits for one fetch, if one is
//! allowed; otherwise nobody can say whether it is good.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{allowance::Allowance, fetch::Fetcher, jws::Jws, keys::KeySet, moment::Moment};
use crate::{
    authorization_server::{http_client::HttpClient, server::AuthorizationServer},
    clock::Clock,
    error::{AuthorizationServerError, VerifyError},
    jose::algorithm::SigningAlgorithm,
    urls::EndpointUrl,
};

/// The age at which keys are fetched again, and so how long a withdrawn key still counts.
const REFRESH_AFTER: Duration = Duration::from_secs(10 * 60);

/// The time between two attempts to renew old keys, and between two checks of their age.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);

/// How long a token waits for old keys to be renewed: long enough for a server nearby, too short to
/// notice if it does not answer.
const RENEWAL_PATIENCE: Duration = Duration::from_millis(100);

/// Keys younger than this are not fetched again because of a wrong signature by one of them, which
/// anyone can make up. A key that is replaced under the same name is found after that time.
const REPLACED_AFTER: Duration = Duration::from_secs(10);

/// How long keys that cannot be renewed stay in use. An outage of a day must not stop what needs no
/// authorization server, but a key withdrawn meanwhile must not be trusted for ever.
const KEEP_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys at one URL. Cheap to clone.
#[derive(Clone)]
pub(super) struct Jwks {
    shared: Arc<Shared>,
}

struct Shared {
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held during a fetch, so that there is only one at a time.
    fetching: tokio::sync::Mutex<()>,
}

struct State {
    keys: Arc<KeySet>,
    /// When the fetch that brought them began.
    asked_at: Moment,
    latest: Attempt,
    renewal_begun_at: Moment,
    /// Fetches for tokens whose key is not at hand.
    allowance: Allowance,
}

/// The latest completed fetch.
struct Attempt {
    began_at: Moment,
    ended_at: Moment,
    failure: Option<AuthorizationServerError>,
}

impl Jwks {
    /// Fetches the keys for the first time.
    pub(super) async fn fetch(
        http: &HttpClient,
        endpoint: EndpointUrl,
        server: &AuthorizationServer,
        algorithms: &[SigningAlgorithm],
    ) -> Result<Self, AuthorizationServerError> {
        let fetcher = Fetcher::new(http, endpoint, server, algorithms);
        let clock = server.clock.clone();
        let asked_at = Moment::now(&*clock);
        let state = State {
            keys: fetcher.fetch().await?,
            asked_at,
            latest: Attempt {
                began_at: asked_at,
                ended_at: Moment::now(&*clock),
                failure: None,
            },
            renewal_begun_at: asked_at,
            allowance: Allowance::full(asked_at),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                fetcher,
                clock,
                state: Mutex::new(state),
                fetching: tokio::sync::Mutex::default(),
            }),
        })
    }

    /// Renews old keys in the background, even if no token arrives, until the returned value is
    /// dropped.
    pub(super) fn keep_young(&self) -> Renewal {
        let jwks = self.clone();
        let task = tokio::spawn(async move {
            loop {
                sleep(RENEWAL_PAUSE).await;
                jwks.renew_if_old().await;
            }
        });
        Renewal(task.abort_handle())
    }

    /// Where the keys are fetched from.
    pub(super) fn endpoint(&self) -> &EndpointUrl {
        self.shared.fetcher.endpoint()
    }

    /// Why the latest fetch failed, if it did.
    pub(super) fn failure(&self) -> Option<AuthorizationServerError> {
        self.shared.state().latest.failure.clone()
    }

    /// The algorithms of the keys at hand.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        self.shared.state().keys.algorithms()
    }

    /// Whether the keys at hand can verify tokens.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(super) fn readiness(&self) -> Result<(), Arc<str>> {
        let now = self.shared.now();
        let state = self.shared.state();
        if state.is_usable(now) {
            return Ok(());
        }
        let why = state.latest.failure.as_ref().map(ToString::to_string);
        Err(why
            .unwrap_or_else(|| "the keys are too old".to_owned())
            .into())
    }

    /// Checks a signature with the keys at hand, or with newer ones if the token's key is not among
    /// them.
    ///
    /// # Errors
    ///
    /// [`VerifyError::AuthorizationServer`] if the token's key may be a new one that cannot be
    /// fetched now.
    pub(super) async fn verify(&self, jws: &Jws<'_>) -> Result<(), VerifyError> {
        let begun = self.shared.now();
        self.renew_if_old().await;
        let Some(keys) = self.shared.usable_keys() else {
            let keys = self.shared.keys_asked_for_since(begun).await?;
            return Ok(keys.verify(jws).map_err(|unverified| unverified.error)?);
        };
        let Err(unverified) = keys.verify(jws) else {
            return Ok(());
        };
        let newer = if unverified.key_known {
            self.shared.keys_if_replaced(begun).await
        } else {
            Some(self.shared.keys_asked_for_since(begun).await?)
        };
        match newer {
            Some(newer) => Ok(newer.verify(jws).map_err(|unverified| unverified.error)?),
            None => Err(unverified.error.into()),
        }
    }

    /// Renews old keys in the background. The caller waits only a moment, and then uses the keys at
    /// hand.
    async fn renew_if_old(&self) {
        if !self.shared.state().begin_renewal(self.shared.now()) {
            return;
        }
        let shared = self.shared.clone();
        let renewing = tokio::spawn(async move {
            let _alone = shared.fetching.lock().await;
            // A failure is recorded, and reported to those who need newer keys.
            let _result = shared.refresh().await;
        });
        let _in_time = timeout(RENEWAL_PATIENCE, renewing).await;
    }
}

/// Ends the renewal of keys when it is dropped.
pub(super) struct Renewal(AbortHandle);

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shared {
    fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable_keys(&self) -> Option<Arc<KeySet>> {
        let now = self.now();
        let state = self.state();
        state.is_usable(now).then(|| state.keys.clone())
    }

    /// Keys that were requested at `since` or later, so that a key published by then is among them.
    async fn keys_asked_for_since(
        &self,
        since: Moment,
    ) -> Result<Arc<KeySet>, AuthorizationServerError> {
        let _alone = self.fetching.lock().await;
        {
            let mut state = self.state();
            if let Some(result) = state.answer_to(since) {
                return result;
            }
            state.allowance.take(self.now()).map_err(|retry_after| {
                let failed = state.latest.failure.clone();
                failed.unwrap_or(AuthorizationServerError::KeyNotFetched { retry_after })
            })?;
        }
        self.refresh().await
    }

    /// Newer keys for a token with a wrong signature, unless the keys at hand are young.
    async fn keys_if_replaced(&self, since: Moment) -> Option<Arc<KeySet>> {
        let _alone = self.fetching.lock().await;
        {
            let state = self.state();
            if let Some(result) = state.answer_to(since) {
                return result.ok();
            }
            if self.now().since(state.latest.began_at) < REPLACED_AFTER {
                return None;
            }
        }
        self.refresh().await.ok()
    }

    /// Fetches the keys. An answer without usable keys never replaces good ones.
    async fn refresh(&self) -> Result<Arc<KeySet>, AuthorizationServerError> {
        let began_at = self.now();
        let fetched = self.fetcher.fetch().await;
        let ended_at = self.now();
        let mut state = self.state();
        if let Ok(keys) = &fetched {
            state.keys = keys.clone();
            state.asked_at = began_at;
        }
        state.latest = Attempt {
            began_at,
            ended_at,
            failure: fetched.as_ref().err().cloned(),
        };
        fetched
    }
}

impl State {
    fn is_usable(&self, now: Moment) -> bool {
        now.since(self.asked_at) < KEEP_FOR
    }

    /// What the latest fetch says about a token that came at `since`. The answer to an earlier
    /// request may lack a key published meanwhile, but a failure counts for all who wait.
    fn answer_to(&self, since: Moment) -> Option<Result<Arc<KeySet>, AuthorizationServerError>> {
        match &self.latest.failure {
            Some(failure) => {
                (self.latest.ended_at.is_not_before(since)).then(|| Err(failure.clone()))
            }
            None => (self.latest.began_at.is_not_before(since)).then(|| Ok(self.keys.clone())),
        }
    }

    /// Whether the keys are old and nobody has started to renew them recently; if so, the caller
    /// must.
    fn begin_renewal(&mut self, now: Moment) -> bool {
        let begins = now.since(self.asked_at) >= REFRESH_AFTER
            && now.since(self.renewal_begun_at) >= RENEWAL_PAUSE;
        if begins {
            self.renewal_begun_at = now;
        }
        begins
    }
}
