//! Two authorization servers for development and tests, never part of a shipped binary.
//!
//! [`FakeAuthorizationServer`] is scripted: a test tells it what to answer (slowly, wrongly, not at
//! all) and reads back what it was asked. [`DevAuthorizationServer`] is a small real one, with
//! which MCP clients go through the whole authorization flow on a developer's machine.
//!
//! Both run on a thread of their own, so they answer under any runtime of the caller, blocked or
//! not, and listen on `127.0.0.1` only.

mod client_credentials;
mod clock;
mod dev;
mod fake;
mod server_thread;
mod signing_key;

pub use dev::{DevAuthorizationServer, DevClient, DevConfig};
pub use fake::{
    ExpectedClient, FakeAuthorizationServer, FakeConfig, Gate, MetadataForm, RecordedRequest, Reply,
};
pub use signing_key::{SigningKey, compact, jwks};
