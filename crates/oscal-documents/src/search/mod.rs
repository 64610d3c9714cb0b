//! Ranked search over controls and other entries.
//!
//! Each document has its own postings ([`Segment`]). The statistics for ranking are summed over the
//! documents that take part in a query, so that others cannot influence the scores.
//!
//! A query is taken apart into concepts, each in several wordings ([`AskedFor`]): the words of the
//! query, and what the vocabulary of the field (`vocabulary.txt`) and abbreviations that documents
//! spell out say for them. An item scores for the best wording of each concept. All forms of a word
//! count, since terms are sorted by stem.

mod abbreviations;
pub(crate) mod indexed;
mod indexer;
mod item;
pub(crate) mod near;
mod query;
mod rank;
mod segment;
mod snippet;
mod stem;
mod terms;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::search::indexed::Indexed;
use crate::search::item::Item;
use crate::search::query::AskedFor;
use crate::search::rank::Ranked;

/// What to search for, and where.
///
/// ```
/// use oscal_documents::{Library, Limits, Model, Query};
///
/// let catalog = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001",
///     "metadata": {"title": "House rules"},
///     "controls": [
///         {"id": "ac-1", "title": "Keys", "parts": [{"name": "statement", "prose": "No copies."}]},
///         {"id": "ac-2", "title": "Guests and their keys"}
///     ]
/// }}"#;
/// let library = Library::load(&[("rules.json", catalog)], None, Limits::default())?;
/// let query = Query {
///     text: "key",
///     model: Some(Model::Catalog),
///     limit: 1,
///     ..Query::default()
/// };
/// let hits = library.view(|_| true).search(&query);
/// assert_eq!((hits.items[0].id.as_str(), hits.total), ("ac-1", 2));
/// # Ok::<(), oscal_documents::LoadError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Words, ids and labels of controls. Only the first 1,000 characters count.
    pub text: &'q str,
    /// Only documents of this model.
    pub model: Option<Model>,
    /// Only the document with this id.
    pub document: Option<&'q str>,
    /// The most hits to return.
    pub limit: usize,
}

impl Default for Query<'_> {
    fn default() -> Self {
        Self {
            text: "",
            model: None,
            document: None,
            limit: 10,
        }
    }
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hits {
    /// The best hits, best first; hits with equal scores are in the order of the documents.
    pub items: Vec<Hit>,
    /// How many hits there are in all.
    pub total: usize,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// What it is.
    pub kind: EntryKind,
    /// The id of a control or document, the uuid of anything else; empty if the document gives
    /// none.
    pub id: String,
    /// The label of a control; for an implemented requirement, the id of its control.
    pub label: Option<String>,
    /// The title, or else what it is about and where it is.
    pub title: String,
    /// About 200 characters around the best match, with parameters filled in.
    pub snippet: String,
    /// The id of the document that contains it.
    pub document: String,
    /// The model of that document.
    pub model: Model,
    /// How well it matches (BM25 with additions), plus 1,000 if the query names the control.
    pub score: f32,
}

/// Searches these documents.
pub(crate) fn search(documents: &[&Indexed], query: &Query<'_>) -> Hits {
    let documents: Vec<&Indexed> = documents
        .iter()
        .copied()
        .filter(|indexed| {
            let info = indexed.document.info();
            query.model.is_none_or(|model| model == info.model)
                && query
                    .document
                    .is_none_or(|id| id.trim().eq_ignore_ascii_case(&info.id))
        })
        .collect();
    let asked = AskedFor::of(query.text, &documents);
    let (best, total) = rank::best(&documents, &asked, query.limit);
    Hits {
        items: best.iter().map(|ranked| hit(ranked, &asked)).collect(),
        total,
    }
}

fn hit(ranked: &Ranked<'_>, asked: &AskedFor) -> Hit {
    let document = &ranked.indexed.document;
    let item = Item::at(document, ranked.item);
    Hit {
        kind: item.kind(),
        id: item.id().to_owned(),
        label: item.label().map(str::to_owned),
        title: item.title(),
        snippet: snippet::of(&item.text_for_reading(), asked),
        document: document.info().id.clone(),
        model: document.info().model,
        score: ranked.score,
    }
}
