//! Parts that several answers share: pages of lists, and names of controls.

use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

/// The most items on a page.
pub(in crate::mcp) const MAX_LIMIT: usize = 200;

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp) struct Page<T> {
    pub(in crate::mcp) items: Vec<T>,
    /// Items in the whole list
    pub(in crate::mcp) total: usize,
    pub(in crate::mcp) offset: usize,
    pub(in crate::mcp) limit: usize,
}

impl<T> Page<T> {
    /// Cuts a page from `list`, with the limit that the caller asked for or the default.
    pub(in crate::mcp) fn cut(
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
    /// Converts each item of the page.
    pub(in crate::mcp) fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
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
pub(in crate::mcp) struct ControlName {
    pub(in crate::mcp) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::mcp) label: Option<String>,
    pub(in crate::mcp) title: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    pub(in crate::mcp) withdrawn: bool,
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
