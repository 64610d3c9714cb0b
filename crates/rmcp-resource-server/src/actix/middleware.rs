//! The actix middleware: thin glue around [`ResourceServer`].

use std::{
    future::{Ready, ready},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    web,
};
use futures_core::future::LocalBoxFuture;
use tokio::time::timeout;
use url::form_urlencoded;

use crate::{
    actix::stream::GuardedStream,
    answer::refusal::Refusal,
    error::TokenError,
    observe::{
        client_address::ClientAddress, metrics::FOREIGN_SESSION, outage_log::Line,
        request_id::RequestId,
    },
    resource_server::ResourceServer,
    session::{bounded::OWNER, seal::Principal},
    token::{access_token::AccessToken, bearer::BearerToken},
};

const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Lets only authorized requests through. Made by [`ResourceServer::protect`].
///
/// It answers a refused request with a response, never with an actix error: middleware around it,
/// such as `actix-cors`, would not see an error, and a browser could not read the challenge.
#[derive(Clone)]
pub struct Protection {
    resource_server: ResourceServer,
}

impl Protection {
    pub(crate) fn new(resource_server: ResourceServer) -> Self {
        Self { resource_server }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Protection
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Transform = ProtectedService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(ProtectedService(Rc::new(Protected {
            service,
            resource_server: self.resource_server.clone(),
        }))))
    }
}

/// The service that [`Protection`] makes of another.
///
/// One for each worker, as actix has it, and shared by its requests without atomic counters, over
/// which the workers' processors would contend.
pub struct ProtectedService<S>(Rc<Protected<S>>);

struct Protected<S> {
    service: S,
    resource_server: ResourceServer,
}

impl<S, B> Service<ServiceRequest> for ProtectedService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let protected = self.0.clone();
        Box::pin(async move {
            let Protected {
                service,
                resource_server,
            } = &*protected;
            match admit(resource_server, &mut request).await {
                Ok((bearer, token)) => {
                    request.extensions_mut().insert(token.clone());
                    let served = OWNER.scope(token.clone(), service.call(request));
                    let mut response = served.await?.map_into_boxed_body();
                    let accepted = seal_new_session(resource_server, &token, &mut response);
                    Ok(
                        match accepted.and_then(|()| judge_scopes(resource_server, &token)) {
                            Ok(()) => {
                                resource_server.note_allowed();
                                guard_stream(resource_server, bearer, &token, response)
                            }
                            Err(refusal) => {
                                let (request, _unsent) = response.into_parts();
                                let request = ServiceRequest::from_request(request);
                                refuse(resource_server, request, &refusal)
                            }
                        },
                    )
                }
                Err(refusal) => Ok(refuse(resource_server, request, &refusal)),
            }
        })
    }
}

/// Decides whether `request` goes on, and takes out of it what nobody behind should see.
async fn admit(
    resource_server: &ResourceServer,
    request: &mut ServiceRequest,
) -> Result<(BearerToken, AccessToken), Refusal> {
    let bearer = take_bearer(resource_server, request).await?;
    let token = resource_server.authorize(&bearer).await?;
    if let Some(sealed) = request.headers_mut().remove(&MCP_SESSION_ID).next() {
        let principal = Principal::of(&token).ok_or(TokenError::NoPrincipal)?;
        let key = resource_server.session_key();
        let id = sealed
            .to_str()
            .ok()
            .and_then(|sealed| key.unseal(sealed, &principal))
            .and_then(|id| HeaderValue::try_from(id).ok())
            .ok_or(Refusal::ForeignSession)?;
        request.headers_mut().insert(MCP_SESSION_ID, id);
    }
    Ok((bearer, token))
}

/// The only credential of the request. It is removed from the request: handlers never see it.
async fn take_bearer(
    resource_server: &ResourceServer,
    request: &mut ServiceRequest,
) -> Result<BearerToken, TokenError> {
    let bearer = BearerToken::from_authorization(
        request
            .headers()
            .get_all(AUTHORIZATION)
            .map(HeaderValue::as_bytes),
        resource_server.max_token_bytes(),
    )?;
    let bearer = bearer.from_peer(ClientAddress::peer_of(request.request()));
    request.headers_mut().remove(AUTHORIZATION);
    if has_access_token(request.query_string().as_bytes())
        || is_form(request.headers()) && Box::pin(form_has_access_token(request)).await
    {
        return Err(TokenError::SeveralCredentials);
    }
    Ok(bearer)
}

