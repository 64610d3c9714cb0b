//! The adapter for actix-web.

pub(crate) mod body;
pub(crate) mod convert;
#[cfg(feature = "jwt")]
mod logout;
pub(crate) mod mcp;
pub(crate) mod metadata;
pub(crate) mod middleware;
