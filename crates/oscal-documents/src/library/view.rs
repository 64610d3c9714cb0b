//! The documents that a caller may see.

use crate::control::Control;
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::search::indexed::Indexed;
use crate::search::{self, Hits, Query};

/// The documents of a [`Library`](crate::Library) that a caller may see: those from the directory,
/// by file name, then the built-in ones.
///
/// Hidden documents do not influence any answer.
///
/// ```
/// use oscal_documents::{Library, Limits, Model, Query};
///
/// let documents = [
///     ("rules.json", r#"{"catalog": {
///         "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
///         "controls": [{"id": "ac-1", "title": "Keys"}]}}"#),
///     ("plan.json", r#"{"system-security-plan": {
///         "uuid": "00000000-0000-4000-8000-000000000002", "metadata": {"title": "Secret"},
///         "control-implementation": {"implemented-requirements": [
///             {"uuid": "r", "control-id": "ac-1", "description": "The keys are in the cellar."}]}}}"#),
/// ];
/// let library = Library::load(&documents, None, Limits::default())?;
/// let query = Query { text: "keys", ..Query::default() };
/// assert_eq!(library.view(|_| true).search(&query).total, 2);
/// let public = library.view(|info| info.model != Model::SystemSecurityPlan);
/// assert_eq!(public.search(&query).total, 1);
/// # Ok::<(), oscal_documents::LoadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LibraryView<'a> {
    pub(super) documents: Vec<&'a Indexed>,
}

/// What kind of documents a view contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Documents from a directory.
    Documents,
    /// Only those that come with the program.
    BuiltInOnly,
    /// None.
    Nothing,
}

impl<'a> LibraryView<'a> {
    /// What kind of documents the view contains.
    pub fn contents(&self) -> Contents {
        match &self.documents[..] {
            [] => Contents::Nothing,
            documents if documents.iter().all(|d| d.document.info().built_in) => {
                Contents::BuiltInOnly
            }
            _ => Contents::Documents,
        }
    }

    /// The documents.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = &'a Document> {
        self.documents.iter().map(|indexed| &indexed.document)
    }

    /// The document with this id, in any case.
    pub fn document(&self, id: &str) -> Option<&'a Document> {
        let id = id.trim();
        self.documents()
            .find(|document| document.info().id.eq_ignore_ascii_case(id))
    }

    /// The controls with this id or label in any common notation, in the order of the documents.
    /// There is more than one if several documents have such a control. If there is none, a number
    /// alone means the control that is numbered so, as in [`Document::find_controls`], unless
    /// documents number different controls so.
    pub fn find_controls(&self, reference: &str) -> Vec<Control<'a>> {
        let named = self.documents();
        let named = named.flat_map(|document| document.named_controls(reference));
        let named: Vec<_> = named.collect();
        if !named.is_empty() {
            return named;
        }
        let numbered = self.documents();
        let numbered = numbered.flat_map(|document| document.numbered_controls(reference));
        let mut numbered: Vec<_> = numbered.collect();
        let mut keys = numbered.iter().map(|control| control_key(control.id()));
        let first = keys.next();
        if keys.any(|key| Some(key) != first) {
            numbered.clear();
        }
        numbered
    }

    /// Searches controls, components, implemented requirements and so on, best hits first.
    pub fn search(&self, query: &Query<'_>) -> Hits {
        search::search(&self.documents, query)
    }

    /// Words of the documents that differ in a letter or two from the words of a query that none
    /// of them has: what to suggest when a search finds nothing.
    ///
    /// ```
    /// # use oscal_documents::{Library, Limits};
    /// # let catalog = r#"{"catalog": {
    /// #     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
    /// #     "controls": [{"id": "ac-1", "title": "Balcony keys"}]}}"#;
    /// # let library = Library::load(&[("rules.json", catalog)], None, Limits::default())?;
    /// let view = library.view(|_| true);
    /// assert_eq!(view.near_words("the balcny"), ["balcony"]);
    /// # Ok::<(), oscal_documents::LoadError>(())
    /// ```
    pub fn near_words(&self, text: &str) -> Vec<String> {
        search::near::near_words(&self.documents, text)
    }
}
