//! What tools have in common: pages, names of controls, errors, and bounds that keep every answer
//! small enough for a model's context.

use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
    schemars::{self, JsonSchema},
};
use serde::Serialize;

use crate::oscal::{self, Document, LibraryView};

/// The most items of one page.
pub(super) const MAX_LIMIT: usize = 200;

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Page<T> {
    /// The items from `offset` on
    pub(super) items: Vec<T>,
    /// Items in the whole list
    pub(super) total: usize,
    /// Items before these
    pub(super) offset: usize,
    /// Most items of a page
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
        let page = oscal::Page::cut(list, offset.unwrap_or(0), limit);
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
    /// Such as ac-2.1
    pub(super) id: String,
    /// Such as AC-2(1)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    pub(super) title: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub(super) withdrawn: bool,
}

impl From<oscal::ControlName> for ControlName {
    fn from(name: oscal::ControlName) -> Self {
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
    #[error("no control {reference:?} {place}; try search with words of its title")]
    UnknownControl { reference: String, place: String },
    #[error("the document {0:?} is not a catalog: it has no controls of its own")]
    NoCatalog(String),
    #[error("no catalog is loaded")]
    NoCatalogLoaded,
    #[error(
        "{0:?} is no OSCAL model; use one of catalog, profile, mapping-collection, \
             component-definition, system-security-plan, assessment-plan, assessment-results, \
             plan-of-action-and-milestones"
    )]
    UnknownModel(String),
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::error(vec![ContentBlock::text(self.to_string())]).into())
    }
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

/// What a caller sent, short enough to be sent back.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
