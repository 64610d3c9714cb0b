//! Verifies opaque tokens by asking the authorization server (RFC 7662).

mod exchange;

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    sync::{Semaphore, watch},
    task::AbortHandle,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    bearer::BearerToken,
    breaker::Breaker,
    cache::{CacheConfig, CachePartition, TokenCache},
    claims::{Claims, IntrospectionResponse},
    client_auth::ClientAuth,
    clock::{Clock, SystemClock},
    credentials::{ClientCredentials, CredentialsError},
    discovery::{Discovered, discover},
    error::{AuthorizationServerError, TokenError, VerifyError},
    http_client::{HttpClient, HttpClientError},
    metrics::{IntrospectionOutcome, Metrics},
    urls::{EndpointUrl, Issuer},
    verifier::TokenVerifier,
};

/// How to reach the introspection endpoint.
#[derive(Clone)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The authorization server.
    pub issuer: Issuer,
    /// The endpoint. Default: found in the issuer's metadata, which is then asked for until the
    /// server is up.
    pub endpoint: Option<EndpointUrl>,
    /// How this server authenticates itself.
    pub credentials: ClientCredentials,
    /// The time for everything: waiting for a turn, connecting, one retry. Default 3 s.
    pub timeout: Duration,
    /// The most introspections in flight; further ones wait for their turn. Default 64.
    pub max_in_flight: usize,
    /// Certificates to trust in addition to the system's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Accept `http` for a discovered endpoint that is not on a loopback host: for test networks
    /// only. Default false.
    pub allow_insecure_http: bool,
    /// What is remembered for how long.
    pub cache: CacheConfig,
    /// The clock. Default: the system's.
    pub clock: Arc<dyn Clock>,
    /// Where to count. Default: counters that nobody reads.
    pub metrics: Metrics,
}

impl IntrospectionConfig {
    /// The defaults, for the authorization server `issuer`.
    pub fn new(issuer: Issuer, credentials: ClientCredentials) -> Self {
        Self {
            issuer,
            endpoint: None,
            credentials,
            timeout: Duration::from_secs(3),
            max_in_flight: 64,
            ca_file: None,
            allow_insecure_http: false,
            cache: CacheConfig::default(),
            clock: Arc::new(SystemClock),
            metrics: Metrics::default(),
        }
    }
}

/// The verifier cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A credential file cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    HttpClient(#[from] HttpClientError),
}

/// A [`TokenVerifier`] that asks the introspection endpoint and remembers the answer.
///
/// One call for simultaneous first uses of a token, one retry after a broken connection or 502,
/// 503, 504, a cap on calls in flight, and a circuit breaker. Cheap to clone.
#[derive(Clone)]
pub struct IntrospectionVerifier {
    inner: Arc<Inner>,
    _discovery: Arc<AbortOnDrop>,
}

struct Inner {
    config: IntrospectionConfig,
    http: HttpClient,
    cache: TokenCache,
    breaker: Breaker,
    turns: Semaphore,
    target: watch::Sender<TargetState>,
}

/// Whom to ask and as whom, or why that is not known yet.
type TargetState = Result<Arc<Target>, Arc<str>>;

struct Target {
    endpoint: EndpointUrl,
    auth: ClientAuth,
    partition: CachePartition,
}

impl IntrospectionVerifier {
    /// Reads the credentials and, where no endpoint is configured, begins to look for it in the
    /// background. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. A server that is not up is no error: see [`readiness`](Self::readiness).
    pub fn start(config: IntrospectionConfig) -> Result<Self, StartError> {
        let auth = config.credentials.read()?;
        let http = HttpClient::build(&config.issuer, config.ca_file.as_deref(), config.timeout)?;
        let cache = TokenCache::new(
            config.cache.clone(),
            config.clock.clone(),
            config.metrics.clone(),
        );
        let (target, _) = watch::channel(Err("it has not been asked yet".into()));
        let inner = Arc::new(Inner {
            turns: Semaphore::new(config.max_in_flight),
            config,
            http,
            cache,
            breaker: Breaker::default(),
            target,
        });
        let discovery = match inner.config.endpoint.clone() {
            Some(endpoint) => {
                inner.aim(endpoint, auth);
                None
            }
            None => {
                let task = tokio::spawn(look_for_endpoint(Arc::downgrade(&inner), auth));
                Some(task.abort_handle())
            }
        };
        Ok(Self {
            inner,
            _discovery: Arc::new(AbortOnDrop(discovery)),
        })
    }

