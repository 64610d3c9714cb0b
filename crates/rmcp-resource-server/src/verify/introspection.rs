//! Verifies opaque tokens by asking the authorization server (RFC 7662).

mod answer;
#[cfg(feature = "diagnose")]
pub(crate) mod examine;
pub(crate) mod problem;
mod request;
#[cfg(feature = "jwt")]
pub(crate) mod signed;

use std::fmt;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::answer::AnswerForm;
#[cfg(feature = "jwt")]
use self::signed::{SignedAnswers, SignedIntrospection};
use crate::{
    authorization_server::{
        discovery::{EndpointName, discover},
        http_client::HttpClient,
        server::AuthorizationServer,
    },
    client_auth::{credentials::ClientCredentials, method::ClientAuth, reader::CredentialReader},
    error::{AuthorizationServerError, VerifyError},
    observe::change::Change,
    token::{bearer::BearerToken, claims::Claims},
    urls::EndpointUrl,
    verify::{
        cache::{CacheConfig, CachePartition, TokenCache},
        gate::HoldOff,
        shell::{Question, Running, Shell, is_gone},
        start_error::StartError,
        verifier::TokenVerifier,
    },
};

/// How to reach the introspection endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IntrospectionConfig {
    /// The authorization server.
    pub authorization_server: AuthorizationServer,
    /// The endpoint. Default: found in the issuer's metadata, which is requested until the server
    /// is up.
    pub endpoint: Option<EndpointUrl>,
    /// How this server authenticates itself.
    pub credentials: ClientCredentials,
    /// How many introspections may be in flight. Default: 64. A bounded number of further ones wait
    /// for their turn; beyond that, they are refused at once (503). An eighth of the turns is
    /// reserved for tokens that were active within the last hours, and for connections that carried
    /// one.
    pub max_in_flight: usize,
    /// Demands signed answers (RFC 9701); others are then failures of the authorization server.
    /// Default: answers are JSON, and the connection vouches for them.
    #[cfg(feature = "jwt")]
    pub signed: Option<SignedIntrospection>,
    /// What to remember, and for how long.
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
            #[cfg(feature = "jwt")]
            signed: None,
            cache: CacheConfig::default(),
        }
    }

    /// Reads the credentials, and sets up the HTTP client that goes with them.
    pub(crate) fn open(&self) -> Result<(ClientAuth, HttpClient), StartError> {
        let auth = self.credentials.read()?;
        let http = self
            .authorization_server
            .build_http_client(auth.certificate())?;
        Ok((auth, http))
    }

    /// The form that answers must have. If they are signed, starts looking for the keys; must then be
    /// called inside a Tokio runtime.
    fn form(&self) -> Result<AnswerForm, StartError> {
        #[cfg(feature = "jwt")]
        if let Some(signed) = &self.signed {
            let answers = SignedAnswers::start(signed, &self.authorization_server)?;
            return Ok(AnswerForm::Signed(Box::new(answers)));
        }
        Ok(AnswerForm::Json)
    }

    /// What the form of answers depends on: whoever demands signatures must not use what another
    /// replica believed without one.
    fn form_context(&self) -> Vec<String> {
        #[cfg(feature = "jwt")]
        if let Some(signed) = &self.signed {
            let keys = signed.jwks_url.as_ref().map_or("", EndpointUrl::as_str);
            let form = vec![keys.to_owned(), format!("{:?}", signed.algorithms)];
            return [form, signed.audiences.clone()].concat();
        }
        Vec::new()
    }

    /// What to look for in the metadata.
    pub(crate) fn wanted(&self) -> EndpointName {
        match self.credentials {
            ClientCredentials::TlsClientAuth { .. } => EndpointName::MtlsIntrospectionEndpoint,
            _ => EndpointName::IntrospectionEndpoint,
        }
    }
}

/// A [`TokenVerifier`] that asks the introspection endpoint and remembers the answer.
///
/// Simultaneous first uses of a token make one call. It is retried once on a new connection after a
/// broken connection or a 502, 503 or 504. Calls in flight are capped, with a bounded queue in
/// front; there is a circuit breaker, and a pause after 429. Cheap to clone.
///
/// An endpoint found in the metadata is looked up again every hour, and when it answers 404 or 410
/// or cannot be reached. Credential files are read every second.
#[derive(Clone)]
pub struct IntrospectionVerifier {
    running: Running<Introspection>,
}

