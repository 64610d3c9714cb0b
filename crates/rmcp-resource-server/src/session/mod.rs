//! MCP sessions and streams: who owns a session, how many may exist, and when they end.

pub(crate) mod bounded;
pub(crate) mod owner;
pub(crate) mod seal;
#[cfg(feature = "redis")]
pub(crate) mod shared;
pub(crate) mod stream_guard;
