//! What a client and an authorization server see of a protected MCP server, over real sockets.
//! The number in a test's name is the control's in the resource-server checklist.

mod intake;
#[path = "../support/mod.rs"]
mod support;
