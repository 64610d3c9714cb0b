//! Parts of a control as plain text.

use std::borrow::Cow;

use crate::control::substitution::Renderer;
use crate::document::element::{self, Part};

/// Items deeper than this are not indented further.
const MAX_INDENT: usize = 8;

/// Whether a part of this name says how to assess a control, rather than what the control requires.
/// `objective` and `objects` are the names in OSCAL 1.0.
pub(crate) fn is_assessment(part: &str) -> bool {
    part.starts_with("assessment") || matches!(part, "objective" | "objects")
}

impl Renderer<'_> {
    /// A part's prose, then its items with their labels, one per line, nested items indented.
    pub(crate) fn part(&self, part: &Part) -> String {
        let mut out = String::new();
        self.push_paragraphs(&mut out, "", &part.prose);
        for item in &part.parts {
            self.push_item(&mut out, item, 0);
        }
        out
    }

    fn push_item(&self, out: &mut String, item: &Part, level: usize) {
        let indent = "  ".repeat(level.min(MAX_INDENT));
        let label = element::label(&item.props);
        let head: Vec<&str> = label.into_iter().chain(item.title.as_deref()).collect();
        let line = match (head.is_empty(), item.prose.is_empty()) {
            (true, _) => Cow::Borrowed(item.prose.as_str()),
            (false, true) => Cow::Owned(head.join(" ")),
            (false, false) if item.title.is_some() => {
                Cow::Owned(format!("{}: {}", head.join(" "), item.prose))
            }
            (false, false) => Cow::Owned(format!("{} {}", head.join(" "), item.prose)),
        };
        self.push_paragraphs(out, &indent, &line);
        let level = if line.is_empty() { level } else { level + 1 };
        for item in &item.parts {
            self.push_item(out, item, level);
        }
    }

    /// Appends the lines of prose that are not blank.
    fn push_paragraphs(&self, out: &mut String, indent: &str, prose: &str) {
        let prose = self.filled(prose);
        for line in prose.lines().filter(|line| !line.trim().is_empty()) {
            if !out.is_empty() {
                self.push(out, "\n");
            }
            self.push(out, indent);
            out.push_str(line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::substitution::ParamValues;
    use crate::document::samples::document_with_params;
    use crate::json::budget::Budget;

    #[test]
    fn items_are_labelled_and_indented() {
        let part: Part = serde_json::from_value(json!({
            "name": "statement",
            "prose": "The organization:",
            "parts": [
                {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "Names {{ who }}:",
                 "parts": [
                    {"name": "item", "props": [{"name": "label", "value": "1."}], "prose": "first\n\nmore"},
                    {"name": "item", "title": "Note", "prose": "see [AC-3](#ac-3)"},
                 ]},
                {"name": "item", "parts": [{"name": "item", "prose": "unlabelled"}]},
                {"name": "item", "props": [{"name": "label", "value": "b."}], "title": "Empty"},
            ],
        }))
        .expect("a part");
        let document = document_with_params(&json!([{"id": "who", "label": "roles"}]));
        let none = ParamValues::new();
        assert_eq!(
            Renderer::new(&document, &none, &Budget::for_item()).part(&part),
            "The organization:\n\
             a. Names [Assignment: roles]:\n  1. first\n  more\n  Note: see AC-3\n\
             unlabelled\n\
             b. Empty"
        );
    }
}
