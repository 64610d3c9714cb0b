//! Counts tool calls. Labels are names of existing tools, never what a client sent.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use rmcp::{ErrorData, model::CallToolResponse};
use tokio::time::Instant;

/// Stands for every tool that does not exist: clients may send any name.
const UNKNOWN_TOOL: &str = "unknown";

/// Counters of tool calls, shared by all clones.
#[derive(Debug, Clone)]
pub struct ToolMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Family<ToolLabel, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    tool: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolLabel {
    tool: &'static str,
}

impl Default for ToolMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            // From a look-up in memory to the validation of a document of several megabytes.
            seconds: Family::new_with_constructor(|| {
                Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0])
            }),
        }
    }
}

impl ToolMetrics {
    /// Registers every counter under its public name.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "tool_calls",
            "Tool calls, by tool and outcome: success, error (reported by the tool, including \
             missing scopes), refused (no such tool, wrong parameters), cancelled (the client went \
             away)",
            self.calls.clone(),
        );
        registry.register(
            "tool_call_duration_seconds",
            "Duration of a tool call, by tool",
            self.seconds.clone(),
        );
    }

    /// Starts timing a call of `tool`; `None` if there is no such tool.
    pub(super) fn begin(&self, tool: Option<&'static str>) -> Call<'_> {
        Call {
            metrics: self,
            tool: tool.unwrap_or(UNKNOWN_TOOL),
            outcome: "cancelled",
            begun: Instant::now(),
        }
    }

    fn ended(&self, tool: &'static str, outcome: &'static str, took: Duration) {
        (self.calls.get_or_create(&CallLabels { tool, outcome })).inc();
        (self.seconds.get_or_create(&ToolLabel { tool })).observe(took.as_secs_f64());
    }
}

/// How a call ended that was answered.
pub(super) fn outcome(answer: &Result<CallToolResponse, ErrorData>) -> &'static str {
    match answer {
        Ok(CallToolResponse::Complete(result)) if result.is_error == Some(true) => "error",
        Ok(_) => "success",
        Err(_) => "refused",
    }
}

/// A running call. It counts when dropped: as cancelled, unless it was answered.
pub(super) struct Call<'a> {
    metrics: &'a ToolMetrics,
    tool: &'static str,
    outcome: &'static str,
    begun: Instant,
}

impl Call<'_> {
    pub(super) fn answered(&mut self, answer: &Result<CallToolResponse, ErrorData>) {
        self.outcome = outcome(answer);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        (self.metrics).ended(self.tool, self.outcome, self.begun.elapsed());
    }
}
