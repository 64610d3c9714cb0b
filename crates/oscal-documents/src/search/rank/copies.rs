//! Copies of a control in several documents: a catalog, and catalogs that profiles resolve to.

use std::collections::HashMap;

use crate::document::entry_kind::EntryKind;
use crate::search::item::Item;
use crate::search::rank::ranked::{NAMED_BONUS, Ranked};

/// How many times more hits than asked for are examined, so that others can take the places of
/// copies.
pub(super) const POOL: usize = 10;

/// What is left of the score of a copy, for each one that is better.
const COPY: f32 = 0.5;

/// Puts back the copies among hits, which are sorted, so that the first places show different
/// things. Controls that the query names stay.
pub(super) fn put_back(ranked: &mut [Ranked<'_>]) {
    let mut seen: HashMap<(EntryKind, &str, String), i32> = HashMap::new();
    for hit in &mut *ranked {
        let item = Item::at(&hit.indexed.document, hit.item);
        let copies = seen
            .entry((item.kind(), item.id(), item.title()))
            .or_default();
        if hit.score < NAMED_BONUS {
            hit.score *= COPY.powi(*copies);
        }
        *copies += 1;
    }
    ranked.sort_unstable_by(Ranked::order);
}
