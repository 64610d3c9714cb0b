//! What the index keeps of objects and references.

use crate::json::cursor::Span;

/// An object with an id.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    /// The string that is its id.
    pub(super) id: Span,
    pub(super) span: Span,
    /// The string that names it best; empty if there is none.
    pub(super) title: Span,
    /// The object around it; for the document, itself.
    pub(super) outer: u32,
    pub(super) member: u16,
}

/// A place where a document refers to an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mention {
    /// The id within a string.
    pub(super) id: Span,
    /// The innermost object around it.
    pub(super) owner: u32,
    pub(super) member: u16,
}
