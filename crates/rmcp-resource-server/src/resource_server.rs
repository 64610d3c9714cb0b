//! Combines the parts: a verifier, the policy, the answers.

#[cfg(feature = "redis")]
use std::sync::OnceLock;
use std::{
    fmt,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{Method, Response};
use tracing::Instrument;

use crate::{
    answer::{
        challenge::without_offline_access,
        metadata::{self, Metadata},
        refusal::{Answers, Refusal},
    },
    authorization_server::server::AuthorizationServer,
    dpop::{checker::Checker, mode::Dpop},
    error::{TokenError, VerifyError},
    limits::{Limiter, RequestLimits},
    mtls::header::ClientCertificateHeader,
    observe::{
        metrics::Metrics,
        outage_log::OutageLog,
        request_id::RequestId,
        trace::{self, TraceId},
    },
    policy::{Audience, Policy},
    revocation::{
        Revocation, RevokedBy,
        marks::{Marks, Verdict},
    },
    session::seal::SessionKey,
    token::{
        access_token::{AccessToken, Terms, shown},
        bearer::{BearerToken, DEFAULT_MAX_TOKEN_BYTES},
        presented::Presented,
        scope::{ScopeHierarchy, Scopes},
    },
    urls::ResourceUrl,
    verify::verifier::TokenVerifier,
};
#[cfg(feature = "redis")]
use crate::{shared_store::revocations::SharedRevocations, token::claims::Claims};

/// What a resource server requires of tokens, and what it publishes about itself.
///
/// ```
/// use rmcp_resource_server::{ResourceServerConfig, ScopeHierarchy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = ResourceServerConfig::new(
///     "https://notes.example.com/mcp".parse()?,
///     "https://as.example.com".parse()?,
/// );
/// config.required_scopes = "notes:read".parse()?;
/// config.optional_scopes = "notes:write".parse()?;
/// config.scope_hierarchy = ScopeHierarchy::new([("notes:write", &"notes:read".parse()?)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ResourceServerConfig {
    /// The public URL of the protected resource.
    pub resource: ResourceUrl,
    /// The authorization server whose tokens are accepted, the same as the verifier's. This server
    /// shares its clock and metrics.
    pub authorization_server: AuthorizationServer,
    /// At least one of them must be in a token's `aud`. URLs are compared after lower-casing scheme
    /// and host, dropping a default port and treating an empty path as `/` (RFC 3986 §6.2.2.1,
    /// §6.2.3); everything else must match exactly. Default: the resource's URL.
    pub audiences: Vec<String>,
    /// If not empty, only tokens of these clients are accepted, even if they have no `aud` at all.
    /// For authorization servers that issue no `aud`.
    pub allowed_client_ids: Vec<String>,
    /// Accept tokens even though nobody can tell for whom they were issued: those that a
    /// [`UserinfoVerifier`](crate::UserinfoVerifier) verified. A token that a user gave to any
    /// other application of the same authorization server is then accepted here too. This does not
    /// meet the audience rule of the MCP authorization specification. Default: false.
    pub accept_unbound_tokens: bool,
    /// Scopes that every request needs. Default: none.
    pub required_scopes: Scopes,
    /// Scopes that the metadata names in addition to the required ones.
    pub optional_scopes: Scopes,
    /// Which broader scopes imply which narrower ones. Default: none.
    pub scope_hierarchy: ScopeHierarchy,
    /// A human-readable name, for the metadata.
    pub resource_name: Option<String>,
    /// The longest token accepted, in bytes; a longer one gets 431 (RFC 6585 §5). Default: 16 KiB.
    /// The HTTP server must accept a header of that length.
    pub max_token_bytes: usize,
    /// Seals session ids, so that a session serves only the principal that opened it: issuer,
    /// subject (or user name) and client. If a token names neither subject nor user, the token
    /// itself stands in for them; otherwise all users of one client would share sessions. Such a
    /// client opens a new session with each new token. Default: a random key. Replicas that serve
    /// the same sessions must share one.
    pub session_key: SessionKey,
    /// How often to verify the token of an open event stream again, through the cache. A revocation
    /// ends the stream within this time plus the cache's. Default: 5 s.
    pub stream_recheck: Duration,
    /// Whether every [`AccessToken`] has a [`fingerprint`](AccessToken::fingerprint), for an audit log.
    /// It costs a hash for each request. Default: false.
    pub fingerprints: bool,
    /// Limits on the requests of a principal and the bad tokens of a client. Default: none.
    pub limits: RequestLimits,
    /// Called with each revocation. Must not block. Default: none.
    pub on_revocation: Option<RevocationHook>,
    /// Whether tokens may, or must, be bound to a key of their client (DPoP, RFC 9449). The proofs of
    /// requests must then be made for the URL of [`resource`](Self::resource), whatever their path
    /// here, so each [`ResourceServer`] protects one resource. A proof is good for a minute, and once
    /// for each `ResourceServer`: replicas do not tell each other, and nothing is remembered after a
    /// restart. Default: off.
    pub dpop: Dpop,
    /// Whether proofs must have a nonce of this server, which a client gets in the header
    /// `DPoP-Nonce` (RFC 9449 §9). It keeps somebody who can use a client's key for a moment from
    /// making proofs for later. The nonces come from the [`session_key`](Self::session_key).
    /// Default: false.
    pub dpop_nonces: bool,
    /// The header with the certificate of the client, and who may set it. With it, tokens that are
    /// bound to a certificate are accepted from whoever shows that certificate (mutual TLS, RFC 8705
    /// §3), and never without; other tokens as before. Requests lose the header before they get to a
    /// handler. Default: none, and tokens that are bound to a certificate are refused.
    pub client_certificate_header: Option<ClientCertificateHeader>,
    /// Called with each refusal and the response to it; may change the response, for instance its
    /// body. Default: none.
    pub on_refusal: Option<RefusalHook>,
}

