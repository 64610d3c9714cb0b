//! W3C trace context: in from headers and `_meta`, out to the authorization server.

use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_http::HeaderInjector;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use rmcp_resource_server::TraceId;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The longest `tracestate` that is passed on, in bytes: what a receiver should at least take (W3C
/// Trace Context §3.3.1.5). A longer one is dropped; the trace goes on without it.
const LONGEST_STATE: usize = 512;

/// A valid `traceparent`, and the `tracestate` that came with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TraceContext<'c> {
    parent: &'c str,
    state: Option<&'c str>,
    trace: TraceId,
}

impl<'c> TraceContext<'c> {
    /// `None` if `parent` is malformed.
    pub(crate) fn new(parent: &'c str, state: Option<&'c str>) -> Option<Self> {
        Some(Self {
            parent,
            state: state.filter(|state| state.len() <= LONGEST_STATE),
            trace: TraceId::of_traceparent(parent)?,
        })
    }

    /// The trace.
    pub(crate) fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// Whether this is the `traceparent` of that header.
    pub(crate) fn is_in(&self, header: Option<&HeaderValue>) -> bool {
        header.is_some_and(|header| header.as_bytes() == self.parent.as_bytes())
    }

    /// As the parent of a span.
    pub(super) fn remote(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }
}

impl Extractor for TraceContext<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.parent),
            "tracestate" => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Adds the context of the current span to a request.
pub(crate) fn add_headers(headers: &mut HeaderMap) {
    let context = Span::current().context();
    TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(headers));
}

/// The trace of a span, if traces are exported.
pub(crate) fn trace_id(span: &Span) -> Option<TraceId> {
    if span.is_none() {
        return None;
    }
    let context = span.context();
    let id = context.span().span_context().trace_id();
    TraceId::new(u128::from_be_bytes(id.to_bytes()))
}
