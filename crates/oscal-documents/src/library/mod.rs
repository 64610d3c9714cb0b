//! The loaded documents.

pub(crate) mod listing;
mod load;
mod loaded_file;
mod loader;
pub(crate) mod problem;
#[cfg(test)]
mod tests;
pub(crate) mod view;

use std::collections::HashSet;
use std::sync::Arc;

use crate::document::Document;
use crate::document::info::DocumentInfo;
use crate::document::model::Model;
use crate::library::listing::{Entries, Listing};
use crate::library::loaded_file::LoadedFile;
use crate::library::problem::Problem;
use crate::library::view::LibraryView;
use crate::search::indexed::Indexed;

/// An immutable snapshot of all loaded documents. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Library {
    documents: Arc<[Arc<Indexed>]>,
    problems: Arc<[Problem]>,
    skipped: Arc<[Problem]>,
    /// What is known of the files of the directory.
    files: Arc<[LoadedFile]>,
    /// The state of the directory that it is of.
    entries: Arc<Entries>,
    files_read: usize,
}

impl Library {
    /// Whether [`reload`](Self::reload) would change nothing.
    pub fn is_of(&self, listing: &Listing, held: &HashSet<String>) -> bool {
        let entries = listing.entries();
        let names = entries.keys().chain(self.entries.keys());
        let mut names = names.filter(|name| !held.contains(*name));
        names.all(|name| entries.get(name) == self.entries.get(name))
            && *self.skipped == listing.skipped
    }

    /// The state of the directory that it is of.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Whether profiles come to the same with both: catalogs and profiles are the same, and imports
    /// find what they found.
    pub fn resolves_as(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Arc<Indexed>, &Arc<Indexed>)| {
            let (one, other) = (&one.document, &other.document);
            let imported = matches!(one.info().model, Model::Catalog | Model::Profile);
            let name = |document: &Document| {
                let info = document.info();
                (document.file().to_owned(), info.id.clone(), info.model)
            };
            one.is(other) || (!imported && name(one) == name(other))
        };
        self.documents.len() == other.documents.len()
            && self.documents.iter().zip(&*other.documents).all(is_same)
    }

    /// How many files were read for this library; fewer than there are if it was made from another.
    pub fn files_read(&self) -> usize {
        self.files_read
    }

    /// The files in other formats than JSON.
    pub fn skipped(&self) -> &[Problem] {
        &self.skipped
    }

    /// The files that are not served. They are for operators: a problem may name a document that
    /// a caller may not see.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The documents that `visible` accepts. What it hides has no influence on anything that the
    /// view answers.
    pub fn view(&self, visible: impl Fn(&DocumentInfo) -> bool) -> LibraryView<'_> {
        let documents = self.documents.iter().map(Arc::as_ref);
        LibraryView {
            documents: documents.filter(|d| visible(d.document.info())).collect(),
        }
    }
}
