//! The adapter for actix-web.

pub(crate) mod middleware;
pub(crate) mod stream;