/// What to ask, and as whom.
struct Introspection {
    config: IntrospectionConfig,
    account: Arc<Account>,
    reader: Option<CredentialReader>,
    form: AnswerForm,
}

/// The client to ask as, with its current credentials.
struct Account {
    server: AuthorizationServer,
    identity: Mutex<Identity>,
}

#[derive(Clone)]
struct Identity {
    auth: ClientAuth,
    http: HttpClient,
}

/// Whom to ask and as whom.
struct Target {
    endpoint: EndpointUrl,
    identity: Identity,
    partition: CachePartition,
}

impl IntrospectionVerifier {
    /// Reads the credentials. If no endpoint is configured, starts looking for it in the
    /// background. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`]. It is not an error if the server is not up yet: see
    /// [`readiness`](TokenVerifier::readiness).
    pub fn start(config: IntrospectionConfig) -> Result<Self, StartError> {
        let (auth, http) = config.open()?;
        let server = config.authorization_server.clone();
        let account = Arc::new(Account {
            server: server.clone(),
            identity: Mutex::new(Identity {
                auth: auth.clone(),
                http,
            }),
        });
        let renewed = account.clone();
        let renew = move |auth| renewed.renew(auth);
        let hold_off = HoldOff::for_all(server.clock.clone());
        let (cache, max_in_flight) = (config.cache.clone(), config.max_in_flight);
        let question = Introspection {
            account,
            reader: CredentialReader::start(&config.credentials, auth, renew),
            form: config.form()?,
            config,
        };
        let shell = Shell::new(question, &server, &cache, max_in_flight, hold_off);
        let question = &shell.question;
        let identity = question.account.identity().clone();
        let endpoint = question.config.endpoint.clone();
        let aim = |endpoint| question.aim(&shell.cache, endpoint, identity);
        let configured = endpoint.map(aim).transpose()?;
        Ok(Self {
            running: shell.run(configured),
        })
    }

    /// Checks whether [`start`](Self::start) would succeed, without starting anything.
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

    /// Waits until the endpoint is known, and the keys if answers are signed.
    pub async fn ready(&self) {
        self.running.shell.discovery.ready().await;
        self.running.shell.question.form.ready().await;
    }

    /// The endpoint to ask, once it is known.
    pub fn endpoint(&self) -> Option<EndpointUrl> {
        let endpoint = |target: &Arc<Target>| target.endpoint.clone();
        self.running.shell.discovery.part(endpoint).ok()
    }

    /// The cache, for its statistics.
    pub fn cache(&self) -> &TokenCache {
        &self.running.shell.cache
    }
}

#[async_trait]
impl TokenVerifier for IntrospectionVerifier {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        self.running.verify(token).await
    }

    async fn forget(&self, token: &BearerToken) {
        self.running.forget(token).await;
    }

    fn was_good(&self, token: &BearerToken) -> bool {
        self.running.was_good(token)
    }

    fn readiness(&self) -> Result<(), Arc<str>> {
        self.running.shell.discovery.readiness()?;
        self.running.shell.question.form.readiness()
    }

    async fn count_cache_entries(&self) {
        self.cache().count_entries().await;
    }
}

impl Introspection {
    fn aim(
        &self,
        cache: &TokenCache,
        endpoint: EndpointUrl,
        identity: Identity,
    ) -> Result<Target, StartError> {
        identity.auth.can_be_used_at(&endpoint)?;
        let issuer = self.account.server.issuer.as_str();
        let (url, client_id) = (endpoint.as_str(), identity.auth.client_id());
        Ok(Target {
            partition: cache.partition(issuer, url, client_id),
            endpoint,
            identity,
        })
    }
}

impl Question for Introspection {
    type Target = Target;

    async fn look(
        &self,
        shell: &Shell<Self>,
        known: Option<&Target>,
    ) -> Result<Option<Target>, String> {
        let http = self.account.identity().http.on_a_new_connection();
        let found = discover(self.config.wanted(), &http, &self.account.server).await?;
        if known.is_some_and(|known| known.endpoint == found.endpoint) {
            return Ok(None);
        }
        let identity = self.account.identity().clone();
        warn_of_unadvertised(&identity.auth, found.auth_methods.as_deref());
        let target = self.aim(&shell.cache, found.endpoint, identity);
        target.map(Some).map_err(|error| error.to_string())
    }