/// The type of [`ResourceServerConfig::on_refusal`].
pub type RefusalHook = Arc<dyn Fn(&RefusedRequest<'_>, &mut Response<Bytes>) + Send + Sync>;

/// The type of [`ResourceServerConfig::on_revocation`].
pub type RevocationHook = Arc<dyn Fn(&ResourceServer, &Revocation, RevokedBy) + Send + Sync>;

/// A request that is refused, for [`RefusalHook`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RefusedRequest<'r> {
    /// Why.
    pub refusal: &'r Refusal,
    /// The id that is also in the body of the response.
    pub request_id: &'r RequestId,
    /// The trace that the request belongs to, if that is known.
    pub trace_id: Option<TraceId>,
    /// The client's address, as far as it is known.
    pub client: Option<IpAddr>,
    /// The method.
    pub method: &'r Method,
    /// The path.
    pub path: &'r str,
    /// The token, if it is good: for example when somebody else's session or a missing scope is the
    /// reason.
    pub token: Option<&'r AccessToken>,
}

impl ResourceServerConfig {
    /// The defaults, for `resource` and the authorization server that protects it.
    pub fn new(resource: ResourceUrl, authorization_server: AuthorizationServer) -> Self {
        Self {
            audiences: vec![resource.as_str().to_owned()],
            resource,
            authorization_server,
            allowed_client_ids: Vec::new(),
            accept_unbound_tokens: false,
            required_scopes: Scopes::none(),
            optional_scopes: Scopes::none(),
            scope_hierarchy: ScopeHierarchy::default(),
            resource_name: None,
            max_token_bytes: DEFAULT_MAX_TOKEN_BYTES,
            session_key: SessionKey::random(),
            stream_recheck: Duration::from_secs(5),
            fingerprints: false,
            limits: RequestLimits::default(),
            on_revocation: None,
            dpop: Dpop::Off,
            dpop_nonces: false,
            client_certificate_header: None,
            on_refusal: None,
        }
    }

