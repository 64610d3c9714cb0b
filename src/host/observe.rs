//! Gives each request an id and, at level debug, a log line; keeps proxies from holding events back.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
};
use rmcp_resource_server::RequestId;
use tokio::time::Instant;

use super::{client_address::client_address, sessions_off::forget_session_id};

pub(super) const X_REQUEST_ID: &str = "x-request-id";

/// Takes the id that a proxy sent, if it is a sound one, and puts it into the response and, through
/// the request's extensions, into error bodies and log lines.
pub(super) async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| RequestId::accept(value.to_str().ok()?))
        .unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    forget_session_id(&mut request);
    let begun = Instant::now();
    let mut response = next.call(request).await?;
    tracing::debug!(
        request_id = %id,
        client = client_address(response.request()).map(tracing::field::display),
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
    pass_events_on_at_once(response.headers_mut());
    Ok(response)
}

/// rmcp forbids nginx to buffer event streams (`X-Accel-Buffering`). Other proxies hold them back
/// in order to compress them, which `no-transform` forbids (RFC 9111 §5.2.2.6).
fn pass_events_on_at_once(headers: &mut HeaderMap) {
    let is_stream = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    if is_stream {
        let value = HeaderValue::from_static("no-cache, no-transform");
        headers.insert(CACHE_CONTROL, value);
    }
}
