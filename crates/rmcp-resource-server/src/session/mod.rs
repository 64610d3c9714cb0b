//! MCP sessions and streams: who owns a session, how many may exist, and when they end.

pub(crate) mod bounded;
pub(crate) mod seal;
pub(crate) mod stream_guard;
