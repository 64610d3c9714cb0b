//! Decides which requests to admit, given their heads from the `http` crate. The web framework
//! adapters call this and add nothing of their own.

use std::{fmt, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
    request, response,
};
use url::form_urlencoded;

use crate::{
    answer::refusal::Refusal,
    dpop::checker::{DPOP, DPOP_NONCE},
    error::TokenError,
    mtls::header::ShownCertificate,
    observe::{
        client_address::ClientAddress, outage_log::Line, request_id::RequestId, trace::TraceId,
    },
    resource_server::{RefusedRequest, ResourceServer},
    session::{owner::OWNER, seal::Principal, stream_guard::StreamGuard},
    token::{
        access_token::AccessToken,
        bearer::{BearerToken, Scheme},
        presented::Presented,
    },
};

/// The header that carries an MCP session id.
pub(crate) const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// What the body of a request says about credentials (RFC 6750 §2.2). The default stands for a body
/// that is not a form, which nobody looks at.
///
/// No MCP request is a form, so an adapter may read a form to the end and discard it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BodyFacts {
    has_access_token: bool,
}

impl BodyFacts {
    /// The most bytes to read of a form.
    pub const FORM_LIMIT: usize = 64 * 1024;

    /// How long to wait for a form. The caller is not authenticated yet and must not hold a
    /// connection for long.
    pub const FORM_PATIENCE: Duration = Duration::from_secs(2);

    /// Whether this `Content-Type` means that the body is a form.
    pub fn is_form(content_type: Option<&[u8]>) -> bool {
        const FORM: &[u8] = b"application/x-www-form-urlencoded";
        let start = content_type.and_then(|value| value.get(..FORM.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    }

    /// What this form says.
    pub fn of_form(form: &[u8]) -> Self {
        Self {
            has_access_token: has_access_token(form),
        }
    }

    /// A form that is too large or too slow to read counts as one with a token.
    pub fn of_unread_form() -> Self {
        Self {
            has_access_token: true,
        }
    }
}

fn has_access_token(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, _)| name == "access_token")
}

impl ResourceServer {
    /// Decides whether to admit a request; [`admit`](Self::admit) also prepares it for the service
    /// behind. Call one of them, once: a proof of possession is good only once.
    ///
    /// ```
    /// use rmcp_resource_server::{AccessToken, BodyFacts, Refusal, ResourceServer};
    ///
    /// async fn decide(
    ///     resource_server: &ResourceServer,
    ///     request: &http::Request<()>,
    /// ) -> Result<AccessToken, Refusal> {
    ///     let (parts, ()) = request.clone().into_parts();
    ///     resource_server.decide(&parts, BodyFacts::default()).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Refusal`]; [`refuse`](Self::refuse) turns it into a response.
    pub async fn decide(
        &self,
        parts: &request::Parts,
        body: BodyFacts,
    ) -> Result<AccessToken, Refusal> {
        let (_bearer, token) = self.authorized(parts, body).await?;
        self.own_session(&parts.headers, &token)?;
        Ok(token)
    }