    /// Finds out whether [`start`](Self::start) would succeed, without starting anything.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn check(config: &IntrospectionConfig) -> Result<(), StartError> {
        config.credentials.read()?;
        HttpClient::build(&config.issuer, config.ca_file.as_deref(), config.timeout)?;
        Ok(())
    }

    /// Whether the endpoint is known, so that tokens can be verified.
    ///
    /// # Errors
    ///
    /// Why it is not known yet.
    pub fn readiness(&self) -> Result<(), Arc<str>> {
        self.inner
            .target
            .borrow()
            .as_ref()
            .map(|_| ())
            .map_err(Clone::clone)
    }

    /// Waits until the endpoint is known.
    pub async fn ready(&self) {
        let mut target = self.inner.target.subscribe();
        // The sender lives in `inner`, which `self` holds.
        let _ = target.wait_for(Result::is_ok).await;
    }

    /// The cache, for its numbers.
    pub fn cache(&self) -> &TokenCache {
        &self.inner.cache
    }
}

#[async_trait]
impl TokenVerifier for IntrospectionVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        let target = self.inner.target()?;
        self.inner
            .cache
            .get_or_verify(&target.partition, token, || {
                let inner = self.inner.clone();
                let token = token.clone();
                async move { inner.introspect(&token).await }
            })
            .await
    }
}

impl Inner {
    fn target(&self) -> Result<Arc<Target>, AuthorizationServerError> {
        self.target.borrow().clone().map_err(|last_failure| {
            AuthorizationServerError::NotDiscovered {
                last_failure: last_failure.to_string(),
            }
        })
    }

    fn aim(&self, endpoint: EndpointUrl, auth: ClientAuth) -> Arc<Target> {
        let target = Arc::new(Target {
            partition: self.cache.partition(
                self.config.issuer.as_str(),
                endpoint.as_str(),
                auth.client_id(),
            ),
            endpoint,
            auth,
        });
        let _previous = self.target.send_replace(Ok(target.clone()));
        target
    }

    /// One introspection, counted and timed.
    async fn introspect(&self, token: &BearerToken) -> Result<Claims, VerifyError> {
        let begun = Instant::now();
        let result = self.introspect_within_limits(token).await;
        let outcome = match &result {
            Ok(_) => IntrospectionOutcome::Active,
            Err(VerifyError::Token(_)) => IntrospectionOutcome::Inactive,
            Err(VerifyError::AuthorizationServer(error)) => IntrospectionOutcome::Failed(error),
        };
        self.config.metrics.introspected(outcome, begun.elapsed());
        result
    }

    async fn introspect_within_limits(&self, token: &BearerToken) -> Result<Claims, VerifyError> {
        let begun = Instant::now();
        let limit = self.config.timeout;
        self.breaker
            .admit(begun)
            .map_err(|retry_after| AuthorizationServerError::CircuitOpen { retry_after })?;
        let _turn = timeout_at(begun + limit, self.turns.acquire())
            .await
            .map_err(|_elapsed| AuthorizationServerError::Overloaded {
                limit: self.config.max_in_flight,
            })?;
        let _counted = self.config.metrics.introspection_in_flight();
        let asked = Instant::now();
        let result = timeout_at(begun + limit, self.ask(token))
            .await
            .unwrap_or_else(|_elapsed| Err(AuthorizationServerError::TimedOut { limit }.into()));
        self.note_health(&result, asked.elapsed());
        match result? {
            IntrospectionResponse::Active(claims) => Ok(*claims),
            IntrospectionResponse::Inactive => Err(TokenError::Inactive.into()),
        }
    }

