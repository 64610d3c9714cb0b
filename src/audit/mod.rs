//! The audit log: who asked for what, and whether they got it (NIST SP 800-53 AU-2, AU-3). One JSON
//! object a line; with a key, the lines are chained so that tampering shows (AU-9). `docs/audit.md`
//! describes the fields.

mod chain;
mod changes;
mod event;
mod hash;
mod log;
mod queue;
mod repeated;
#[cfg(test)]
mod tests;
pub mod verify;
mod writer;

pub use chain::AuditKey;
pub(crate) use changes::record_changes;
pub(crate) use event::{Event, Outcome, Principal};
pub(crate) use hash::{session_fingerprint, session_fingerprint_of};
pub use log::AuditLog;
pub(crate) use writer::Destination;

/// What happens to requests while the audit log cannot be written (AU-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// They are refused: over HTTP with 503.
    #[default]
    Refuse,
    /// They are answered. A record counts those that are missing, once the log can be written again.
    Continue,
}