    /// Decides whether to admit a request, and prepares it for the service behind: takes its token,
    /// what came to prove it and the seal of its session id out of the headers, and puts the
    /// [`AccessToken`] into the extensions.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; [`refuse`](Self::refuse) turns it into a response.
    pub async fn admit(
        &self,
        parts: &mut request::Parts,
        body: BodyFacts,
    ) -> Result<Admission<'_>, Refusal> {
        let (bearer, token) = self.authorized(parts, body).await?;
        // Whoever tries another's session is named in the refusal.
        parts.extensions.insert(token.clone());
        let session = self.own_session(&parts.headers, &token)?;
        parts.headers.remove(AUTHORIZATION);
        parts.headers.remove(DPOP);
        if let Some(header) = self.client_certificate_header() {
            parts.headers.remove(header.name());
        }
        if let Some(id) = session {
            parts.headers.insert(MCP_SESSION_ID, id);
        }
        Ok(Admission {
            resource_server: self,
            about: About::of(parts, bearer.scheme()),
            bearer,
            token,
        })
    }

    /// The response to a refused request. It is counted and logged.
    pub fn refuse(&self, parts: &request::Parts, refusal: &Refusal) -> Response<Bytes> {
        let credential = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let scheme = credential.and_then(|value| Scheme::of(value.trim_ascii()));
        self.refuse_what(&About::of(parts, scheme.unwrap_or_default()), refusal)
    }

    async fn authorized(
        &self,
        parts: &request::Parts,
        body: BodyFacts,
    ) -> Result<(BearerToken, AccessToken), Refusal> {
        let client = ClientAddress::of(&parts.extensions);
        let accepted = match self.presented(parts, body) {
            Ok(bearer) => {
                if !self.was_good(&bearer) {
                    self.limiter().may_try(client)?;
                }
                let token = self.checked(parts, &bearer).await;
                token.map(|token| (bearer, token))
            }
            Err(error) => Err(error.into()),
        };
        match &accepted {
            Ok((_, token)) => {
                if let Some(principal) = Principal::of(token) {
                    self.limiter().request(principal.with_any_key())?;
                }
            }
            Err(Refusal::Unverified(error)) if error.is_bad_token() => {
                self.limiter().failure(client)?;
            }
            Err(_) => {}
        }
        accepted
    }

    /// Verifies a token together with what proves its possession, if it comes with that.
    async fn checked(
        &self,
        parts: &request::Parts,
        bearer: &BearerToken,
    ) -> Result<AccessToken, Refusal> {
        let certificate = match self.client_certificate_header() {
            None => ShownCertificate::None,
            Some(header) => ShownCertificate::In(header, parts),
        };
        match (bearer.scheme(), self.dpop()) {
            (Scheme::Dpop, Some(checker)) => {
                let proof = checker.check(parts, bearer, self.now())?;
                let key = Some(proof.key);
                let presented = Presented { key, certificate };
                let token = self.authorize_presented(bearer, presented).await?;
                let principal = Principal::of(&token).map(Principal::with_any_key);
                checker.use_up(principal, &proof, self.now())?;
                Ok(token)
            }
            // Nobody needs to be asked about it.
            (Scheme::Bearer, Some(checker)) if checker.is_required => {
                Err(TokenError::WithoutProof.into())
            }
            _ => {
                let key = None;
                let presented = Presented { key, certificate };
                Ok(self.authorize_presented(bearer, presented).await?)
            }
        }
    }

    /// The token that a request presents.
    fn presented(
        &self,
        parts: &request::Parts,
        body: BodyFacts,
    ) -> Result<BearerToken, TokenError> {
        let credentials = parts.headers.get_all(AUTHORIZATION).into_iter();
        let credentials = credentials.map(HeaderValue::as_bytes);
        let schemes: &[Scheme] = match self.dpop() {
            None => &[Scheme::Bearer],
            Some(_) => &[Scheme::Bearer, Scheme::Dpop],
        };
        let limit = self.max_token_bytes();
        let bearer = BearerToken::from_authorization_by(schemes, credentials, limit)?;
        let query = parts.uri.query().unwrap_or_default();
        if body.has_access_token || has_access_token(query.as_bytes()) {
            return Err(TokenError::SeveralCredentials);
        }
        Ok(bearer.from_peer(ClientAddress::peer_of(&parts.extensions)))
    }

    /// The bare session id, if the request names a session, which must be the principal's own.
    fn own_session(
        &self,
        headers: &HeaderMap,
        token: &AccessToken,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let Some(sealed) = headers.get(MCP_SESSION_ID) else {
            return Ok(None);
        };
        let principal = Principal::of(token).ok_or(TokenError::NoPrincipal)?;
        let id = sealed
            .to_str()
            .ok()
            .and_then(|sealed| self.session_key().unseal(sealed, &principal))
            .and_then(|id| HeaderValue::try_from(id).ok());
        id.map(Some).ok_or(Refusal::ForeignSession)
    }

    /// The nonce for a client's next proof, if proofs need one.
    fn nonce(&self) -> Option<HeaderValue> {
        self.dpop().and_then(|checker| checker.nonce(self.now()))
    }

    fn refuse_what(&self, about: &About, refusal: &Refusal) -> Response<Bytes> {
        let request_id = about.request_id.clone().unwrap_or_else(RequestId::fresh);
        let mut response =
            self.answers()
                .respond(refusal, about.scheme, &request_id, about.trace_id);
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(nonce) = self.nonce()
        {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        let status = response.status().as_u16();
        let reason = refusal.reason();
        let trace_id = about.trace_id.map(tracing::field::display);
        let client = about.client.map(tracing::field::display);
        let (method, path) = (&about.method, about.uri.path());
        match refusal {
            Refusal::Unverified(error) => {
                self.metrics().request_refused(error);
                let line = error.is_fault().then(|| {
                    let now = self.monotonic();
                    self.outages().refused(reason, now)
                });
                match line {
                    None => {
                        tracing::info!(%request_id, trace_id, client, status, reason, %method, path, %error, "request refused");
                    }
                    Some(Line::Full { refused_since }) => {
                        tracing::error!(%request_id, trace_id, client, status, reason, %method, path, %error, refused_since, "request refused");
                    }
                    Some(Line::Short) => {
                        tracing::warn!(%request_id, trace_id, client, status, reason, "request refused");
                    }
                }
            }
            Refusal::ForeignSession | Refusal::TooMany(_) => {
                self.metrics().request_denied(reason);
                tracing::info!(%request_id, trace_id, client, status, reason, %method, path, "request refused");
            }
        }
        if let Some(hook) = self.refusal_hook() {
            let refused = RefusedRequest {
                refusal,
                request_id: &request_id,
                trace_id: about.trace_id,
                client: about.client,
                method,
                path,
                token: about.token.as_ref(),
            };
            hook(&refused, &mut response);
        }
        response
    }
}

