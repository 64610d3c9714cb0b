//! One part of the answer.

/// A part of the answer, and the same as Markdown.
pub(super) struct Part<T> {
    pub(super) content: T,
    /// What to know about it.
    pub(super) notes: Vec<String>,
    /// Whether text was cut.
    pub(super) truncated: bool,
    pub(super) text: String,
}
