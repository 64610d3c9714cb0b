//! What tools have in common: pages, names of controls, errors, and bounds that keep every answer
//! small enough for a model's context.

use std::{cmp::Reverse, sync::Arc};

use oscal_documents::{
    Document, LibraryView, Model, OutlineError, ResolveError, TooLarge, UnknownModel,
};
use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
    schemars::{self, JsonSchema},
};
use rmcp_resource_server::{InsufficientScope, NoAccessToken};
use serde::Serialize;

use super::{advice::advice, workers::NotDone};

/// The most items of one page.
pub(super) const MAX_LIMIT: usize = 200;

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Items in the whole list
    pub(super) total: usize,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

impl<T> Page<T> {
    /// Cuts a page from `list`, with the limit a caller asked for or the default.
    pub(super) fn cut(
        list: impl Iterator<Item = T>,
        offset: Option<usize>,
        limit: Option<usize>,
        default_limit: usize,
    ) -> Self {
        let limit = limit.unwrap_or(default_limit).clamp(1, MAX_LIMIT);
        oscal_documents::Page::cut(list, offset.unwrap_or(0), limit).into()
    }
}

impl<T> Page<T> {
    /// The page with something else for each of its items.
    pub(super) fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(other).collect(),
            total: self.total,
            offset: self.offset,
            limit: self.limit,
        }
    }
}

impl<T> From<oscal_documents::Page<T>> for Page<T> {
    fn from(page: oscal_documents::Page<T>) -> Self {
        Self {
            items: page.items,
            total: page.total,
            offset: page.offset,
            limit: page.limit,
        }
    }
}

/// A control by name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ControlName {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    pub(super) title: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub(super) withdrawn: bool,
}

impl From<oscal_documents::ControlName> for ControlName {
    fn from(name: oscal_documents::ControlName) -> Self {
        Self {
            id: name.id,
            label: name.label,
            title: name.title,
            withdrawn: name.withdrawn,
        }
    }
}

/// Why a tool could not do what was asked, for the model to act on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolError {
    #[error("no document has the id {0:?}; list_documents shows the ids")]
    UnknownDocument(String),
    #[error("no control {reference:?} {place}; {advice}")]
    UnknownControl {
        reference: String,
        place: String,
        advice: &'static str,
    },
    #[error("the document {0:?} is not a catalog: it has no controls of its own")]
    NoCatalog(String),
    #[error("no catalog is loaded: {0}")]
    NoCatalogLoaded(&'static str),
    #[error("{name:?} is {error}")]
    UnknownModel { name: String, error: UnknownModel },
    #[error("give either {0} or {1}, not both and not neither")]
    EitherOr(&'static str, &'static str),
    #[error("this answer would have {size} bytes; {mend}")]
    AnswerTooLarge { size: usize, mend: &'static str },
    #[error(transparent)]
    Resolve(#[from] Arc<ResolveError>),
    #[error(transparent)]
    Outline(#[from] OutlineError),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error(transparent)]
    Token(#[from] NoAccessToken),
    #[error(transparent)]
    Scope(#[from] InsufficientScope),
}

impl ToolError {
    /// No control has this name.
    pub(super) fn unknown_control(
        reference: &str,
        place: String,
        documents: &LibraryView<'_>,
    ) -> Self {
        let advice = advice(documents);
        Self::UnknownControl {
            reference: shortened(reference),
            place,
            advice: advice.unwrap_or("try search with words of its title"),
        }
    }
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::error(vec![ContentBlock::text(self.to_string())]).into())
    }
}

/// The model that a caller named.
pub(super) fn model(name: &str) -> Result<Model, ToolError> {
    name.parse().map_err(|error| ToolError::UnknownModel {
        name: shortened(name),
        error,
    })
}

/// The document with the id that a caller named.
pub(super) fn document<'a>(
    documents: &LibraryView<'a>,
    id: &str,
) -> Result<&'a Document, ToolError> {
    documents
        .document(id)
        .ok_or_else(|| ToolError::UnknownDocument(shortened(id)))
}

/// The catalog that a caller named, or the largest.
pub(super) fn catalog<'a>(
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

/// What a caller sent, short enough to be sent back.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Cuts `text` to `limit` bytes, at a character's end. Returns whether something was cut.
pub(super) fn cut(text: &mut String, limit: usize) -> bool {
    let too_long = text.len() > limit;
    if too_long {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    too_long
}
