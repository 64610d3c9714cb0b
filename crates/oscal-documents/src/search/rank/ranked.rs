//! An item with its score.

use std::cmp::Ordering;

use crate::search::indexed::Indexed;

/// The bonus for a control that the query names: more than any sum of other scores.
pub(super) const NAMED_BONUS: f32 = 1000.0;

/// An item and its score.
pub(in crate::search) struct Ranked<'a> {
    pub(in crate::search) indexed: &'a Indexed,
    pub(in crate::search) item: u32,
    pub(in crate::search) score: f32,
    /// The document's position.
    pub(super) position: usize,
}

impl Ranked<'_> {
    /// Higher scores first, then in the order of the documents and of their items.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let scores = other.score.total_cmp(&self.score);
        scores.then((self.position, self.item).cmp(&(other.position, other.item)))
    }
}