    /// Asks, and once more where that may help.
    async fn ask(&self, token: &BearerToken) -> Result<IntrospectionResponse, VerifyError> {
        /// Long enough for a connection table or a load balancer to notice a dead backend.
        const PAUSE_BEFORE_RETRY: Duration = Duration::from_millis(100);

        let target = self.target_with_current_credentials()?;
        let first = exchange::exchange(&self.http, &target.endpoint, &target.auth, token).await;
        let again = match &first {
            Err(VerifyError::AuthorizationServer(error)) if error.is_transient() => {
                sleep(PAUSE_BEFORE_RETRY).await;
                target
            }
            Err(VerifyError::AuthorizationServer(
                AuthorizationServerError::CredentialsRefused { .. },
            )) => {
                let renewed = self.target_with_current_credentials()?;
                if renewed.auth == target.auth {
                    return first;
                }
                renewed
            }
            _ => return first,
        };
        exchange::exchange(&self.http, &again.endpoint, &again.auth, token).await
    }

    /// Reads credential files again; a mounted secret may have been replaced. While a file cannot
    /// be read, perhaps in the middle of a replacement, the last good credentials serve.
    fn target_with_current_credentials(&self) -> Result<Arc<Target>, AuthorizationServerError> {
        let target = self.target()?;
        match self.config.credentials.read() {
            Ok(auth) if auth == target.auth => Ok(target),
            Ok(auth) => {
                tracing::info!(
                    client_id = auth.client_id(),
                    "client credentials have changed"
                );
                Ok(self.aim(target.endpoint.clone(), auth))
            }
            Err(error) => {
                tracing::warn!(%error, "client credentials cannot be read; using the last good ones");
                Ok(target)
            }
        }
    }

    /// Tells the circuit breaker. A call that had waited for its turn so long that little time was
    /// left says nothing about the server.
    fn note_health(
        &self,
        result: &Result<IntrospectionResponse, VerifyError>,
        asked_for: Duration,
    ) {
        let open = match result {
            Err(VerifyError::AuthorizationServer(AuthorizationServerError::TimedOut { limit }))
                if asked_for < *limit / 2 =>
            {
                return;
            }
            Err(VerifyError::AuthorizationServer(error)) if error.is_outage() => {
                self.breaker.failed(Instant::now())
            }
            _ => {
                self.breaker.succeeded();
                false
            }
        };
        self.config.metrics.circuit(open);
    }
}

/// Asks for the metadata until it is there. Ends with the verifier.
async fn look_for_endpoint(inner: Weak<Inner>, auth: ClientAuth) {
    const LONGEST_PAUSE: Duration = Duration::from_secs(10);
    let mut pause = Duration::from_millis(500);
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let config = &inner.config;
        match discover(
            &inner.http,
            &config.issuer,
            config.allow_insecure_http,
            config.timeout,
        )
        .await
        {
            Ok(Discovered {
                endpoint,
                auth_methods,
            }) => {
                warn_of_unadvertised(&auth, auth_methods.as_deref());
                let target = inner.aim(endpoint, auth);
                let endpoint = &target.endpoint;
                tracing::info!(issuer = %config.issuer, %endpoint, "authorization server found");
                return;
            }
            Err(error) => {
                tracing::warn!(issuer = %config.issuer, error, "no authorization server metadata");
                let _previous = inner.target.send_replace(Err(error.into()));
            }
        }
        drop(inner);
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn warn_of_unadvertised(auth: &ClientAuth, advertised: Option<&[String]>) {
    if let Some(advertised) = advertised
        && !advertised.iter().any(|method| method == auth.method())
    {
        tracing::warn!(
            configured = auth.method(),
            ?advertised,
            "the authorization server does not advertise the configured client authentication \
             method for introspection; configure one that it does"
        );
    }
}

struct AbortOnDrop(Option<AbortHandle>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