/// An admitted request, on its way to the service behind.
pub struct Admission<'s> {
    // Not a clone: the workers' processors would contend for its reference count.
    resource_server: &'s ResourceServer,
    bearer: BearerToken,
    token: AccessToken,
    about: About,
}

/// What refusals and log lines say about a request. Cheap to create.
struct About {
    method: Method,
    uri: Uri,
    scheme: Scheme,
    request_id: Option<RequestId>,
    trace_id: Option<TraceId>,
    client: Option<IpAddr>,
    token: Option<AccessToken>,
}

impl About {
    fn of(parts: &request::Parts, scheme: Scheme) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            scheme,
            request_id: parts.extensions.get::<RequestId>().cloned(),
            trace_id: parts.extensions.get().copied(),
            client: ClientAddress::of(&parts.extensions),
            token: parts.extensions.get().cloned(),
        }
    }
}

impl Admission<'_> {
    /// The accepted token.
    pub fn token(&self) -> &AccessToken {
        &self.token
    }

    /// Runs the service behind. This tells [`BoundedSessions`](crate::BoundedSessions) who opens a
    /// session.
    pub async fn serve<F: Future>(&self, service: F) -> F::Output {
        OWNER.scope(self.token.clone(), service).await
    }

    /// Processes the head of the service's response: seals the id of a new session, turns scopes
    /// that the handler found missing into a 403, and guards an event stream.
    ///
    /// # Errors
    ///
    /// The response to send instead.
    #[expect(
        clippy::result_large_err,
        reason = "it is sent at once, not passed through layers"
    )]
    pub fn finish(
        self,
        head: &mut response::Parts,
    ) -> Result<Option<StreamGuard>, Response<Bytes>> {
        let id = head.headers.remove(MCP_SESSION_ID);
        let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let finished = self.finished(id.as_ref().map(HeaderValue::as_bytes), content_type)?;
        if let Some(sealed) = finished.session_id {
            head.headers.insert(MCP_SESSION_ID, sealed);
        }
        if let Some(nonce) = finished.nonce {
            head.headers.insert(DPOP_NONCE, nonce);
        }
        Ok(finished.guard)
    }

    /// Does the same for a response of another HTTP crate, given what matters here: the id of a new
    /// session and the content type.
    #[expect(clippy::result_large_err, reason = "as above")]
    pub(crate) fn finished(
        self,
        session_id: Option<&[u8]>,
        content_type: Option<&[u8]>,
    ) -> Result<Finished, Response<Bytes>> {
        match self.judge(session_id) {
            Ok(session_id) => {
                let is_stream =
                    content_type.is_some_and(|value| value.starts_with(b"text/event-stream"));
                self.resource_server.note_allowed();
                Ok(Finished {
                    session_id,
                    nonce: match self.bearer.scheme() {
                        Scheme::Bearer => None,
                        Scheme::Dpop => self.resource_server.nonce(),
                    },
                    guard: is_stream.then(|| {
                        StreamGuard::new(self.resource_server.clone(), self.bearer, &self.token)
                    }),
                })
            }
            Err(refusal) => Err(self.resource_server.refuse_what(&self.about, &refusal)),
        }
    }

    fn judge(&self, session_id: Option<&[u8]>) -> Result<Option<HeaderValue>, Refusal> {
        let sealed = session_id.map(|id| self.seal(id)).transpose()?;
        // When a stream begins, nothing is known about missing scopes yet; the client learns of
        // them from the handler's own error.
        match self.resource_server.insufficient_scope(&self.token) {
            Some(error) => Err(error.into()),
            None => Ok(sealed),
        }
    }

    /// Seals a session id that rmcp has issued.
    fn seal(&self, id: &[u8]) -> Result<HeaderValue, Refusal> {
        let principal = Principal::of(&self.token).ok_or(TokenError::NoPrincipal)?;
        let key = self.resource_server.session_key();
        let sealed = str::from_utf8(id).ok().map(|id| key.seal(id, &principal));
        let sealed = sealed.and_then(|sealed| HeaderValue::try_from(sealed).ok());
        sealed.ok_or(Refusal::ForeignSession)
    }
}

impl fmt::Debug for Admission<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Admission");
        shown.field("token", &self.token).finish_non_exhaustive()
    }
}

/// What to do with a response.
pub(crate) struct Finished {
    /// The sealed id of a new session.
    pub(crate) session_id: Option<HeaderValue>,
    /// For the client's next proof.
    pub(crate) nonce: Option<HeaderValue>,
    /// Ends the stream when its token is no longer good.
    pub(crate) guard: Option<StreamGuard>,
}
