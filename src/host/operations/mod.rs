//! For operators: metrics, probes and graceful shutdown.

pub(super) mod admin;
pub(super) mod logout;
pub(super) mod probes;
pub(super) mod revoke;
pub(super) mod shutdown;
