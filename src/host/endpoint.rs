//! The MCP endpoint and the layers that protect it.

use std::sync::Arc;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody as _},
    guard::fn_guard,
    middleware::from_fn,
    web::{self, Data, Payload, ServiceConfig},
};
use http::{HeaderMap, HeaderName, Method};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::SessionManager,
};
use rmcp_resource_server::{
    ActixMcp, BoundedSessions, RequestId, ResourceServer, SharedSessions, TraceId, request_parts,
};
use serde_json::json;

use super::{
    accept,
    audited::audited,
    bodies::Bodies,
    browser::{self, Origins},
    client_address::client_address,
    connections::{Connections, StandingStream},
    holding_body::HoldingBody,
};
use crate::{audit::AuditLog, config::HttpConfig, mcp::OscalServer, traces::RequestSpan};

/// The service that answers MCP messages.
type Mcp = ActixMcp<OscalServer, BoundedSessions>;

/// Everything that makes up the endpoint, for every worker.
#[derive(Clone)]
pub(super) struct Endpoint {
    path: String,
    mcp: Data<Mcp>,
    sessions: Data<BoundedSessions>,
    bodies: Data<Bodies>,
    origins: Origins,
    audit: Option<Data<AuditLog>>,
}

impl Endpoint {
    pub(super) fn new(
        config: &HttpConfig,
        mcp: OscalServer,
        sessions: Arc<BoundedSessions>,
        shared_sessions: Option<SharedSessions>,
    ) -> Self {
        let bodies = Bodies::new(config.max_body_bytes, config.max_document_bytes);
        let mut rmcp = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(!config.stateless)
            .with_json_response(true)
            .with_max_request_body_bytes(bodies.longest())
            .with_allowed_hosts(config.allowed_hosts.clone());
        rmcp.session_store = shared_sessions.map(|shared| Arc::new(shared) as _);
        let audit = mcp.audit().cloned().map(Data::new);
        let service = move || Ok(mcp.clone());
        let mcp = ActixMcp::new(StreamableHttpService::new(service, sessions.clone(), rmcp));
        Self {
            path: config.path.clone(),
            mcp: Data::new(mcp),
            sessions: Data::from(sessions),
            bodies: Data::new(bodies),
            origins: Origins::new(config.allowed_origins.clone()),
            audit,
        }
    }

    /// Adds the endpoint. Its layers, from the inside out: limits, authorization, origin check,
    /// CORS.
    pub(super) fn configure(
        &self,
        config: &mut ServiceConfig,
        resource_server: Option<&ResourceServer>,
    ) {
        let service = web::resource(["", "/"]).route(web::route().to(serve));
        let mcp = |config: &mut ServiceConfig| {
            match resource_server {
                Some(resource_server) => config.service(service.wrap(resource_server.protect())),
                None => config.service(service),
            };
        };
        // Nothing lies below the endpoint: a request there gets 404, not a demand to log in first.
        let exactly = self.path.trim_end_matches('/').to_owned();
        if let Some(audit) = &self.audit {
            config.app_data(audit.clone());
        }
        config.service(
            web::scope(&self.path)
                .guard(fn_guard(move |context| {
                    context.head().uri.path().trim_end_matches('/') == exactly
                }))
                .configure(mcp)
                .wrap(from_fn(audited))
                .wrap(from_fn(browser::refuse_foreign_origin))
                .wrap(self.origins.cors())
                .app_data(Data::new(self.origins.clone()))
                .app_data(self.mcp.clone())
                .app_data(self.sessions.clone())
                .app_data(self.bodies.clone()),
        );
    }
}

/// Prepares an authorized request for rmcp, and adapts the answer for clients that rmcp does not
/// support: those that send HEAD, or accept any type.
async fn serve(
    mcp: Data<Mcp>,
    bodies: Data<Bodies>,
    sessions: Data<BoundedSessions>,
    connections: Data<Connections>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let mut parts = request_parts(&request);
    if let Some(span) = request.extensions().get::<RequestSpan>() {
        parts.extensions.insert(span.clone());
    }
    let head_only = parts.method == Method::HEAD;
    if head_only {
        parts.method = Method::GET;
    }
    if let Err(needed) = accept::normalize(&parts.method, &mut parts.headers) {
        let error = format!("the client does not accept {needed}");
        return refuse(&request, "not_acceptable", &error, |id| {
            HttpResponse::NotAcceptable().json(json!({
                "error": "not_acceptable",
                "error_description": format!("Accept {needed}"),
                "request_id": id.as_str(),
            }))
        });
    }
    if head_only && has_stream(&sessions, &parts.headers).await {
        // A GET would open the session's event stream, which belongs to the client that reads it.
        return HttpResponse::Ok()
            .content_type("text/event-stream")
            .finish();
    }
    let (body, held) = match bodies.admit(&request, payload.into_inner()).await {
        Ok(admitted) => admitted,
        Err(error) => {
            let reason = error.reason();
            return refuse(&request, reason, &error.to_string(), |id| error.respond(id));
        }
    };
    let standing = parts.method == Method::GET;
    let response = mcp.serve(parts, body).await;
    if head_only {
        response.map_body(|_, body| match body.size() {
            BodySize::Sized(_) | BodySize::None => body,
            BodySize::Stream => BoxBody::new(()),
        })
    } else if standing && response.body().size() == BodySize::Stream {
        response.map_body(|_, body| BoxBody::new(StandingStream::new(body, &connections)))
    } else if held.is_empty() {
        response
    } else {
        // The request behind a stream may still be running while the body is sent.
        response.map_body(|_, body| BoxBody::new(HoldingBody::new(body, held)))
    }
}

/// Whether GET opens the stream of an open session.
async fn has_stream(sessions: &BoundedSessions, headers: &HeaderMap) -> bool {
    const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
    let Some(id) = headers.get(MCP_SESSION_ID) else {
        return false;
    };
    let id = id.to_str().unwrap_or_default().to_owned().into();
    sessions.has_session(&id).await.unwrap_or(false)
}

fn refuse(
    request: &HttpRequest,
    reason: &'static str,
    error: &str,
    respond: impl FnOnce(&RequestId) -> HttpResponse,
) -> HttpResponse {
    let id = RequestId::of(request).unwrap_or_else(RequestId::fresh);
    let response = respond(&id);
    tracing::info!(
        request_id = %id,
        trace_id = request.extensions().get::<TraceId>().map(tracing::field::display),
        client = client_address(request).map(tracing::field::display),
        status = response.status().as_u16(),
        reason,
        error,
        "request refused"
    );
    response
}