    /// The policy that this configuration describes.
    pub(crate) fn policy(&self) -> Policy {
        let boxed = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        Policy {
            terms: Terms::new(
                self.authorization_server.issuer.as_str(),
                self.scope_hierarchy.clone(),
            ),
            audiences: self
                .audiences
                .iter()
                .map(|aud| Audience::new(aud))
                .collect(),
            allowed_client_ids: boxed(&self.allowed_client_ids),
            accept_unbound_tokens: self.accept_unbound_tokens,
            required_scopes: self.required_scopes.clone(),
            dpop: self.dpop,
            knows_certificates: self.client_certificate_header.is_some(),
        }
    }

    fn checker(&self) -> Option<Checker> {
        let nonce_key = self.dpop_nonces.then(|| self.session_key.nonce_key());
        Checker::new(self.dpop, &self.resource, nonce_key)
    }
}

/// An OAuth 2.1 resource server: decides which requests reach an MCP service, and tells the others
/// why not. Cheap to clone.
///
/// It knows no web framework: [`decide`](Self::decide) and [`admit`](Self::admit) take the head of
/// an `http` request, [`refuse`](Self::refuse) and [`metadata`](Self::metadata) return `http`
/// responses. The adapters for actix-web and tower add nothing of their own.
#[derive(Clone)]
pub struct ResourceServer {
    inner: Arc<Inner>,
}

struct Inner {
    verifier: Arc<dyn TokenVerifier>,
    policy: Policy,
    answers: Answers,
    metadata: Metadata,
    outages: OutageLog,
    limiter: Limiter,
    marks: Marks,
    dpop: Option<Checker>,
    #[cfg(feature = "redis")]
    replicas: OnceLock<SharedRevocations>,
    config: ResourceServerConfig,
}

impl ResourceServer {
    /// Accepts the tokens that `verifier` finds genuine and that satisfy `config`. With a
    /// [shared store](AuthorizationServer), must be called inside a Tokio runtime, and begins to
    /// listen to the revocations of other replicas.
    pub fn new(config: ResourceServerConfig, verifier: impl TokenVerifier) -> Self {
        let advertised = config.required_scopes.union(&config.optional_scopes);
        let this = Self {
            inner: Arc::new(Inner {
                verifier: Arc::new(verifier),
                policy: config.policy(),
                answers: Answers::new(
                    metadata::url(&config.resource),
                    &config.required_scopes,
                    advertised.union(&config.scope_hierarchy.scopes()),
                    config.dpop,
                ),
                metadata: Metadata::new(
                    &config.resource,
                    &config.authorization_server.issuer,
                    &without_offline_access(&advertised),
                    config.resource_name.as_deref(),
                    config.dpop,
                    config.client_certificate_header.is_some(),
                ),
                outages: OutageLog::default(),
                limiter: Limiter::new(config.limits, &config.authorization_server.clock),
                marks: Marks::new(),
                dpop: config.checker(),
                #[cfg(feature = "redis")]
                replicas: OnceLock::new(),
                config,
            }),
        };
        #[cfg(feature = "redis")]
        this.listen_to_replicas();
        this
    }

    #[cfg(feature = "redis")]
    fn listen_to_replicas(&self) {
        let server = &self.inner.config.authorization_server;
        let Some(store) = &server.shared_store else {
            return;
        };
        let started = server.clock.now();
        // The store must not keep alive what listens to it.
        let inner = Arc::downgrade(&self.inner);
        let replicas = SharedRevocations::start(store, move |notice| {
            let Some(inner) = inner.upgrade() else { return };
            let this = Self { inner };
            if notice.time < started {
                // Its hook was called where it was made. Calling ours for the revocations of a week
                // at each start would bury what is new.
                let (made, time) = (this.monotonic(), notice.time);
                this.inner.marks.add(&notice.revocation, made, time);
            } else {
                this.carry_out(&notice.revocation, RevokedBy::Replica, notice.time);
            }
        });
        let _first = self.inner.replicas.set(replicas);
    }

