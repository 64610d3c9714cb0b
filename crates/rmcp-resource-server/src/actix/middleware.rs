//! The actix middleware around [`ResourceServer`].

use std::{
    fmt,
    future::{Ready, ready},
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    web,
};
use futures_core::future::LocalBoxFuture;
use tokio::time::timeout;

use super::{
    body::GuardedMessage,
    convert::{header_value, parts, response},
};
use crate::{
    admission::{Admission, BodyFacts},
    observe::request_id::RequestId,
    resource_server::ResourceServer,
};

const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

impl ResourceServer {
    /// Wraps an actix scope so that only authorized requests reach it. Handlers find the
    /// [`AccessToken`](crate::AccessToken) in the request's extensions.
    ///
    /// It protects services other than MCP just as well:
    ///
    /// ```
    /// use actix_web::{App, HttpMessage, HttpRequest, web};
    /// use rmcp_resource_server::{AccessToken, ResourceServer};
    ///
    /// async fn whoami(request: HttpRequest) -> String {
    ///     let token = request.extensions().get::<AccessToken>().cloned();
    ///     token.and_then(|token| Some(token.subject()?.to_owned())).unwrap_or_default()
    /// }
    ///
    /// fn app(resource_server: &ResourceServer, config: &mut web::ServiceConfig) {
    ///     config.service(
    ///         web::resource("/whoami").get(whoami).wrap(resource_server.protect()),
    ///     );
    /// }
    /// ```
    pub fn protect(&self) -> Protection {
        Protection {
            resource_server: self.clone(),
        }
    }
}

impl RequestId {
    /// The id of an actix `request`, if it has one.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

/// Lets only authorized requests through. Made by [`ResourceServer::protect`].
///
/// It answers a refused request with a response, never with an actix error: outer middleware such
/// as `actix-cors` would not see an error, and a browser could not read the challenge.
#[derive(Clone, Debug)]
pub struct Protection {
    resource_server: ResourceServer,
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

/// A service wrapped by [`Protection`].
///
/// Each worker has its own, as usual in actix. Its requests share it without atomic counters, which
/// the workers' processors would contend for.
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
            let mut parts = parts(request.request());
            let body = body_facts(&mut request).await;
            let admission = match resource_server.admit(&mut parts, body).await {
                Ok(admission) => admission,
                Err(refusal) => {
                    let refused = resource_server.refuse(&parts, &refusal);
                    return Ok(request.into_response(response(refused)));
                }
            };
            if let Some(header) = resource_server.client_certificate_header() {
                request.headers_mut().remove(header.name().as_str());
            }
            prepare(&mut request, parts, &admission);
            let served = admission.serve(service.call(request)).await?;
            Ok(finish(admission, served.map_into_boxed_body()))
        })
    }
}

/// Reads a form. No MCP request is a form, so the body is not passed on, and the service behind
/// refuses the content type.
async fn body_facts(request: &mut ServiceRequest) -> BodyFacts {
    let content_type = request.headers().get(CONTENT_TYPE);
    if !BodyFacts::is_form(content_type.map(HeaderValue::as_bytes)) {
        return BodyFacts::default();
    }
    let Ok(body) = request.extract::<web::Payload>().await else {
        return BodyFacts::of_unread_form();
    };
    let form = body.to_bytes_limited(BodyFacts::FORM_LIMIT);
    match timeout(BodyFacts::FORM_PATIENCE, form).await {
        Ok(Ok(Ok(form))) => BodyFacts::of_form(&form),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => BodyFacts::of_unread_form(),
    }
}

/// Makes `request` match its admitted `parts`, which are kept for [`super::mcp`].
fn prepare(request: &mut ServiceRequest, parts: http::request::Parts, admission: &Admission<'_>) {
    let headers: &mut HeaderMap = request.headers_mut();
    headers.remove(AUTHORIZATION);
    headers.remove(DPOP);
    if let Some(id) = parts.headers.get(crate::admission::MCP_SESSION_ID) {
        headers.insert(MCP_SESSION_ID, header_value(id));
    }
    let mut extensions = request.extensions_mut();
    extensions.insert(admission.token().clone());
    extensions.insert(parts);
}

fn finish(
    admission: Admission<'_>,
    mut served: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let headers = served.headers_mut();
    let id = headers.remove(&MCP_SESSION_ID).next();
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match admission.finished(id.as_ref().map(HeaderValue::as_bytes), content_type) {
        Ok(finished) => {
            if let Some(sealed) = &finished.session_id {
                headers.insert(MCP_SESSION_ID, header_value(sealed));
            }
            if let Some(nonce) = &finished.nonce {
                headers.insert(DPOP_NONCE, header_value(nonce));
            }
            match finished.guard {
                Some(guard) => served.map_body(|_, body| GuardedMessage::new(body, guard).boxed()),
                None => served,
            }
        }
        Err(refused) => {
            let (request, _unsent) = served.into_parts();
            ServiceRequest::from_request(request).into_response(response(refused))
        }
    }
}

impl<S> fmt::Debug for ProtectedService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedService")
            .field("resource_server", &self.0.resource_server)
            .finish_non_exhaustive()
    }
}
