//! A bound on how many things of a kind a document has.

/// How many controls a document may have, or groups, or parameters, and so on. SP 800-53 has
/// 1,196 controls with 1,600 parameters.
pub(crate) const MAX_ITEMS: usize = 100_000;

/// There are more of these than a document may have.
#[derive(Debug)]
pub(crate) struct TooMany(pub(crate) &'static str);

impl TooMany {
    /// An error if `items` has as many of `what` as a document may have.
    pub(crate) fn if_full<T>(items: &[T], what: &'static str) -> Result<(), Self> {
        if items.len() < MAX_ITEMS {
            Ok(())
        } else {
            Err(Self(what))
        }
    }
}
