//! Gives each request an id and, at level debug, a log line.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use rmcp_resource_server::RequestId;
use tokio::time::Instant;

pub(super) const X_REQUEST_ID: &str = "x-request-id";

/// Takes the id that a proxy sent, if it is a sound one, and puts it into the response and, through
/// the request's extensions, into error bodies and log lines.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| RequestId::accept(value.to_str().ok()?))
        .unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    let begun = Instant::now();
    let mut response = next.call(request).await?;
    tracing::debug!(
        request_id = %id,
        method = %response.request().method(),
        path = response.request().path(),
        status = response.status().as_u16(),
        micros = begun.elapsed().as_micros(),
        "request answered"
    );
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        let name = HeaderName::from_static(X_REQUEST_ID);
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