fn is_form(headers: &HeaderMap) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let start = value.as_bytes().get(..FORM.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(FORM))
    })
}

/// Reads a form body, which no MCP request has: what is read here is not passed on, and the
/// service behind refuses the content type. A form too large to read counts as one with a token.
async fn form_has_access_token(request: &mut ServiceRequest) -> bool {
    const LIMIT: usize = 64 * 1024;
    // The caller is not authenticated yet, so it may not hold a connection for long.
    const PATIENCE: Duration = Duration::from_secs(2);
    let Ok(body) = request.extract::<web::Payload>().await else {
        return true;
    };
    match timeout(PATIENCE, body.to_bytes_limited(LIMIT)).await {
        Ok(Ok(Ok(body))) => has_access_token(&body),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => true,
    }
}

fn has_access_token(form: &[u8]) -> bool {
    form_urlencoded::parse(form).any(|(name, _)| name == "access_token")
}

/// Gives the client the sealed form of a session id that rmcp has issued.
fn seal_new_session(
    resource_server: &ResourceServer,
    token: &AccessToken,
    response: &mut ServiceResponse<BoxBody>,
) -> Result<(), Refusal> {
    let headers = response.headers_mut();
    let Some(id) = headers.remove(&MCP_SESSION_ID).next() else {
        return Ok(());
    };
    let principal = Principal::of(token).ok_or(TokenError::NoPrincipal)?;
    let sealed = id
        .to_str()
        .ok()
        .map(|id| resource_server.session_key().seal(id, &principal))
        .and_then(|sealed| HeaderValue::try_from(sealed).ok())
        .ok_or(Refusal::ForeignSession)?;
    headers.insert(MCP_SESSION_ID, sealed);
    Ok(())
}

/// Whether the handler had all scopes that it demanded. Of a stream nothing is known yet when it
/// begins, and the client then learns of it by the handler's own error.
fn judge_scopes(resource_server: &ResourceServer, token: &AccessToken) -> Result<(), Refusal> {
    match resource_server.insufficient_scope(token) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Lets an event stream end with its token.
fn guard_stream(
    resource_server: &ResourceServer,
    bearer: BearerToken,
    token: &AccessToken,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let is_stream = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        return response;
    }
    response.map_body(|_, body| {
        GuardedStream::new(body, resource_server.clone(), bearer, token).boxed()
    })
}

fn refuse(
    resource_server: &ResourceServer,
    request: ServiceRequest,
    refusal: &Refusal,
) -> ServiceResponse<BoxBody> {
    let request_id = RequestId::of_or_fresh(&request);
    let response = resource_server.answers().respond(refusal, &request_id);
    let status = response.status().as_u16();
    let client = ClientAddress::of(request.request()).map(tracing::field::display);
    let (method, path) = (request.method(), request.path());
    match refusal {
        Refusal::Unverified(error) => {
            resource_server.metrics().request_refused(error);
            let reason = error.reason();
            let line = error.is_fault().then(|| {
                let now = resource_server.monotonic();
                resource_server.outages().refused(reason, now)
            });
            match line {
                None => {
                    tracing::info!(%request_id, client, status, reason, %method, path, %error, "request refused");
                }
                Some(Line::Full { refused_since }) => {
                    tracing::error!(%request_id, client, status, reason, %method, path, %error, refused_since, "request refused");
                }
                Some(Line::Short) => {
                    tracing::warn!(%request_id, client, status, reason, "request refused");
                }
            }
        }
        Refusal::ForeignSession => {
            let reason = FOREIGN_SESSION;
            resource_server.metrics().foreign_session_refused();
            tracing::info!(%request_id, client, status, reason, %method, path, "request refused");
        }
    }
    request.into_response(response)
}
