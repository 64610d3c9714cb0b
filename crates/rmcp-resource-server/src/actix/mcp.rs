//! rmcp's MCP service in an actix application.

use std::{fmt, sync::Arc};

use actix_web::{HttpMessage, HttpRequest, HttpResponse, Resource, web};
use bytes::Bytes;
use http::{Request, Response, request};
use http_body::Body;
use http_body_util::Full;
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{StreamableHttpService, session::SessionManager},
};

use super::{
    body::HttpBody,
    convert::{self, response_builder},
};

/// The default limit on a request body, in bytes; the same as rmcp's.
const MAX_BODY_BYTES: usize = 4 << 20;

/// Serves rmcp's [`StreamableHttpService`] in an actix application. It collects the body, converts
/// the request once and calls rmcp directly.
///
/// Behind [`ResourceServer::protect`](crate::ResourceServer::protect) a handler finds the
/// [`AccessToken`](crate::AccessToken) of the request:
///
/// ```
/// use std::sync::Arc;
///
/// use actix_web::web::ServiceConfig;
/// use rmcp::{
///     ServerHandler,
///     transport::streamable_http_server::{
///         StreamableHttpService, session::local::LocalSessionManager,
///     },
/// };
/// use rmcp_resource_server::{ActixMcp, ResourceServer};
///
/// # struct Notes;
/// # impl ServerHandler for Notes {}
/// fn app(resource_server: &ResourceServer, config: &mut ServiceConfig) {
///     let sessions = Arc::new(LocalSessionManager::default());
///     let mcp = StreamableHttpService::new(|| Ok(Notes), sessions, Default::default());
///     config.service(
///         ActixMcp::new(mcp).resource("/mcp").wrap(resource_server.protect()),
///     );
/// }
/// ```
pub struct ActixMcp<S, M> {
    service: Arc<StreamableHttpService<S, M>>,
    max_body_bytes: usize,
}

impl<S, M> ActixMcp<S, M>
where
    S: ServerHandler + Send + 'static,
    M: SessionManager,
{
    /// Serves `service`.
    pub fn new(service: StreamableHttpService<S, M>) -> Self {
        Self {
            service: Arc::new(service),
            max_body_bytes: MAX_BODY_BYTES,
        }
    }

    /// Sets the largest request body, in bytes; a larger one gets 413. Default: 4 MiB. rmcp's own
    /// limit applies too.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// The MCP endpoint at `path`, with or without a trailing slash.
    pub fn resource(&self, path: &str) -> Resource {
        let path = path.trim_end_matches('/');
        let this = self.clone();
        let serve = move |request: HttpRequest, payload: web::Payload| {
            let this = this.clone();
            async move { this.collect_and_serve(&request, payload).await }
        };
        web::resource([path.to_owned(), format!("{path}/")]).route(web::route().to(serve))
    }

    /// Serves a request whose body has already been read, for a host with its own limits.
    pub async fn serve(&self, parts: request::Parts, body: Bytes) -> HttpResponse {
        let request = Request::from_parts(parts, Full::new(body));
        respond(self.service.handle(request).await)
    }

    async fn collect_and_serve(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> HttpResponse {
        let parts = request_parts(request);
        match payload.to_bytes_limited(self.max_body_bytes).await {
            Ok(Ok(body)) => self.serve(parts, body).await,
            Ok(Err(error)) => HttpResponse::from_error(error),
            Err(_too_large) => HttpResponse::PayloadTooLarge().body("Payload Too Large"),
        }
    }
}

/// The head of `request`, for [`ActixMcp::serve`]. If
/// [`ResourceServer::protect`](crate::ResourceServer::protect) admitted the request, its head has
/// the [`AccessToken`](crate::AccessToken) but not the token itself.
pub fn request_parts(request: &HttpRequest) -> request::Parts {
    let admitted = request.extensions_mut().remove::<request::Parts>();
    admitted.unwrap_or_else(|| {
        let mut parts = convert::parts(request);
        parts.headers.remove(http::header::AUTHORIZATION);
        parts.headers.remove(crate::dpop::checker::DPOP);
        parts
    })
}

/// Sends a JSON answer with its length; passes on an event stream as it arrives.
fn respond<B>(response: Response<B>) -> HttpResponse
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn std::error::Error>>,
{
    let (head, body) = response.into_parts();
    response_builder(&head).body(HttpBody::new(body))
}

impl<S, M> Clone for ActixMcp<S, M> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            max_body_bytes: self.max_body_bytes,
        }
    }
}

impl<S, M> fmt::Debug for ActixMcp<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ActixMcp");
        shown.field("max_body_bytes", &self.max_body_bytes);
        shown.finish_non_exhaustive()
    }
}
