//! The documents that are served, and what a caller sees of them.

mod access;
mod baselines;
mod clearance;
mod metrics;
mod notices;
mod state;

pub use access::ScopeRules;
pub(super) use access::{Access, Caller, Operation, Trust};
pub(super) use clearance::Clearance;
pub use metrics::DocumentMetrics;
pub(super) use notices::Notices;
pub(super) use state::State;
