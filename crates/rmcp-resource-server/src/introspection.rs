//! Verifies opaque tokens by asking the authorization server (RFC 7662).

mod diagnosis;
mod exchange;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;

pub(crate) use self::diagnosis::diagnose;
use crate::{
    bearer::BearerToken,
    cache::{CacheConfig, CachePartition, TokenCache},
    claims::Claims,
    client_auth::ClientAuth,
    clock::{Clock, SystemClock},
    credentials::{ClientCredentials, CredentialsError},
    discovery::{Wanted, discover},
    error::{AuthorizationServerError, VerifyError},
    http_client::{HttpClient, HttpClientError},
    limits::{Limits, with_one_retry},
    metrics::Metrics,
    search::{Search, SearchTask},
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
    _search: Arc<SearchTask>,
}

struct Inner {
    config: IntrospectionConfig,
    http: HttpClient,
    cache: TokenCache,
    limits: Limits,
    target: Arc<Search<Target>>,
}

/// Whom to ask and as whom.
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
        let limits = Limits::new(config.timeout, config.max_in_flight, config.metrics.clone());
        let inner = Arc::new(Inner {
            config,
            http,
            cache,
            limits,
            target: Arc::new(Search::new()),
        });
        let endpoint = inner.config.endpoint.clone();
        let configured = endpoint.map(|endpoint| inner.aim(endpoint, auth));
        let search = async |inner: Arc<Inner>| inner.look_for_endpoint().await;
        let search = inner.target.begin(configured, &inner, search);
        Ok(Self {
            inner,
            _search: Arc::new(search),
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
        self.inner.target.readiness()
    }

    /// Waits until the endpoint is known.
    pub async fn ready(&self) {
        self.inner.target.ready().await;
    }

    /// The cache, for its numbers.
    pub fn cache(&self) -> &TokenCache {
        &self.inner.cache
    }
}

#[async_trait]
impl TokenVerifier for IntrospectionVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        let partition = (self.inner.target).part(|target| target.partition.clone())?;
        self.inner
            .cache
            .get_or_verify(&partition, token, || {
                let inner = self.inner.clone();
                let token = token.clone();
                async move { inner.limits.verify(inner.introspect(&token)).await }
            })
            .await
    }
}

impl Inner {
    async fn look_for_endpoint(&self) -> Result<Target, String> {
        let config = &self.config;
        let found = discover(
            Wanted::IntrospectionEndpoint,
            &self.http,
            &config.issuer,
            config.allow_insecure_http,
            config.timeout,
        )
        .await?;
        let auth = config
            .credentials
            .read()
            .map_err(|error| error.to_string())?;
        warn_of_unadvertised(&auth, found.auth_methods.as_deref());
        Ok(self.aim(found.endpoint, auth))
    }

    fn aim(&self, endpoint: EndpointUrl, auth: ClientAuth) -> Target {
        Target {
            partition: self.cache.partition(
                self.config.issuer.as_str(),
                endpoint.as_str(),
                auth.client_id(),
            ),
            endpoint,
            auth,
        }
    }

    /// Asks, and once more where that may help.
    async fn introspect(&self, token: &BearerToken) -> Result<Claims, VerifyError> {
        let target = self.target_with_current_credentials()?;
        match self.ask(&target, token).await {
            Err(VerifyError::AuthorizationServer(
                refused @ AuthorizationServerError::CredentialsRefused { .. },
            )) => {
                let renewed = self.target_with_current_credentials()?;
                if renewed.auth == target.auth {
                    return Err(refused.into());
                }
                self.ask(&renewed, token).await
            }
            answered => answered,
        }
    }

    async fn ask(&self, target: &Target, token: &BearerToken) -> Result<Claims, VerifyError> {
        with_one_retry(VerifyError::is_transient, || {
            exchange::exchange(&self.http, &target.endpoint, &target.auth, token)
        })
        .await
    }

    /// Reads credential files again; a mounted secret may have been replaced. While a file cannot
    /// be read, perhaps in the middle of a replacement, the last good credentials serve.
    fn target_with_current_credentials(&self) -> Result<Arc<Target>, AuthorizationServerError> {
        let target = self.target.found()?;
        match self.config.credentials.read() {
            Ok(auth) if auth == target.auth => Ok(target),
            Ok(auth) => {
                tracing::info!(
                    client_id = auth.client_id(),
                    "client credentials have changed"
                );
                Ok(self.target.settle(self.aim(target.endpoint.clone(), auth)))
            }
            Err(error) => {
                tracing::warn!(%error, "client credentials cannot be read; using the last good ones");
                Ok(target)
            }
        }
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
