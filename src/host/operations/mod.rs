//! For operators: metrics, probes and graceful shutdown.

pub(super) mod admin;
pub(super) mod probes;
pub(super) mod shutdown;
