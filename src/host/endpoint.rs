//! The MCP endpoint with what protects it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard::fn_guard,
    http::{Method, header::HeaderName},
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, ServiceConfig},
};
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp_actix_web::transport::StreamableHttpService;
use rmcp_resource_server::{
    BoundedSessions, Metrics, RequestId, ResourceServer, forward_access_token,
};
use serde_json::json;

use super::{
    accept,
    bodies::{Bodies, Held},
    browser::{self, Origins},
    client_address::client_address,
};
use crate::{config::HttpConfig, mcp::OscalServer};

/// Everything that the endpoint is made of, for every worker.
#[derive(Clone)]
pub(super) struct Endpoint {
    path: String,
    service: StreamableHttpService<OscalServer, BoundedSessions>,
    sessions: Data<BoundedSessions>,
    bodies: Data<Bodies>,
    origins: Origins,
}

impl Endpoint {
    pub(super) fn new(config: &HttpConfig, mcp: OscalServer, metrics: &Metrics) -> Self {
        let bodies = Bodies::new(config.max_body_bytes, config.max_document_bytes);
        let sessions = Arc::new(BoundedSessions::new(config.session_limits, metrics.clone()));
        let service = StreamableHttpService::builder()
            .service_factory(Arc::new(move || Ok(mcp.clone())))
            .session_manager(sessions.clone())
            .stateful_mode(!config.stateless)
            .json_response(true)
            .max_request_body_bytes(bodies.longest())
            .allowed_hosts(config.allowed_hosts.clone())
            .on_request_fn(forward_access_token)
            .build();
        Self {
            path: config.path.clone(),
            service,
            sessions: Data::from(sessions),
            bodies: Data::new(bodies),
            origins: Origins::new(config.allowed_origins.clone()),
        }
    }

    /// Adds the endpoint, protected from the inside to the outside by limits, authorization, the
    /// check of browser origins, CORS.
    pub(super) fn configure(
        &self,
        config: &mut ServiceConfig,
        resource_server: Option<&ResourceServer>,
    ) {
        let service = self.service.clone().scope().wrap(from_fn(serve));
        let mcp = |config: &mut ServiceConfig| {
            match resource_server {
                Some(resource_server) => config.service(service.wrap(resource_server.protect())),
                None => config.service(service),
            };
        };
        // Nothing lies below the endpoint: what is asked for there does not exist, and whoever asks
        // is not told to log in first.
        let exactly = self.path.trim_end_matches('/').to_owned();
        config.service(
            web::scope(&self.path)
                .guard(fn_guard(move |context| {
                    context.head().uri.path().trim_end_matches('/') == exactly
                }))
                .configure(mcp)
                .wrap(from_fn(browser::refuse_foreign_origin))
                .wrap(self.origins.cors())
                .app_data(Data::new(self.origins.clone()))
                .app_data(self.sessions.clone())
                .app_data(self.bodies.clone()),
        );
    }
}

/// Prepares an authorized request for rmcp, and its answer for clients that rmcp does not know:
/// such as ask for the head of an answer only, or take any type.
async fn serve(
    bodies: Data<Bodies>,
    sessions: Data<BoundedSessions>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let head_only = request.method() == Method::HEAD;
    if head_only {
        request.head_mut().method = Method::GET;
    }
    let method = request.method().clone();
    if let Err(needed) = accept::normalize(&method, request.headers_mut()) {
        return Ok(refuse(
            request,
            "not_acceptable",
            &format!("the client does not accept {needed}"),
            |id| {
                HttpResponse::NotAcceptable().json(json!({
                    "error": "not_acceptable",
                    "error_description": format!("Accept {needed}"),
                    "request_id": id.as_str(),
                }))
            },
        ));
    }
    if head_only && has_stream(&sessions, &request).await {
        // The answer to GET is the session's event stream, which belongs to who reads it.
        let answer = HttpResponse::Ok()
            .content_type("text/event-stream")
            .finish();
        return Ok(request.into_response(answer));
    }
    let held = match bodies.admit(&mut request).await {
        Ok(held) => held,
        Err(error) => {
            let reason = error.reason();
            return Ok(refuse(request, reason, &error.to_string(), |id| {
                error.respond(id)
            }));
        }
    };
    let response = next.call(request).await?;
    Ok(if head_only {
        response.map_body(|_, body| match body.size() {
            BodySize::Sized(_) | BodySize::None => body.boxed(),
            BodySize::Stream => BoxBody::new(()),
        })
    } else if held.is_empty() {
        response.map_into_boxed_body()
    } else {
        response.map_body(|_, body| BoxBody::new(Holding { body, _held: held }))
    })
}

/// Whether GET opens the stream of an open session.
async fn has_stream(sessions: &BoundedSessions, request: &ServiceRequest) -> bool {
    const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
    let Some(id) = request.headers().get(MCP_SESSION_ID) else {
        return false;
    };
    let id = id.to_str().unwrap_or_default().to_owned().into();
    sessions.has_session(&id).await.unwrap_or(false)
}

fn refuse(
    request: ServiceRequest,
    reason: &'static str,
    error: &str,
    respond: impl FnOnce(&RequestId) -> HttpResponse,
) -> ServiceResponse<BoxBody> {
    let id = RequestId::of(request.request()).unwrap_or_else(RequestId::fresh);
    let response = respond(&id);
    tracing::info!(
        request_id = %id,
        client = client_address(request.request()).map(tracing::field::display),
        status = response.status().as_u16(),
        reason,
        error,
        "request refused"
    );
    request.into_response(response)
}

pin_project_lite::pin_project! {
    /// A body during which memory is held: a stream's request may still be at work.
    struct Holding<B> {
        #[pin]
        body: B,
        _held: Held,
    }
}

impl<B: MessageBody> MessageBody for Holding<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }
}
