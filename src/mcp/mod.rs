//! What clients see: the MCP server. Tools, one file each, resources, prompts, completion.
//!
//! Imports point one way: `handler -> tools, prompts, completion, resources -> server -> documents
//! -> answer -> workers`. The handler dispatches; the server holds what requests need.

mod answer;
mod audited;
mod changes;
mod completion;
mod documents;
mod handler;
mod prompts;
mod resource_uri;
mod resources;
mod server;
mod tool_metrics;
mod tools;
mod traced;
mod workers;

pub(crate) use answer::advice;
pub use changes::Announcements;
pub use documents::{DocumentMetrics, ScopeRules};
pub use server::OscalServer;
pub use tool_metrics::ToolMetrics;
