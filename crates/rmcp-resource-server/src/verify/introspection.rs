//! Verifies opaque tokens by asking the authorization server (RFC 7662).

pub(crate) mod examine;
mod exchange;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use async_trait::async_trait;

use crate::{
    authorization_server::{
        background::Background,
        background_discovery::Search,
        discovery::{Wanted, discover},
        http_client::{HttpClient, error::HttpClientError},
        server::AuthorizationServer,
    },
    client_auth::{
        credentials::ClientCredentials, error::CredentialsError, method::ClientAuth,
        reader::CredentialReader,
    },
    error::{AuthorizationServerError, VerifyError},
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
    verify::{
        cache::{CacheConfig, CachePartition, TokenCache},
        gate::{Caller, Failure, Gate, HoldOff},
        verifier::TokenVerifier,
    },
};

/// How to reach the introspection endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The authorization server.
    pub authorization_server: AuthorizationServer,
    /// The endpoint. Default: found in the issuer's metadata, which is then asked for until the
    /// server is up.
    pub endpoint: Option<EndpointUrl>,
    /// How this server authenticates itself.
    pub credentials: ClientCredentials,
    /// The most introspections in flight. Default 64. A bounded number of further ones waits for
    /// its turn; beyond that they are refused at once (503). An eighth of the turns is kept for
    /// tokens that were active within the last hours, and for connections that carried one.
    pub max_in_flight: usize,
    /// What is remembered for how long.
    pub cache: CacheConfig,
}

impl IntrospectionConfig {
    /// The defaults, for one authorization server.
    pub fn new(authorization_server: AuthorizationServer, credentials: ClientCredentials) -> Self {
        Self {
            authorization_server,
            endpoint: None,
            credentials,
            max_in_flight: 64,
            cache: CacheConfig::default(),
        }
    }

