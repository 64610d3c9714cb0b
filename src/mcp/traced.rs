//! Puts MCP requests into traces.

use rmcp::{RoleServer, service::RequestContext};
use rmcp_resource_server::TraceId;
use tracing::Span;

use crate::traces::{McpTarget, RequestSpan, TraceContext, mcp, trace_id};

/// Begins the span of an MCP request. Puts its trace into the extensions, for the audit log: also
/// without export, if the client named it.
pub(super) fn traced(
    context: &mut RequestContext<RoleServer>,
    method: &'static str,
    target: McpTarget<'_>,
) -> Span {
    let parts = context.extensions.get::<http::request::Parts>();
    let request = parts.and_then(|parts| parts.extensions.get::<RequestSpan>());
    let member = |name: &str| context.meta.get(name)?.as_str();
    let meta = member("traceparent")
        .and_then(|parent| TraceContext::new(parent, member("tracestate")))
        // The span of the HTTP request is below this context already.
        .filter(|meta| {
            let header = parts.and_then(|parts| parts.headers.get("traceparent"));
            request.is_none() || !meta.is_in(header)
        });
    let span = mcp(method, target, meta.as_ref(), request);
    let trace = trace_id(&span)
        .or_else(|| meta.map(|meta| meta.trace_id()))
        .or_else(|| parts.and_then(|parts| parts.extensions.get::<TraceId>().copied()));
    if let Some(trace) = trace {
        context.extensions.insert(trace);
    }
    span
}

/// Notes that an MCP request failed.
pub(super) fn failed(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}
