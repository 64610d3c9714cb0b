//! The spans. Their names and attributes follow OpenTelemetry's semantic conventions for HTTP and
//! for MCP. None has a token, an argument, an address or a person's name.

use opentelemetry::trace::TraceContextExt;
use tracing::{Level, Span, field::Empty, info_span, span_enabled};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::context::TraceContext;

/// The target of the spans of this crate.
pub(crate) const SPANS: &str = "oscal_mcp_server::spans";

/// The longest path that is shown, in bytes. Those of this server are shorter.
const LONGEST_PATH: usize = 128;

/// The span of the HTTP request that carried an MCP request, in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestSpan(pub(crate) Span);

/// What an MCP request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum McpTarget<'t> {
    /// A tool, if there is one of that name.
    Tool(Option<&'t str>),
    Other,
}

/// The span of an HTTP request, below the context that its headers name.
pub(crate) fn of_request(
    method: &str,
    path: &str,
    request_id: &str,
    remote: Option<&TraceContext<'_>>,
) -> Span {
    // An orchestrator probes every few seconds.
    if !span_enabled!(target: SPANS, Level::INFO) || matches!(path, "/healthz" | "/readyz") {
        return Span::none();
    }
    let known = known_method(method);
    let span = info_span!(
        target: SPANS,
        parent: None,
        "request",
        otel.name = known.unwrap_or("HTTP"),
        otel.kind = "server",
        http.request.method = known.unwrap_or("_OTHER"),
        url.path = path.get(..LONGEST_PATH).unwrap_or(path),
        url.scheme = "http",
        http.route = Empty,
        http.response.status_code = Empty,
        oscal.request_id = request_id,
        error.type = Empty,
        otel.status_code = Empty,
    );
    if let Some(remote) = remote {
        // This fails only for a span that has begun.
        let _ = span.set_parent(remote.remote());
    }
    span
}

/// A method that is no invention of a stranger.
fn known_method(method: &str) -> Option<&str> {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    KNOWN.contains(&method).then_some(method)
}

impl RequestSpan {
    /// Notes how the request was answered.
    pub(crate) fn answered(&self, method: &str, route: Option<&str>, status: u16) {
        let span = &self.0;
        if let Some(route) = route {
            span.record("http.route", route);
            let method = known_method(method).unwrap_or("HTTP");
            // A span that has begun takes no other `otel.name`.
            span.context()
                .span()
                .update_name(format!("{method} {route}"));
        }
        span.record("http.response.status_code", status);
        if status >= 500 {
            span.record("error.type", status.to_string());
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// The span of an MCP request. Its parent is the context in its `_meta`, which is nearer to it than
/// the one in the headers; then the span of the HTTP request is linked. If both name the same
/// context, or `_meta` names none, the parent is the span of the HTTP request.
pub(crate) fn mcp(
    method: &'static str,
    target: McpTarget<'_>,
    meta: Option<&TraceContext<'_>>,
    request: Option<&RequestSpan>,
) -> Span {
    if !span_enabled!(target: SPANS, Level::INFO) {
        return Span::none();
    }
    let (tool, operation) = match target {
        McpTarget::Tool(tool) => (tool, Some("execute_tool")),
        McpTarget::Other => (None, None),
    };
    let name = match tool {
        Some(tool) => format!("{method} {tool}"),
        None => method.to_owned(),
    };
    let span = info_span!(
        target: SPANS,
        parent: None,
        "mcp",
        otel.name = name,
        otel.kind = "server",
        mcp.method.name = method,
        gen_ai.operation.name = operation,
        gen_ai.tool.name = tool,
        network.transport = if request.is_some() { "tcp" } else { "pipe" },
        error.type = Empty,
        otel.status_code = Empty,
    );
    let around = request.map(|request| request.0.context());
    match (meta, around) {
        (Some(meta), around) => {
            let _ = span.set_parent(meta.remote());
            if let Some(around) = around {
                span.add_link(around.span().span_context().clone());
            }
        }
        (None, Some(around)) => {
            let _ = span.set_parent(around);
        }
        (None, None) => {}
    }
    span
}

/// The span of resolving a profile, below the call that needs it first.
pub(crate) fn resolution(parent: &Span) -> Span {
    if parent.is_none() {
        return Span::none();
    }
    info_span!(target: SPANS, parent: parent, "resolution", otel.name = "resolve profile")
}

/// The span of validating a document, below the current one.
pub(crate) fn validation(bytes: usize) -> Span {
    info_span!(
        target: SPANS,
        "validation",
        otel.name = "validate document",
        oscal.content.bytes = bytes,
    )
}