    /// Verifies a token and judges it by the policy. For transports other than HTTP. They know no
    /// proofs, so a token that is bound to a key or a certificate is refused.
    ///
    /// ```
    /// use rmcp_resource_server::{AccessToken, BearerToken, ResourceServer, VerifyError};
    ///
    /// async fn authorize(
    ///     resource_server: &ResourceServer,
    ///     authorization: &str,
    /// ) -> Result<AccessToken, VerifyError> {
    ///     let values = [authorization.as_bytes()];
    ///     let bearer = BearerToken::from_authorization(values.into_iter(), 8 * 1024)?;
    ///     resource_server.authorize(&bearer).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`VerifyError`]: the token is bad, or there was no way to find out.
    pub async fn authorize(&self, bearer: &BearerToken) -> Result<AccessToken, VerifyError> {
        let presented = Presented::default();
        self.authorize_presented(bearer, presented).await
    }

    /// The same for a token that may have come with a proof or a certificate.
    pub(crate) async fn authorize_presented(
        &self,
        bearer: &BearerToken,
        presented: Presented<'_>,
    ) -> Result<AccessToken, VerifyError> {
        let span = trace::verification();
        let judging = self.verified(bearer, presented);
        let judged = judging.instrument(span.clone()).await;
        if !span.is_none() {
            let failure = judged.as_ref().err();
            span.record(
                "token.outcome",
                failure.map_or("accepted", VerifyError::reason),
            );
            // A bad token is no fault of ours.
            if failure.is_some_and(VerifyError::is_fault) {
                span.record("otel.status_code", "ERROR");
            }
        }
        judged
    }

    async fn verified(
        &self,
        bearer: &BearerToken,
        presented: Presented<'_>,
    ) -> Result<AccessToken, VerifyError> {
        let fingerprint = || self.session_key().fingerprint(bearer);
        // A verification that began before a revocation may end after it; the next one does not.
        for _attempt in 0..3 {
            let claims = self.inner.verifier.verify(bearer).await?;
            match (self.inner.marks).judge(&claims, || Some(shown(&fingerprint()))) {
                Verdict::Clear => {
                    let token = self.inner.policy.judge(claims, presented, self.now())?;
                    return Ok(token.with_fingerprint(self.inner.config.fingerprints, fingerprint));
                }
                Verdict::Stale => self.inner.verifier.forget(bearer).await,
                Verdict::Revoked => break,
            }
        }
        Err(TokenError::Revoked.into())
    }

    /// Refuses from now on what was issued or verified before, and ends its streams. A token that an
    /// authorization server can be asked about is accepted again if it was issued after this, or in
    /// the same second and is still active; a token of a revoked session only if it was issued after
    /// this. Another process learns of it only through a [shared store](AuthorizationServer).
    ///
    /// Sessions need [`BoundedSessions::end_revoked`](crate::BoundedSessions::end_revoked), which
    /// [`on_revocation`](ResourceServerConfig::on_revocation) may call.
    pub fn revoke(&self, revocation: &Revocation, by: RevokedBy) {
        self.revoke_before(revocation, by, self.now());
    }

    /// The same, if it happened at another time.
    pub(crate) fn revoke_before(&self, revocation: &Revocation, by: RevokedBy, time: SystemTime) {
        self.carry_out(revocation, by, time);
        #[cfg(feature = "redis")]
        if let Some(replicas) = self.inner.replicas.get() {
            replicas.tell(revocation, time);
        }
    }

    fn carry_out(&self, revocation: &Revocation, by: RevokedBy, time: SystemTime) {
        self.inner.marks.add(revocation, self.monotonic(), time);
        tracing::info!(kind = revocation.kind(), ?by, "tokens revoked");
        if let Some(on_revocation) = &self.inner.config.on_revocation {
            on_revocation(self, revocation, by);
        }
    }

    pub(crate) fn marks(&self) -> &Marks {
        &self.inner.marks
    }

