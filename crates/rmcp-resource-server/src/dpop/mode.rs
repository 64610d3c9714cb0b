//! Whether tokens may be bound to a key.

/// Whether tokens may, or must, be bound to a key of their client (RFC 9449).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dpop {
    /// Only bearer tokens are accepted. A bound token is refused.
    #[default]
    Off,
    /// A bound token is accepted with a proof of its key, and never without. Bearer tokens are
    /// accepted too.
    Allowed,
    /// Only bound tokens are accepted.
    Required,
}
