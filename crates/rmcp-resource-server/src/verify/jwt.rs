//! Verifies JWT access tokens (RFC 9068) with the public keys of the authorization server.

mod allowance;
mod claims;
pub(crate) mod config;
#[cfg(feature = "diagnose")]
pub(crate) mod examine;
mod fetch;
mod jwks;
mod jws;
mod keys;
mod moment;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::time::timeout;

use self::{
    config::JwtConfig,
    jwks::{Jwks, Renewal},
    jws::Jws,
    keys::KeySet,
};
use crate::{
    authorization_server::{
        background::Background,
        background_discovery::BackgroundDiscovery,
        discovery::{EndpointName, discover},
        http_client::HttpClient,
        strict_json,
    },
    error::{AuthorizationServerError, VerifyError},
    token::{bearer::BearerToken, claims::Claims},
    verify::{
        cache::{CachePartition, TokenCache},
        start_error::StartError,
        verifier::TokenVerifier,
    },
};

/// A [`TokenVerifier`] that checks the signature of a JWT, and remembers the outcome. Cheap to
/// clone.
///
/// The key determines the accepted algorithm; exactly one key must fit the token's `kid` and `alg`.
/// Keys that are ten minutes old are fetched again in the background, so a token whose key is at
/// hand does not wait. A token whose key is not at hand waits for a fetch. One such fetch is
/// allowed every five seconds, or three at once after a quiet time; if none is allowed, the answer
/// is 503 with `Retry-After`. While keys cannot be fetched, or none of them is usable, the last
/// good ones stay in use for 24 hours.
///
/// A JWT cannot be revoked: it is valid until its `exp`.
#[derive(Clone)]
pub struct JwtVerifier {
    inner: Arc<Inner>,
    _search: Arc<Option<Background>>,
}

struct Inner {
    config: JwtConfig,
    http: HttpClient,
    cache: TokenCache,
    source: Arc<BackgroundDiscovery<Source>>,
}

/// The keys at hand, and where they come from.
struct Source {
    jwks: Jwks,
    _renewal: Renewal,
    partition: CachePartition,
}

impl JwtVerifier {
    /// Starts looking for the keys in the background. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. It is not an error if the server is not up yet: see
    /// [`readiness`](TokenVerifier::readiness).
    pub fn start(config: JwtConfig) -> Result<Self, StartError> {
        let http = config.authorization_server.build_http_client(None)?;
        let cache = TokenCache::of(&config.authorization_server, &config.cache);
        let on_change = config.authorization_server.on_change.clone();
        let inner = Arc::new(Inner {
            config,
            http,
            cache,
            source: Arc::new(BackgroundDiscovery::new(on_change)),
        });
        let look = async |inner: Arc<Inner>, known: Option<Arc<Source>>| {
            inner.look_for_keys(known.as_deref()).await
        };
        let search = inner.source.begin(None, &inner, look);
        Ok(Self {
            inner,
            _search: Arc::new(search),
        })
    }

    /// Checks whether [`start`](Self::start) would succeed, without starting anything.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn check(config: &JwtConfig) -> Result<(), StartError> {
        config.authorization_server.build_http_client(None)?;
        Ok(())
    }

    /// The payload of a JWT whose signature is good: any kind of JWT that the configuration accepts.
    pub(crate) async fn payload(&self, text: &str) -> Result<Map<String, Value>, VerifyError> {
        let source = self.inner.source.found()?;
        let (payload, _typed) = self.inner.signed(&source.jwks, text).await?;
        Ok(payload)
    }

    /// Fails if no keys have been found yet.
    pub(crate) fn at_hand(&self) -> Result<(), AuthorizationServerError> {
        self.inner.source.found().map(drop)
    }

    /// Waits until keys are at hand.
    pub async fn ready(&self) {
        self.inner.source.ready().await;
    }

    /// The cache, for its statistics.
    pub fn cache(&self) -> &TokenCache {
        &self.inner.cache
    }
}

