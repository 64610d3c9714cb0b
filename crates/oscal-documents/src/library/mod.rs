//! The loaded documents.

mod identity;
pub(crate) mod listing;
mod load;
mod loaded_file;
mod loader;
pub(crate) mod naming;
pub(crate) mod problem;
mod revision;
mod taken;
#[cfg(test)]
mod tests;
pub(crate) mod view;

use std::collections::HashSet;
use std::sync::Arc;

use crate::document::info::DocumentInfo;
use crate::document::model::Model;
use crate::library::listing::{Entries, Listing};
use crate::library::loaded_file::LoadedFile;
use crate::library::problem::Problem;
use crate::library::view::LibraryView;
use crate::search::indexed::Indexed;

/// An immutable snapshot of all loaded documents. Clones share it.
///
/// All queries go through a [`LibraryView`], which shows the documents that a predicate accepts.
///
/// ```
/// use std::{collections::HashSet, fs};
///
/// use oscal_documents::{Library, Limits, Listing};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let temporary = tempfile::tempdir()?;
/// # let directory = temporary.path();
/// let rules = |title: &str| {
///     format!(
///         r#"{{"catalog": {{"uuid": "00000000-0000-4000-8000-000000000001",
///              "metadata": {{"title": "{title}"}}}}}}"#
///     )
/// };
/// fs::write(directory.join("rules.json"), rules("House rules"))?;
/// let first = Library::load(&[], Some(directory), Limits::default())?;
///
/// // Half a file never replaces a document; the library says what is wrong.
/// fs::write(directory.join("rules.json"), "{")?;
/// let listing = Listing::of(directory, Limits::default())?;
/// let second = first.reload(&[], &listing, &HashSet::new(), Limits::default());
/// assert_eq!(second.problems()[0].file, "rules.json");
/// let titles = |library: &Library| -> Vec<String> {
///     let view = library.view(|info| !info.built_in);
///     view.documents().map(|document| document.info().title.clone()).collect()
/// };
/// assert_eq!(titles(&second), ["House rules"]);
///
/// fs::write(directory.join("rules.json"), rules("New house rules"))?;
/// let listing = Listing::of(directory, Limits::default())?;
/// let third = second.reload(&[], &listing, &HashSet::new(), Limits::default());
/// assert_eq!(titles(&third), ["New house rules"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Library {
    documents: Arc<[Arc<Indexed>]>,
    problems: Arc<[Problem]>,
    skipped: Arc<[Problem]>,
    /// What is known about the files of the directory.
    files: Arc<[LoadedFile]>,
    /// The state of the directory when the library was loaded.
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

    /// The state of the directory when the library was loaded.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Whether every profile resolves to the same result in both: catalogs and profiles are the
    /// same, and imports find the same documents.
    pub fn resolves_as(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Arc<Indexed>, &Arc<Indexed>)| {
            let (one, other) = (&one.document, &other.document);
            let imported = matches!(one.info().model, Model::Catalog | Model::Profile);
            let is_named_alike = || {
                let names =
                    [one, other].map(|document| (&document.info().id, document.info().model));
                names[0] == names[1] && one.files().eq(other.files())
            };
            one.is(other) || (!imported && is_named_alike())
        };
        self.documents.len() == other.documents.len()
            && self.documents.iter().zip(&*other.documents).all(is_same)
    }

    /// How many files were read for this library. After a [`reload`](Self::reload), only changed
    /// files count.
    pub fn files_read(&self) -> usize {
        self.files_read
    }

    /// The files in formats other than JSON, YAML and XML.
    pub fn skipped(&self) -> &[Problem] {
        &self.skipped
    }

    /// The files that are not served, or only in part. Show them to operators only: a problem may name a document
    /// that a caller may not see.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The documents that `visible` accepts. Hidden documents do not influence any answer of the
    /// view.
    pub fn view(&self, visible: impl Fn(&DocumentInfo) -> bool) -> LibraryView<'_> {
        let documents = self.documents.iter().map(Arc::as_ref);
        LibraryView {
            documents: documents.filter(|d| visible(d.document.info())).collect(),
        }
    }
}