    /// Reads the credentials, and sets up the HTTP client that goes with them.
    pub(crate) fn open(&self) -> Result<(ClientAuth, HttpClient), StartError> {
        let auth = self.credentials.read()?;
        let http = self.authorization_server.http_client(auth.certificate())?;
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
/// One call for simultaneous first uses of a token, one retry on a new connection after a broken
/// connection or 502, 503, 504, a cap on calls in flight with a bounded queue before it, a circuit
/// breaker, and a pause after 429. Cheap to clone.
///
/// An endpoint that was found in the metadata is looked for again each hour, and when it answers
/// 404 or 410 or cannot be reached. Credential files are read each second.
#[derive(Clone)]
pub struct IntrospectionVerifier {
    inner: Arc<Inner>,
    _background: Arc<[Background]>,
}

struct Inner {
    config: IntrospectionConfig,
    cache: TokenCache,
    gate: Gate,
    target: Arc<Search<Target>>,
    /// As whom to ask now.
    identity: Mutex<Identity>,
    reader: Option<CredentialReader>,
}

/// Whom to ask and as whom.
struct Target {
    endpoint: EndpointUrl,
    identity: Identity,
    partition: CachePartition,
}

#[derive(Clone)]
struct Identity {
    auth: ClientAuth,
    http: HttpClient,
}

impl IntrospectionVerifier {
    /// Reads the credentials, and begins to look for the endpoint in the background, where none is
    /// configured. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. A server that is not up is no error: see [`readiness`](Self::readiness).
    pub fn start(config: IntrospectionConfig) -> Result<Self, StartError> {
        let (auth, http) = config.open()?;
        let inner = Arc::new_cyclic(|inner: &Weak<Inner>| {
            let of_reader = inner.clone();
            let renew = move |auth| {
                if let Some(inner) = of_reader.upgrade() {
                    inner.renew(auth);
                }
            };
            let hold_off = HoldOff::for_all(config.authorization_server.clock.clone());
            Inner {
                cache: TokenCache::of(&config.authorization_server, &config.cache),
                gate: Gate::new(&config.authorization_server, config.max_in_flight, hold_off),
                target: Arc::new(Search::new()),
                reader: CredentialReader::start(&config.credentials, auth.clone(), renew),
                identity: Mutex::new(Identity { auth, http }),
                config,
            }
        });
        let endpoint = inner.config.endpoint.clone();
        let aim = |endpoint| inner.aim(endpoint, inner.identity().clone());
        let configured = endpoint.map(aim).transpose()?;
        let look = async |inner: Arc<Inner>, known: Option<Arc<Target>>| {
            inner.look_for_endpoint(known.as_deref()).await
        };
        let search = inner.target.begin(configured, &inner, look);
        let probe = async |inner: Arc<Inner>| inner.probe().await;
        let probing = Gate::begin_probing(&inner, |inner: &Inner| &inner.gate, probe);
        Ok(Self {
            inner,
            _background: [Some(probing), search].into_iter().flatten().collect(),
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

    /// Whether the endpoint is known and there, so that tokens can be verified. An outage of the
    /// authorization server does not count: what is remembered serves on.
    ///
    /// # Errors
    ///
    /// Why it is not known yet, or no longer.
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
                async move {
                    let caller = Caller {
                        token: key,
                        peer: token.peer(),
                    };
                    inner.gate.verify(caller, inner.introspect(&token)).await
                }
            })
            .await
    }

    fn readiness(&self) -> Result<(), Arc<str>> {
        Self::readiness(self)
    }

    async fn count_cache_entries(&self) {
        self.cache().count_entries().await;
    }
}

impl Inner {
    async fn look_for_endpoint(&self, known: Option<&Target>) -> Result<Option<Target>, String> {
        let config = &self.config;
        let http = self.identity().http.on_a_new_connection();
        let found = discover(config.wanted(), &http, &config.authorization_server).await?;
        if known.is_some_and(|known| known.endpoint == found.endpoint) {
            return Ok(None);
        }
        let identity = self.identity().clone();
        warn_of_unadvertised(&identity.auth, found.auth_methods.as_deref());
        let target = self.aim(found.endpoint, identity);
        target.map(Some).map_err(|error| error.to_string())
    }

    fn aim(&self, endpoint: EndpointUrl, identity: Identity) -> Result<Target, StartError> {
        identity.auth.can_be_used_at(&endpoint)?;
        let issuer = self.config.authorization_server.issuer.as_str();
        let (url, client_id) = (endpoint.as_str(), identity.auth.client_id());
        Ok(Target {
            partition: self.cache.partition(issuer, url, client_id),
            endpoint,
            identity,
        })
    }

    /// Asks, and once more where that may help.
    async fn introspect(&self, token: &BearerToken) -> Result<Claims, VerifyError> {
        use AuthorizationServerError as E;
        if let Some(reader) = &self.reader {
            reader.look_after();
        }
        let target = self.current_target()?;
        let answer = self.ask(&target, token).await;
        match &answer {
            Err(VerifyError::AuthorizationServer(E::CredentialsRefused { .. })) => {
                if let Some(reader) = &self.reader {
                    reader.read_now().await;
                }
            }
            Err(VerifyError::AuthorizationServer(E::Status { status: 404 | 410 })) => {
                self.target.is_gone();
                self.target.looked_again().await;
            }
            Err(VerifyError::AuthorizationServer(E::Unreachable { .. })) => {
                self.target.doubt();
                // A certificate that was replaced is refused before there is an HTTP answer.
                match (&self.reader, target.identity.auth.certificate()) {
                    (Some(reader), Some(_)) => reader.read_now().await,
                    _ => return answer,
                }
            }
            Ok(_) | Err(VerifyError::Token(_)) => {
                self.target.found_well();
                return answer;
            }
            Err(_) => return answer,
        }
        let renewed = self.current_target()?;
        if renewed.is_same(&target) {
            return answer;
        }
        self.ask(&renewed, token).await
    }

    async fn ask(&self, target: &Target, token: &BearerToken) -> Result<Claims, VerifyError> {
        let Identity { auth, http } = &target.identity;
        let server = &self.config.authorization_server;
        let exchange = |http: HttpClient| async move {
            exchange::exchange(&http, &target.endpoint, auth, server, token).await
        };
        self.gate.ask(http, exchange).await
    }

    /// A question that depends on no client, on a new connection.
    async fn probe(&self) -> Result<Claims, VerifyError> {
        self.target.doubt();
        let target = self.current_target()?;
        let Identity { auth, http } = &target.identity;
        let (http, server) = (
            http.on_a_new_connection(),
            &self.config.authorization_server,
        );
        let token = BearerToken::random();
        let answer = exchange::exchange(&http, &target.endpoint, auth, server, &token).await;
        if !matches!(&answer, Err(failure) if failure.is_outage()) && self.gate.is_open() {
            http.drop_pool();
        }
        answer
    }

    /// The target with the credentials as they are now.
    fn current_target(&self) -> Result<Arc<Target>, AuthorizationServerError> {
        let target = self.target.found()?;
        let identity = self.identity();
        if identity.auth == target.identity.auth {
            return Ok(target);
        }
        match self.aim(target.endpoint.clone(), identity.clone()) {
            Ok(renewed) => Ok(self.target.settle(renewed)),
            Err(_unusable_there) => Ok(target),
        }
    }

    /// Takes credentials that were read again. A certificate needs an HTTP client of its own.
    fn renew(&self, auth: ClientAuth) {
        let mut identity = self.identity();
        let client_id = auth.client_id().to_owned();
        if auth.certificate() != identity.auth.certificate() {
            match self
                .config
                .authorization_server
                .http_client(auth.certificate())
            {
                Ok(http) => identity.http = http,
                Err(error) => {
                    tracing::warn!(%error, "the new client certificate cannot be used");
                    return;
                }
            }
        }
        identity.auth = auth;
        tracing::info!(client_id, "client credentials have changed");
    }

    fn identity(&self) -> MutexGuard<'_, Identity> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target {
    fn is_same(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.identity.auth == other.identity.auth
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
