//! What operators use: metrics, probes, and an orderly end.

pub(super) mod admin;
pub(super) mod probes;
pub(super) mod shutdown;
