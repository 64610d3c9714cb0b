//! Verifiers: each finds out what stands behind a bearer token.

pub(crate) mod cache;
pub(crate) mod config;
pub(crate) mod elsewhere;
pub(crate) mod gate;
pub(crate) mod introspection;
#[cfg(feature = "jwt")]
pub(crate) mod jwt;
pub(crate) mod shell;
pub(crate) mod start_error;
#[cfg(feature = "userinfo")]
pub(crate) mod userinfo;
pub(crate) mod verifier;
