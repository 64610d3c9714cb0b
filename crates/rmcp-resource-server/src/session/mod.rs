//! MCP sessions and streams: who owns one, how many there may be, and when they end.

pub(crate) mod bounded;
pub(crate) mod seal;
pub(crate) mod stream_guard;
