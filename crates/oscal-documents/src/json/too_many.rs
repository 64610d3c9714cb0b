//! A limit on how many things of one kind a document may have.

/// How many controls a document may have; likewise groups, parameters, and so on. SP 800-53 has
/// 1,196 controls with 1,600 parameters.
pub(crate) const MAX_ITEMS: usize = 100_000;

/// The document has more of these than allowed.
#[derive(Debug)]
pub(crate) struct TooMany(pub(crate) &'static str);

impl TooMany {
    /// An error if `items` already has the maximum number of `what`.
    pub(crate) fn if_full<T>(items: &[T], what: &'static str) -> Result<(), Self> {
        if items.len() < MAX_ITEMS {
            Ok(())
        } else {
            Err(Self(what))
        }
    }
}