    /// Whether a revocation has come since `token` was accepted. One of a single token is found only
    /// if `token` has a [`fingerprint`](AccessToken::fingerprint).
    pub fn is_revoked(&self, token: &AccessToken) -> bool {
        self.inner
            .marks
            .judge(token.claims(), || token.fingerprint())
            != Verdict::Clear
    }

    /// The same for the claims of a token that is gone.
    #[cfg(feature = "redis")]
    pub(crate) fn is_concerned(&self, claims: &Claims, fingerprint: Option<String>) -> bool {
        self.inner.marks.judge(claims, || fingerprint) != Verdict::Clear
    }

    /// The same for a token that is at hand.
    pub(crate) fn is_presented_revoked(&self, token: &AccessToken, bearer: &BearerToken) -> bool {
        let fingerprint = || Some(shown(&self.session_key().fingerprint(bearer)));
        self.inner.marks.judge(token.claims(), fingerprint) != Verdict::Clear
    }

    /// The response to a request for the protected resource metadata (RFC 9728). It is at the
    /// well-known path with the resource's path inserted, and at the root one (§3.1). `None` for
    /// any other path.
    pub fn metadata(&self, method: &Method, path: &str) -> Option<Response<Bytes>> {
        let metadata = &self.inner.metadata;
        metadata.is_at(path).then(|| metadata.answer(method))
    }

    /// Whether the protected resource metadata is at this path.
    pub(crate) fn has_metadata_at(&self, path: &str) -> bool {
        self.inner.metadata.is_at(path)
    }

    pub(crate) fn refusal_hook(&self) -> Option<&RefusalHook> {
        self.inner.config.on_refusal.as_ref()
    }

    /// The error if a request's handler found scopes missing; it names all that the request needs.
    pub(crate) fn insufficient_scope(&self, token: &AccessToken) -> Option<TokenError> {
        let missed = token.missed()?;
        Some(TokenError::InsufficientScope {
            required: self.inner.policy.required_scopes.union(missed),
            granted: token.scopes().clone(),
        })
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.inner.answers
    }

    pub(crate) fn max_token_bytes(&self) -> usize {
        self.inner.config.max_token_bytes
    }

    pub(crate) fn session_key(&self) -> &SessionKey {
        &self.inner.config.session_key
    }

    pub(crate) fn stream_recheck(&self) -> Duration {
        self.inner.config.stream_recheck
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.inner.config.authorization_server.clock.now()
    }

    pub(crate) fn monotonic(&self) -> Instant {
        self.inner.config.authorization_server.clock.monotonic()
    }

    /// What checks proofs, if they are accepted.
    pub(crate) fn dpop(&self) -> Option<&Checker> {
        self.inner.dpop.as_ref()
    }

    /// Where the certificates of clients are, if they are known.
    pub(crate) fn client_certificate_header(&self) -> Option<&ClientCertificateHeader> {
        self.inner.config.client_certificate_header.as_ref()
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.inner.limiter
    }

    /// Whether to verify the token even for a client that presented too many bad ones.
    pub(crate) fn was_good(&self, bearer: &BearerToken) -> bool {
        self.inner.config.limits.failures_per_minute.is_none()
            || self.inner.verifier.was_good(bearer)
    }

    pub(crate) fn outages(&self) -> &OutageLog {
        &self.inner.outages
    }

    /// Counts an allowed request, and logs when an outage is over.
    pub(crate) fn note_allowed(&self) {
        self.metrics().request_allowed();
        if let Some(over) = self.outages().allowed(|| self.monotonic()) {
            tracing::info!(
                took = ?over.took,
                refused = over.refused,
                "the authorization server works again: requests are no longer refused because of \
                 it"
            );
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.inner.config.authorization_server.metrics
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServer")
            .field("resource", &self.inner.config.resource)
            .field("issuer", &self.inner.config.authorization_server.issuer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResourceServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServerConfig")
            .field("resource", &self.resource)
            .field("authorization_server", &self.authorization_server)
            .field("audiences", &self.audiences)
            .field("required_scopes", &self.required_scopes)
            .finish_non_exhaustive()
    }
}
