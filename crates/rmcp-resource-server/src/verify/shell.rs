//! What verifiers that ask an endpoint about each token have in common: the cache, the gate in
//! front of the endpoint, and the background search for the endpoint. A verifier adds its
//! [`Question`].

use std::sync::Arc;

use crate::{
    authorization_server::{
        background::Background, background_discovery::BackgroundDiscovery, http_client::HttpClient,
        server::AuthorizationServer,
    },
    error::{AuthorizationServerError, VerifyError},
    token::{bearer::BearerToken, claims::Claims},
    verify::{
        cache::{CacheConfig, CachePartition, TokenCache},
        elsewhere::Elsewhere,
        gate::{Caller, Failure, Gate, HoldOff},
    },
};

/// What is specific to a verifier.
pub(crate) trait Question: Send + Sync + Sized + 'static {
    /// Where to ask, and as whom.
    type Target: Send + Sync + 'static;

    /// Looks for the target. `None` if it is still the known one.
    fn look(
        &self,
        shell: &Shell<Self>,
        known: Option<&Self::Target>,
    ) -> impl Future<Output = Result<Option<Self::Target>, String>> + Send;

    /// The part of the cache key that names the target.
    fn partition(target: &Self::Target) -> &CachePartition;

    /// Everything that an answer depends on besides the token: whom is asked, as whom, and what the
    /// answer must be like. Replicas that agree in this can use each other's answers.
    fn context(&self, target: &Self::Target) -> Vec<String>;

    /// Whether asking one target amounts to asking the other.
    fn is_same(one: &Self::Target, other: &Self::Target) -> bool;

    /// The client for requests to the target.
    fn http<'q>(&'q self, target: &'q Self::Target) -> &'q HttpClient;

    /// One request about `token`.
    fn ask(
        &self,
        http: HttpClient,
        target: &Self::Target,
        token: &BearerToken,
    ) -> impl Future<Output = Result<Claims, VerifyError>> + Send;

    /// The target to ask now. Default: as it was found.
    fn current(&self, shell: &Shell<Self>) -> Result<Arc<Self::Target>, AuthorizationServerError> {
        shell.discovery.found()
    }

    /// Tries to remove the cause of a failure that may be our own. Returns whether asking again may
    /// help. Default: only if the target has moved.
    fn recover(
        &self,
        failure: &AuthorizationServerError,
        _target: &Self::Target,
    ) -> impl Future<Output = bool> + Send {
        let has_moved = is_gone(failure);
        async move { has_moved }
    }
}

/// A running verifier.
pub(crate) struct Shell<Q: Question> {
    pub(crate) question: Q,
    pub(crate) cache: TokenCache,
    pub(crate) discovery: Arc<BackgroundDiscovery<Q::Target>>,
    gate: Gate,
    elsewhere: Elsewhere,
}

/// A [`Shell`] and its background tasks. Clones share them.
pub(crate) struct Running<Q: Question> {
    pub(crate) shell: Arc<Shell<Q>>,
    _background: Arc<[Background]>,
}

impl<Q: Question> Shell<Q> {
    pub(crate) fn new(
        question: Q,
        server: &AuthorizationServer,
        cache: &CacheConfig,
        max_in_flight: usize,
        hold_off: HoldOff,
    ) -> Self {
        Self {
            question,
            cache: TokenCache::of(server, cache),
            discovery: Arc::new(BackgroundDiscovery::new(server.on_change.clone())),
            gate: Gate::new(server, max_in_flight, hold_off),
            elsewhere: Elsewhere::new(server, cache),
        }
    }

    /// Takes the `configured` target for good, or starts looking for one. Must be called inside a
    /// Tokio runtime.
    pub(crate) fn run(self, configured: Option<Q::Target>) -> Running<Q> {
        let shell = Arc::new(self);
        let look = async |shell: Arc<Self>, known: Option<Arc<Q::Target>>| {
            shell.question.look(&shell, known.as_deref()).await
        };
        let looking = shell.discovery.begin(configured, &shell, look);
        let probe = async |shell: Arc<Self>| shell.probe().await;
        let probing = Gate::begin_probing(&shell, |shell: &Self| &shell.gate, probe);
        Running {
            shell,
            _background: [Some(probing), looking].into_iter().flatten().collect(),
        }
    }

