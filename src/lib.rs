//! The OSCAL MCP server as a library: the binary, the examples and the tests are built from these
//! parts. Imports point one way: `run, doctor, healthcheck -> config, host -> mcp`. The crate
//! [`rmcp_resource_server`] authorizes requests, and the crate [`oscal_documents`] reads OSCAL.

pub mod audit;
pub mod config;
mod content;
pub mod convert;
pub mod doctor;
pub mod healthcheck;
pub mod host;
mod load;
pub mod mcp;
mod options;
mod run;
pub mod telemetry;
pub mod traces;
mod watch;

pub use content::BUILT_IN;
pub use load::load_library;
pub use run::{RunError, run};
