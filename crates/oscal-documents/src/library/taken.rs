//! The documents of a library while it is loaded: which files are copies of one, and which merely
//! share a uuid.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::document::Document;
use crate::library::loaded_file::{Key, key};
use crate::search::indexed::Indexed;

/// The documents taken so far.
#[derive(Default)]
pub(super) struct Taken(HashMap<Key, SameUuid>);

/// The documents of one uuid and model. Most are alone, and need no digest.
enum SameUuid {
    One(Arc<Indexed>),
    Several(HashMap<u128, Arc<Indexed>>),
}

impl Taken {
    /// The document that says the same as this one, if there is any.
    pub(super) fn copy_of(&self, document: &Document) -> Option<&Arc<Indexed>> {
        let is_twin = |one: &&Arc<Indexed>| one.document.is_twin_of(document);
        match self.0.get(&key(document))? {
            SameUuid::One(one) => {
                let is_copy = one.document.is_copy_of(document)
                    || one.document.digest() == document.digest()
                    || is_twin(&one);
                is_copy.then_some(one)
            }
            SameUuid::Several(all) => {
                let copy = all.get(&document.digest());
                copy.or_else(|| all.values().find(is_twin))
            }
        }
    }

    /// Whether a document has this uuid and model.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }

    /// Takes a document that is not a copy of another one.
    pub(super) fn add(&mut self, document: Arc<Indexed>) {
        let digested = |one: Arc<Indexed>| (one.document.digest(), one);
        match self.0.entry(key(&document.document)) {
            Entry::Vacant(place) => {
                place.insert(SameUuid::One(document));
            }
            Entry::Occupied(mut place) => match place.get_mut() {
                SameUuid::Several(all) => all.extend([digested(document)]),
                SameUuid::One(one) => {
                    let all = [Arc::clone(one), document].map(digested);
                    place.insert(SameUuid::Several(all.into()));
                }
            },
        }
    }
}