    /// Asks, and asks once more if that may help.
    async fn ask_until_settled(&self, token: &BearerToken) -> Result<Claims, VerifyError> {
        let target = self.question.current(self)?;
        let answer = self.ask(&target, token).await;
        let failure = match &answer {
            Ok(_) | Err(VerifyError::Token(_)) => {
                self.discovery.found_well();
                return answer;
            }
            Err(VerifyError::AuthorizationServer(failure)) => failure,
        };
        if is_gone(failure) {
            self.discovery.is_gone();
            self.discovery.looked_again().await;
        } else if matches!(failure, AuthorizationServerError::Unreachable { .. }) {
            self.discovery.doubt();
        }
        if !self.question.recover(failure, &target).await {
            return answer;
        }
        let renewed = self.question.current(self)?;
        if Q::is_same(&renewed, &target) {
            return answer;
        }
        self.ask(&renewed, token).await
    }

    /// What an answer depends on now, if anybody can be asked.
    fn context(&self) -> Option<Vec<String>> {
        let target = self.discovery.found().ok()?;
        Some(self.question.context(&target))
    }

    async fn ask(&self, target: &Q::Target, token: &BearerToken) -> Result<Claims, VerifyError> {
        let ask = |http| self.question.ask(http, target, token);
        self.gate.ask(self.question.http(target), ask).await
    }

    /// A question that depends on no client, asked on a new connection.
    async fn probe(&self) -> Result<Claims, VerifyError> {
        self.discovery.doubt();
        let target = self.question.current(self)?;
        let http = self.question.http(&target);
        let token = BearerToken::random();
        let ask = self
            .question
            .ask(http.on_a_new_connection(), &target, &token);
        let answer = ask.await;
        if !matches!(&answer, Err(failure) if failure.is_outage()) && self.gate.is_open() {
            http.drop_pool();
        }
        answer
    }
}

impl<Q: Question> Running<Q> {
    /// The claims of `token`, from the cache or from the endpoint.
    pub(crate) async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        let discovery = &self.shell.discovery;
        let key = discovery.part(|target| Q::partition(target).key(token))?;
        let ask = || {
            let (shell, token) = (self.shell.clone(), token.clone());
            async move {
                let caller = Caller {
                    token: key,
                    peer: token.peer(),
                };
                let context = || shell.context();
                let elsewhere = shell.elsewhere.look(&shell.gate, &caller, context, &token);
                let asked_before = match elsewhere.await {
                    Ok(found) => return Ok(found),
                    Err(not_found) => not_found,
                };
                let asking = shell.ask_until_settled(&token);
                let claims = shell.gate.verify(caller, asking).await?;
                shell.elsewhere.tell(asked_before, &claims, context);
                Ok(claims.into())
            }
        };
        self.shell.cache.get_or_verify_key(key, ask).await
    }

    /// Forgets what is known about the token.
    pub(crate) async fn forget(&self, token: &BearerToken) {
        if let Ok(target) = self.shell.discovery.found() {
            let partition = Q::partition(&target);
            self.shell.cache.forget(partition, token).await;
            let context = self.shell.question.context(&target);
            (self.shell.elsewhere).doubt(partition.key(token), &context, token);
        }
    }

    /// Whether the token was good when it was last presented.
    pub(crate) fn was_good(&self, token: &BearerToken) -> bool {
        let discovery = &self.shell.discovery;
        let key = discovery.part(|target| Q::partition(target).key(token));
        key.is_ok_and(|key| self.shell.gate.was_good(&key))
    }
}

impl<Q: Question> Clone for Running<Q> {
    fn clone(&self) -> Self {
        Self {
            shell: self.shell.clone(),
            _background: self._background.clone(),
        }
    }
}

/// Whether the failure means that nothing is (any more) where we asked.
pub(crate) fn is_gone(failure: &AuthorizationServerError) -> bool {
    matches!(
        failure,
        AuthorizationServerError::Status { status: 404 | 410 }
    )
}