#[async_trait]
impl TokenVerifier for JwtVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        let source = self.inner.source.found()?;
        let key = source.partition.key(token);
        self.inner
            .cache
            .get_or_verify_key(key, || {
                let inner = self.inner.clone();
                let token = token.clone();
                async move { inner.verify(&source.jwks, &token).await.map(Into::into) }
            })
            .await
    }

    async fn forget(&self, token: &BearerToken) {
        if let Ok(source) = self.inner.source.found() {
            self.inner.cache.forget(&source.partition, token).await;
        }
    }

    /// A signature is checked here, and keys are fetched at a limited rate.
    fn was_good(&self, _token: &BearerToken) -> bool {
        true
    }

    fn readiness(&self) -> Result<(), Arc<str>> {
        self.inner.source.readiness()?;
        match self.inner.source.found() {
            Ok(source) => source.jwks.readiness(),
            Err(error) => Err(error.to_string().into()),
        }
    }

    async fn count_cache_entries(&self) {
        self.cache().count_entries().await;
    }
}

impl Inner {
    async fn look_for_keys(&self, known: Option<&Source>) -> Result<Option<Source>, String> {
        let config = &self.config;
        let endpoint = match config.jwks_url.clone() {
            Some(configured) => configured,
            None => {
                let http = self.http.on_a_new_connection();
                let found = discover(EndpointName::JwksUri, &http, &config.authorization_server);
                found.await?.endpoint
            }
        };
        if known.is_some_and(|known| *known.jwks.endpoint() == endpoint) {
            return Ok(None);
        }
        let (issuer, url) = (
            config.authorization_server.issuer.as_str(),
            endpoint.as_str(),
        );
        let partition = self.cache.partition(issuer, url, "");
        let (server, algorithms) = (&config.authorization_server, &config.algorithms);
        let jwks = Jwks::fetch(&self.http, endpoint, server, algorithms).await;
        let jwks = jwks.map_err(|error| error.to_string())?;
        Ok(Some(Source {
            _renewal: jwks.keep_young(),
            jwks,
            partition,
        }))
    }

    /// Starts looking for the keys elsewhere if they can no longer be fetched from their URL.
    /// Returns whether it does.
    fn looks_elsewhere_for(&self, jwks: &Jwks) -> bool {
        use AuthorizationServerError as E;
        match jwks.failure() {
            Some(E::Status { status: 404 | 410 }) => self.source.is_gone(),
            Some(E::Unreachable { .. } | E::TimedOut { .. }) => self.source.doubt(),
            Some(_) => return false,
            None => {
                self.source.found_well();
                return false;
            }
        }
        true
    }

    async fn verify(&self, jwks: &Jwks, token: &BearerToken) -> Result<Claims, VerifyError> {
        let (payload, typed) = self.signed(jwks, token.expose()).await?;
        Ok(claims::read(payload, typed)?)
    }

    /// The payload of a JWT whose signature is good, and whether its header says that it is an
    /// access token.
    async fn signed(
        &self,
        jwks: &Jwks,
        text: &str,
    ) -> Result<(Map<String, Value>, bool), VerifyError> {
        let jws = Jws::parse(text, &self.config)?;
        let verified = jwks.verify(&jws).await;
        let looks_elsewhere = self.looks_elsewhere_for(jwks);
        if let Err(failure) = verified {
            if looks_elsewhere {
                let looked = self.source.looked_again();
                let _in_time = timeout(self.config.authorization_server.timeout, looked).await;
            }
            let source = self.source.found()?;
            if source.jwks.endpoint() == jwks.endpoint() {
                return Err(failure);
            }
            source.jwks.verify(&jws).await?;
        }
        Ok((jws.payload()?, jws.typed))
    }
}

/// Whether a token has the form and the claims of an acceptable one, apart from its signature.
pub(crate) fn parse_unverified(token: &str) -> bool {
    let issuer = "https://as.example.com".parse().expect("an issuer");
    let config = JwtConfig::new(issuer);
    let jws = Jws::parse(token, &config);
    jws.and_then(|jws| claims::read(jws.payload()?, jws.typed))
        .is_ok()
}

/// How many keys of a set can check signatures.
pub(crate) fn count_usable_keys(body: &[u8]) -> Option<usize> {
    let members = strict_json::parse_object(body).ok()?;
    Some(KeySet::new(members).ok()?.len())
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
