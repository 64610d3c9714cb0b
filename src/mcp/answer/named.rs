//! Looks up what a caller named: a model, a document, a catalog.

use std::cmp::Reverse;

use oscal_documents::{Document, LibraryView, Model};

use super::{advice::advice, error::ToolError, text::shortened};

/// The model that a caller named.
pub(in crate::mcp) fn model(name: &str) -> Result<Model, ToolError> {
    name.parse().map_err(|error| ToolError::UnknownModel {
        name: shortened(name),
        error,
    })
}

/// The document with the id that a caller named.
pub(in crate::mcp) fn document<'a>(
    documents: &LibraryView<'a>,
    id: &str,
) -> Result<&'a Document, ToolError> {
    documents
        .document(id)
        .ok_or_else(|| ToolError::UnknownDocument(shortened(id)))
}

/// The catalog that a caller named, or the largest.
pub(in crate::mcp) fn catalog<'a>(
    documents: &LibraryView<'a>,
    id: Option<&str>,
) -> Result<&'a Document, ToolError> {
    let Some(id) = id else {
        return documents
            .documents()
            .filter(|document| document.controls().len() > 0)
            .min_by_key(|document| Reverse(document.controls().len()))
            .ok_or_else(|| {
                let advice = advice(documents);
                ToolError::NoCatalogLoaded(advice.unwrap_or("list_documents shows what is"))
            });
    };
    let named = document(documents, id)?;
    let has_controls = named.controls().len() > 0;
    has_controls
        .then_some(named)
        .ok_or_else(|| ToolError::NoCatalog(named.info().id.clone()))
}
