//! Looks up what a caller named: a model, a document, a catalog.

use std::cmp::Reverse;

use oscal_documents::{Document, LibraryView, Model, Unnamed};

use super::{
    advice::advice,
    error::ToolError,
    text::{listed, shortened},
};

/// The longest name that is looked up.
const MAX_NAME: usize = 1_000;

/// How many documents an error names.
const MAX_NAMED: usize = 5;

/// The model that a caller named.
pub(in crate::mcp) fn model(name: &str) -> Result<Model, ToolError> {
    name.parse().map_err(|error| ToolError::UnknownModel {
        name: shortened(name),
        error,
    })
}

/// The document that a caller named by id, title or file name.
pub(in crate::mcp) fn document<'a>(
    documents: &LibraryView<'a>,
    name: &str,
) -> Result<&'a Document, ToolError> {
    named(documents, name, &[])
}

/// The document that a caller named by id, title or file name where one of this model is expected.
/// The caller of this function checks its model: an id means the document that has it.
pub(in crate::mcp) fn document_of<'a>(
    documents: &LibraryView<'a>,
    name: &str,
    model: Model,
) -> Result<&'a Document, ToolError> {
    named(documents, name, &[model])
}

/// The catalog that a caller named, or the largest.
pub(in crate::mcp) fn catalog<'a>(
    documents: &LibraryView<'a>,
    name: Option<&str>,
) -> Result<&'a Document, ToolError> {
    let Some(name) = name else {
        return documents
            .documents()
            .filter(|document| document.controls().len() > 0)
            .min_by_key(|document| preference(document))
            .ok_or_else(|| {
                let advice = advice(documents);
                ToolError::NoCatalogLoaded(advice.unwrap_or("list_documents shows what is"))
            });
    };
    let named = document_of(documents, name, Model::Catalog)?;
    let has_controls = named.controls().len() > 0;
    has_controls
        .then_some(named)
        .ok_or_else(|| ToolError::NoCatalog(title(named)))
}

/// By how much a document is preferred to others that a caller may mean, least first: the newest
/// revisions, and of these the document with the most controls.
pub(in crate::mcp) fn preference(document: &Document) -> (bool, Reverse<usize>) {
    let is_old = document.info().superseded_by.is_some();
    (is_old, Reverse(document.controls().len()))
}

fn named<'a>(
    documents: &LibraryView<'a>,
    name: &str,
    models: &[Model],
) -> Result<&'a Document, ToolError> {
    let start: String = name.chars().take(MAX_NAME).collect();
    documents
        .named(&start, models)
        .map_err(|unnamed| match unnamed {
            Unnamed::Ambiguous(candidates, total) => ToolError::AmbiguousDocument {
                name: shortened(name),
                candidates: titles(&candidates, total),
            },
            Unnamed::Unknown(near) if near.is_empty() => {
                ToolError::UnknownDocument(shortened(name))
            }
            Unnamed::Unknown(near) => ToolError::UnlikeDocument {
                name: shortened(name),
                near: titles(&near, near.len()),
            },
            _ => ToolError::UnknownDocument(shortened(name)),
        })
}

/// Title, version, model and id of a document.
pub(in crate::mcp) fn title(document: &Document) -> String {
    let info = document.info();
    let version = match &*info.version {
        "" => String::new(),
        version => format!(" {version:.40}"),
    };
    let (model, id) = (info.model, &info.id);
    format!("\"{:.100}\"{version} ({model} {id})", info.title)
}

fn titles(documents: &[&Document], total: usize) -> String {
    let first = documents.iter().take(MAX_NAMED).copied().map(title);
    listed(first, total)
}
