//! What a client and an authorization server see of a protected MCP server, over real sockets. The
//! number in a test's name is that of the control in the resource-server checklist.

mod breaker;
mod cache;
mod certificates;
mod challenges;
mod client_keys;
mod cors;
mod diagnose;
mod discovery;
mod dpop;
mod dpop_sessions;
mod failure;
mod forwarding;
mod hostile;
mod intake;
mod introspection_request;
mod introspection_response;
mod jwt;
mod jwt_keys;
mod limits;
mod logout;
mod metadata;
mod moved;
mod policy;
mod queue;
mod revocation;
mod rotation;
mod session_owner;
mod sessions;
mod shared_store;
mod signed_introspection;
mod single_flight;
mod stale_connections;
#[expect(dead_code, reason = "the other framework is chosen by `on_tower`")]
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod userinfo;

/// The web framework under the server. `on_tower` runs the tests that depend on it on the other
/// one.
const FRAMEWORK: support::Framework = support::Framework::Actix;
