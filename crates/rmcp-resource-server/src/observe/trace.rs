//! Traces: the spans that this crate adds to those of its host, and the id that ties them to log lines.
//!
//! Spans are `tracing` spans of the target [`SPANS`], so any subscriber can take them or leave them.
//! They contain neither tokens nor claims. Without a span of the host there are none: background
//! work, such as checking the token of an open stream again, would make a trace of its own each time.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method};
use tracing::{Level, Span, field::Empty, info_span, span_enabled};
use url::Url;

/// The target of the spans of this crate: `verification` of a token, and the request to the
/// authorization server that it may cause. Their fields are named like OpenTelemetry attributes;
/// `otel.name`, `otel.kind` and `otel.status_code` are for `tracing-opentelemetry`.
pub const SPANS: &str = "rmcp_resource_server::spans";

/// Adds headers such as `traceparent` to a request to the authorization server. Called within the
/// span of that request.
pub type TraceHeadersHook = Arc<dyn Fn(&mut HeaderMap) + Send + Sync>;

/// The id of the trace that a request belongs to, in log lines and in the bodies of 5xx answers. An
/// outer middleware may put one into the request's extensions; without it, neither names one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// The id in a `traceparent` header (W3C Trace Context §3.2.2), `None` if the header is
    /// malformed: a receiver then acts as if it had not been sent (§4.2).
    ///
    /// ```
    /// use rmcp_resource_server::TraceId;
    ///
    /// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let id = TraceId::of_traceparent(header).expect("valid");
    /// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// ```
    pub fn of_traceparent(header: &str) -> Option<Self> {
        let mut fields = header.split('-');
        let version = hexadecimal(fields.next()?, 2)?;
        let trace = hexadecimal(fields.next()?, 32)?;
        let parent = hexadecimal(fields.next()?, 16)?;
        hexadecimal(fields.next()?, 2)?;
        // A later version may append fields.
        let is_known = match version {
            0 => fields.next().is_none(),
            0xff => false,
            _later => true,
        };
        (is_known && parent != 0).then_some(())?;
        Self::new(trace)
    }

    /// The id, unless it is zero, which is not valid.
    pub fn new(id: u128) -> Option<Self> {
        (id != 0).then_some(Self(id))
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// The value of exactly `digits` lower-case hexadecimal digits.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() == digits && text.bytes().all(is_digit);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// The span of one verification, if the request has a span.
pub(crate) fn verification() -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(
        target: SPANS,
        "verification",
        otel.name = "verify token",
        token.cache = Empty,
        token.outcome = Empty,
        otel.status_code = Empty,
    )
}

/// The span of one request to the authorization server, if it is on behalf of a request with a span.
pub(crate) fn client_request(method: &Method, url: &Url) -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(
        target: SPANS,
        "client_request",
        otel.name = format!("{method} {}", url.path()),
        otel.kind = "client",
        http.request.method = method.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        http.response.status_code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// Tells the current verification where the cache found the answer.
pub(crate) fn note_cache(found: &'static str) {
    if span_enabled!(target: SPANS, Level::INFO) {
        Span::current().record("token.cache", found);
    }
}

/// A disabled call site costs one comparison.
fn is_traced() -> bool {
    span_enabled!(target: SPANS, Level::INFO) && !Span::current().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_malformed_traceparent_counts_as_none() {
        let zeros = "0".repeat(32);
        for (header, is_valid) in [
            (format!("00-{TRACE}-{PARENT}-01"), true),
            (format!("00-{TRACE}-{PARENT}-00"), true),
            (format!("00-{TRACE}-{PARENT}-ff"), true),
            // A later version may have more.
            (format!("01-{TRACE}-{PARENT}-01"), true),
            (format!("cc-{TRACE}-{PARENT}-01-more"), true),
            (format!("00-{TRACE}-{PARENT}-01-more"), false),
            (format!("00-{TRACE}-{PARENT}-01-"), false),
            (format!("ff-{TRACE}-{PARENT}-01"), false),
            (format!("0-{TRACE}-{PARENT}-01"), false),
            (format!("00-{zeros}-{PARENT}-01"), false),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), false),
            (format!("00-{}-{PARENT}-01", TRACE.to_uppercase()), false),
            (format!("00-{}-{PARENT}-01", &TRACE[1..]), false),
            (format!("00-{TRACE}0-{PARENT}-01"), false),
            (format!("00-{TRACE}-{PARENT}"), false),
            (format!("00-{TRACE}-{PARENT}-1"), false),
            (format!("00-{TRACE}-{PARENT}-0g"), false),
            (format!("00-+{}-{PARENT}-01", &TRACE[1..]), false),
            (format!(" 00-{TRACE}-{PARENT}-01"), false),
            (format!("00_{TRACE}_{PARENT}_01"), false),
            (format!("00-{TRACE}é-{PARENT}-01"), false),
            ("-".repeat(10_000), false),
            (String::new(), false),
        ] {
            let id = TraceId::of_traceparent(&header).map(|id| id.to_string());
            assert_eq!(id.as_deref(), is_valid.then_some(TRACE), "{header}");
        }
    }
}
