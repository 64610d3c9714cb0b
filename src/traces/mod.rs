//! OpenTelemetry traces: what is exported, and how requests take part in a trace. `docs/traces.md`
//! describes the spans and the variables.

mod context;
mod export;
mod settings;
mod spans;

pub(crate) use context::{TraceContext, add_headers, trace_id};
pub use export::Traces;
pub use settings::TraceSettings;
pub(crate) use settings::read;
pub(crate) use spans::{McpTarget, RequestSpan, SPANS, mcp, of_request, resolution, validation};
