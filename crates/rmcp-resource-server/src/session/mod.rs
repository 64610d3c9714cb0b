//! MCP sessions: who owns one, and how many there may be.

pub(crate) mod bounded;
pub(crate) mod seal;
