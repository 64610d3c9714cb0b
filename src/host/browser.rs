//! Browsers: which origins may use the server, and what their pages may read (Fetch, CORS).

use actix_cors::Cors;
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE},
    middleware::Next,
    web::Data,
};
use serde_json::json;

use super::observe::X_REQUEST_ID;
use crate::config::AllowedOrigins;

/// The origins that may use the server.
#[derive(Clone)]
pub(super) struct Origins(AllowedOrigins);

impl Origins {
    pub(super) fn new(allowed: AllowedOrigins) -> Self {
        Self(allowed)
    }

    /// Answers preflights without a token, and lets pages read the challenge and the session id.
    pub(super) fn cors(&self) -> Cors {
        let cors = Cors::default()
            .allowed_methods(["GET", "HEAD", "POST", "DELETE"])
            .allow_any_header()
            .expose_headers([
                WWW_AUTHENTICATE.as_str(),
                RETRY_AFTER.as_str(),
                "mcp-session-id",
                "dpop-nonce",
                X_REQUEST_ID,
            ])
            .max_age(3600);
        match &self.0 {
            AllowedOrigins::Any => cors.allow_any_origin().send_wildcard(),
            AllowedOrigins::Only(origins) => origins
                .iter()
                .fold(cors, |cors, origin| cors.allowed_origin(origin)),
        }
    }

    fn allow(&self, origin: &[u8]) -> bool {
        match &self.0 {
            AllowedOrigins::Any => true,
            AllowedOrigins::Only(origins) => {
                origins.iter().any(|allowed| allowed.as_bytes() == origin)
            }
        }
    }
}

/// Answers 403 to a request whose `Origin` is not allowed, as MCP requires against DNS rebinding.
/// Clients other than browsers send no `Origin`.
pub(super) async fn refuse_foreign_origin(
    origins: Data<Origins>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match request.headers().get(ORIGIN) {
        Some(origin) if !origins.allow(origin.as_bytes()) => {
            tracing::info!(?origin, "request refused: its origin is not allowed");
            let response = HttpResponse::Forbidden().json(json!({
                "error": "origin_not_allowed",
                "error_description": "This server does not accept requests from this web origin",
            }));
            Ok(request.into_response(response))
        }
        _ => next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body),
    }
}
