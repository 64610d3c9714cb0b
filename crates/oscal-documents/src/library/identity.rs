//! The ids of documents.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::document::Document;
use crate::document::model::Model;
use crate::library::loaded_file::key;
use crate::library::revision::by_age;
use crate::search::indexed::Indexed;

/// A document, and the names of the files that contain it.
pub(super) struct Found {
    pub(super) document: Arc<Indexed>,
    pub(super) files: Vec<Box<str>>,
}

/// Compares by age, and of the same age by format: what is published as JSON comes before what is
/// read into it.
fn by_rank(one: &Document, other: &Document) -> Ordering {
    by_age(one.info(), other.info()).then_with(|| other.format().cmp(&one.format()))
}

/// Gives each document its id, which is its uuid if nothing else has that.
///
/// If documents of several models share a uuid, the first model keeps it and the others add their
/// model. So a security plan, which some callers may not see, never takes the id of a catalog, and
/// the id of a catalog never reveals a plan.
///
/// If several documents of one model share a uuid, the newest revision keeps it and the others add
/// digits of their content, which are the same in every replica.
pub(super) fn identified(found: Vec<Found>) -> Vec<Arc<Indexed>> {
    let mut first: HashMap<String, Model> = HashMap::new();
    let mut newest: HashMap<_, usize> = HashMap::new();
    for (at, Found { document, .. }) in found.iter().enumerate() {
        let info = document.document.info();
        let key = key(&document.document);
        let model = first.entry(key.0.clone()).or_insert(info.model);
        *model = info.model.min(*model);
        let newest = newest.entry(key).or_insert(at);
        if by_rank(&found[*newest].document.document, &document.document).is_lt() {
            *newest = at;
        }
    }
    let mut ids = HashSet::new();
    let mut identified = Vec::with_capacity(found.len());
    for (at, Found { document, files }) in found.iter().enumerate() {
        let info = document.document.info();
        let key = key(&document.document);
        let mut id = key.0.clone();
        if first.get(&id) != Some(&info.model) {
            id = format!("{id}.{}", info.model);
        }
        let mut superseded_by = None;
        if let Some(newest) = newest.get(&key).filter(|newest| **newest != at) {
            let newer = &found[*newest].document.document;
            let is_older = by_rank(&document.document, newer).is_lt();
            superseded_by = is_older.then(|| id.clone());
            let digits = format!("{:032x}", document.document.digest());
            let short = format!("{id}.{}", &digits[..6]);
            id = if ids.contains(&short) {
                format!("{id}.{digits}")
            } else {
                short
            };
        }
        ids.insert(id.clone());
        let files = files.iter().cloned().collect();
        identified.push(Arc::new(document.placed(id, superseded_by, files)));
    }
    identified
}
