//! The outermost layer: gives each request an id and, at level debug, a log line; tells the
//! connection when its answer is complete; adapts answers to what the connection can carry.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Version,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use rmcp_resource_server::{ClientAddress, RequestId, TraceId};
use tokio::time::Instant;
use tracing::Instrument;

use super::{
    client_address::{client_address, forwarded_address},
    connections::{Connection, Connections},
    holding_body::HoldingBody,
    sessions_off::forget_session_id,
};
use crate::traces::{RequestSpan, TraceContext, of_request, trace_id};

pub(super) const X_REQUEST_ID: &str = "x-request-id";

/// Takes the id that a proxy sent, if it is valid, and puts it into the response and, through the
/// request's extensions, into error bodies and log lines. The extensions also get the client's
/// address if it differs from the peer's.
pub(super) async fn observe(
    connections: Data<Connections>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| RequestId::accept(value.to_str().ok()?))
        .unwrap_or_else(RequestId::fresh);
    request.extensions_mut().insert(id.clone());
    if let Some(address) = forwarded_address(request.request()) {
        request.extensions_mut().insert(ClientAddress(address));
    }
    let (span, trace_id) = begin_span(&request, &id);
    if let Some(trace_id) = trace_id {
        request.extensions_mut().insert(trace_id);
    }
    if !span.is_none() {
        request.extensions_mut().insert(RequestSpan(span.clone()));
    }
    forget_session_id(&mut request);
    // This includes an answer that actix makes from an error further out.
    let completed = Completed(request.conn_data::<Rc<Connection>>().cloned());
    let begun = Instant::now();
    let mut response = next.call(request).instrument(span.clone()).await?;
    if !span.is_none() {
        let (request, status) = (response.request(), response.status());
        let route = request.match_pattern();
        RequestSpan(span).answered(request.method().as_str(), route.as_deref(), status.as_u16());
    }
    tracing::debug!(
        request_id = %id,
        trace_id = trace_id.map(tracing::field::display),
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
    let is_old = response.request().version() < Version::HTTP_11;
    let head = response.response_mut().head_mut();
    if is_old {
        // HTTP/1.0 has no chunks (RFC 9112 §6.1): closing the connection ends the body.
        head.no_chunking(true);
    }
    if connections.is_ending()
        || is_old && response.response().body().size() == BodySize::Stream
        || (completed.0.as_ref()).is_some_and(|connection| connection.has_endless_body())
    {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response.map_body(|_, body| HoldingBody::new(body, completed)))
}

/// The span of a request, and its trace. Without export this is the trace that the client named.
fn begin_span(request: &ServiceRequest, id: &RequestId) -> (tracing::Span, Option<TraceId>) {
    let one = |name| {
        let mut values = request.headers().get_all(name);
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    };
    let remote = one("traceparent").and_then(|parent| TraceContext::new(parent, one("tracestate")));
    let (method, path) = (request.method().as_str(), request.path());
    let span = of_request(method, path, id.as_str(), remote.as_ref());
    let trace = trace_id(&span).or_else(|| remote.map(|remote| remote.trace_id()));
    (span, trace)
}

/// rmcp tells nginx not to buffer event streams (`X-Accel-Buffering`). Other proxies hold them back
/// to compress them, which `no-transform` forbids (RFC 9111 §5.2.2.6).
fn pass_events_on_at_once(headers: &mut HeaderMap) {
    let is_stream = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
    if is_stream {
        let value = HeaderValue::from_static("no-cache, no-transform");
        headers.insert(CACHE_CONTROL, value);
    }
}

/// When dropped, tells the connection that its answer is complete.
struct Completed(Option<Rc<Connection>>);

impl Drop for Completed {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.answered();
        }
    }
}
