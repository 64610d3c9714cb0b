//! Verifies opaque tokens by asking the authorization server (RFC 7662).

mod diagnosis;
mod exchange;

use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use self::diagnosis::diagnose;
use crate::{
    bearer::BearerToken,
    cache::{CacheConfig, CachePartition, TokenCache},
    claims::Claims,
    client_auth::ClientAuth,
    connection::Connection,
    credentials::{ClientCredentials, CredentialsError},
    discovery::{Wanted, discover},
    error::{AuthorizationServerError, VerifyError},
    http_client::{HttpClient, HttpClientError},
    limits::{Limits, with_one_retry},
    search::{Search, SearchTask},
    urls::{EndpointUrl, Issuer},
    verifier::TokenVerifier,
};

/// How to reach the introspection endpoint.
#[derive(Clone)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The authorization server.
    pub connection: Connection,
    /// The endpoint. Default: found in the issuer's metadata, which is then asked for until the
    /// server is up.
    pub endpoint: Option<EndpointUrl>,
    /// How this server authenticates itself.
    pub credentials: ClientCredentials,
    /// The most introspections in flight; further ones wait for their turn. Default 64.
    pub max_in_flight: usize,
    /// What is remembered for how long.
    pub cache: CacheConfig,
}

impl IntrospectionConfig {
    /// The defaults, for the authorization server `issuer`.
    pub fn new(issuer: Issuer, credentials: ClientCredentials) -> Self {
        Self {
            connection: Connection::to(issuer),
            endpoint: None,
            credentials,
            max_in_flight: 64,
            cache: CacheConfig::default(),
        }
    }

    /// Reads the credentials, and sets up the HTTP client that goes with them.
    pub(crate) fn open(&self) -> Result<(ClientAuth, HttpClient), StartError> {
        let auth = self.credentials.read()?;
        let http = self.connection.http_client(auth.certificate())?;
        Ok((auth, http))
    }

    /// What to look for in the metadata.
    pub(crate) fn wanted(&self) -> Wanted {
        match self.credentials {
            ClientCredentials::TlsClientAuth { .. } => Wanted::MtlsIntrospectionEndpoint,
            _ => Wanted::IntrospectionEndpoint,
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
    http: HttpClient,
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
        let (auth, http) = config.open()?;
        let cache = TokenCache::of(&config.connection, &config.cache);
        let limits = Limits::new(&config.connection, config.max_in_flight);
        let inner = Arc::new(Inner {
            config,
            http,
            cache,
            limits,
            target: Arc::new(Search::new()),
        });
        let endpoint = inner.config.endpoint.clone();
        let aim = |endpoint| inner.aim(endpoint, auth);
        let configured = endpoint.map(aim).transpose()?;
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
        let (auth, _http) = config.open()?;
        match &config.endpoint {
            Some(endpoint) => Ok(auth.can_be_used_at(endpoint)?),
            None => Ok(()),
        }
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

    /// The endpoint that is asked, once it is known.
    pub fn endpoint(&self) -> Option<EndpointUrl> {
        let endpoint = |target: &Arc<Target>| target.endpoint.clone();
        self.inner.target.part(endpoint).ok()
    }

    /// The cache, for its numbers.
    pub fn cache(&self) -> &TokenCache {
        &self.inner.cache
    }
}

#[async_trait]
impl TokenVerifier for IntrospectionVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        let key = (self.inner.target).part(|target| target.partition.key(token))?;
        self.inner
            .cache
            .get_or_verify_key(key, || {
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
        let found = discover(config.wanted(), &self.http, &config.connection).await?;
        let auth = config
            .credentials
            .read()
            .map_err(|error| error.to_string())?;
        warn_of_unadvertised(&auth, found.auth_methods.as_deref());
        self.aim(found.endpoint, auth)
            .map_err(|error| error.to_string())
    }

    fn aim(&self, endpoint: EndpointUrl, auth: ClientAuth) -> Result<Target, StartError> {
        auth.can_be_used_at(&endpoint)?;
        let http = match auth.certificate() {
            None => self.http.clone(),
            certificate => self.config.connection.http_client(certificate)?,
        };
        let issuer = self.config.connection.issuer.as_str();
        let (url, client_id) = (endpoint.as_str(), auth.client_id());
        Ok(Target {
            partition: self.cache.partition(issuer, url, client_id),
            endpoint,
            auth,
            http,
        })
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
            let (endpoint, auth) = (&target.endpoint, &target.auth);
            exchange::exchange(&target.http, endpoint, auth, &self.config.connection, token)
        })
        .await
    }

    /// Reads credential files again; a mounted secret may have been replaced. While a file cannot
    /// be read, perhaps in the middle of a replacement, the last good credentials serve.
    fn target_with_current_credentials(&self) -> Result<Arc<Target>, AuthorizationServerError> {
        let target = self.target.found()?;
        match self.renewed(&target) {
            Ok(None) => Ok(target),
            Ok(Some(renewed)) => {
                let client_id = renewed.auth.client_id();
                tracing::info!(client_id, "client credentials have changed");
                Ok(self.target.settle(renewed))
            }
            Err(error) => {
                tracing::warn!(%error, "client credentials cannot be read; using the last good ones");
                Ok(target)
            }
        }
    }

    /// The same target with the credentials as they are now, if these are others.
    fn renewed(&self, target: &Target) -> Result<Option<Target>, StartError> {
        let auth = self.config.credentials.read_if_changed(&target.auth)?;
        let aim = |auth| self.aim(target.endpoint.clone(), auth);
        auth.map(aim).transpose()
    }
}

fn warn_of_unadvertised(auth: &ClientAuth, advertised: Option<&[String]>) {
    if let Some(advertised) = advertised
        && !auth.is_among(advertised)
    {
        tracing::warn!(
            configured = auth.method(),
            ?advertised,
            "the authorization server does not advertise the configured client authentication \
             method for introspection; configure one that it does"
        );
    }
}
