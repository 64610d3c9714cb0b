//! What assessments plan and find, what is to be done about it, and what a system consists of:
//! findings, observations, risks, POA&M items, tasks; inventory items, users and leveraged
//! authorizations.
//!
//! ```text
//! query ─> graph ─> stated, matches ─> filter, item
//!   │
//!   └────> inherited
//! ```

pub(crate) mod filter;
mod graph;
mod inherited;
pub(crate) mod item;
mod matches;
pub(crate) mod query;
mod stated;
#[cfg(test)]
mod tests;
