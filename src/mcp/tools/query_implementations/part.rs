//! One part of the answer.

use std::fmt::{self, Write};

use crate::mcp::answer::{Page, markdown};

/// A part of the answer, and the same as Markdown.
pub(super) struct Part<T> {
    pub(super) content: T,
    /// What to know about it.
    pub(super) notes: Vec<String>,
    /// Whether text was cut.
    pub(super) truncated: bool,
    pub(super) text: String,
}

impl<T> Part<Page<T>> {
    /// A page; its text has `heading` with the number of all items, the items as `write` writes
    /// them, and the notes.
    pub(super) fn of_page(
        heading: &str,
        page: Page<T>,
        notes: Vec<String>,
        truncated: bool,
        mut write: impl FnMut(&T, &mut String) -> fmt::Result,
    ) -> Self {
        let text = markdown::written(|out| {
            write!(out, "{heading}: {}", page.total)?;
            if page.items.len() < page.total {
                write!(out, "; {} from {} on", page.items.len(), page.offset)?;
            }
            out.push('\n');
            for item in &page.items {
                write(item, out)?;
            }
            for note in &notes {
                writeln!(out, "\n{note}")?;
            }
            if truncated {
                let fewer = "ask for fewer with control, component, document or limit";
                writeln!(out, "\nText is cut: {fewer}.")?;
            }
            Ok(())
        });
        Self {
            content: page,
            notes,
            truncated,
            text,
        }
    }
}