    fn partition(target: &Target) -> &CachePartition {
        &target.partition
    }

    fn context(&self, target: &Target) -> Vec<String> {
        let issuer = self.account.server.issuer.as_str();
        let (url, client_id) = (target.endpoint.as_str(), target.identity.auth.client_id());
        let context = ["introspection", issuer, url, client_id].map(str::to_owned);
        [context.to_vec(), self.config.form_context()].concat()
    }

    fn is_same(one: &Target, other: &Target) -> bool {
        one.endpoint == other.endpoint && one.identity.auth == other.identity.auth
    }

    fn http<'q>(&'q self, target: &'q Target) -> &'q HttpClient {
        &target.identity.http
    }

    async fn ask(
        &self,
        http: HttpClient,
        target: &Target,
        token: &BearerToken,
    ) -> Result<Claims, VerifyError> {
        let (endpoint, auth) = (&target.endpoint, &target.identity.auth);
        request::send(
            &http,
            endpoint,
            auth,
            &self.form,
            &self.account.server,
            token,
        )
        .await
    }

    /// The target with the credentials as they are now.
    fn current(&self, shell: &Shell<Self>) -> Result<Arc<Target>, AuthorizationServerError> {
        if let Some(reader) = &self.reader {
            reader.look_after();
        }
        let target = shell.discovery.found()?;
        let identity = self.account.identity().clone();
        if identity.auth == target.identity.auth {
            return Ok(target);
        }
        match self.aim(&shell.cache, target.endpoint.clone(), identity) {
            Ok(renewed) => Ok(shell.discovery.settle(renewed)),
            Err(_unusable_there) => Ok(target),
        }
    }

    /// Reads the credentials again if they may be the problem.
    async fn recover(&self, failure: &AuthorizationServerError, target: &Target) -> bool {
        use AuthorizationServerError as E;
        let credentials_may_be_old = match failure {
            E::CredentialsRefused { .. } => true,
            // A replaced certificate is refused before there is an HTTP answer.
            E::Unreachable { .. } => target.identity.auth.certificate().is_some(),
            _ => false,
        };
        match &self.reader {
            Some(reader) if credentials_may_be_old => {
                reader.read_now().await;
                true
            }
            _ => is_gone(failure),
        }
    }
}

impl Account {
    /// Takes over credentials that were read again. A certificate needs its own HTTP client.
    fn renew(&self, auth: ClientAuth) {
        let mut identity = self.identity();
        let client_id = auth.client_id().to_owned();
        if auth.certificate() != identity.auth.certificate() {
            match self.server.build_http_client(auth.certificate()) {
                Ok(http) => identity.http = http,
                Err(error) => {
                    tracing::warn!(%error, "the new client certificate cannot be used");
                    return;
                }
            }
        }
        identity.auth = auth;
        tracing::info!(client_id, "client credentials have changed");
        self.server.tell(Change::CredentialsRotated);
    }

    fn identity(&self) -> MutexGuard<'_, Identity> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
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
             method for introspection; configure one that it advertises"
        );
    }
}

impl fmt::Debug for IntrospectionVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionVerifier")
            .field("config", &self.running.shell.question.config)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "jwt"))]
mod tests {
    use super::*;

    #[test]
    fn answers_are_shared_only_by_those_who_demand_the_same_of_them() {
        let server = AuthorizationServer::new("https://as.example.com".parse().expect("an issuer"));
        let mut config =
            IntrospectionConfig::new(server, ClientCredentials::secret_basic("mcp", "hush"));
        let mut contexts = vec![config.form_context()];
        let mut signed = SignedIntrospection::default();
        for audience in [
            None,
            Some("https://one.example"),
            Some("https://two.example"),
        ] {
            signed.audiences = audience.into_iter().map(str::to_owned).collect();
            config.signed = Some(signed.clone());
            contexts.push(config.form_context());
        }
        signed.algorithms.pop();
        config.signed = Some(signed);
        contexts.push(config.form_context());
        let distinct: std::collections::BTreeSet<_> = contexts.iter().collect();
        assert_eq!(distinct.len(), 5, "{contexts:?}");
    }
}
