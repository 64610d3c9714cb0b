//! Findings of a validation, with a cap.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::json::budget::floor_char_boundary;

/// Something at one place in a document that is wrong or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The place, as a JSON pointer (RFC 6901); empty for the whole document.
    pub path: String,
    /// What is wrong there and what is allowed.
    pub message: String,
    /// The rule that was broken. For an error, the definition and keyword in the schema, such as
    /// `UUIDDatatype/pattern`; for a warning, a name such as `dangling-reference`.
    pub rule: String,
}

/// Findings in document order: the first ones, and the total number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The first ones.
    pub items: Vec<Finding>,
    /// How many there are.
    pub total: usize,
    #[serde(skip)]
    cap: usize,
}

impl Findings {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            items: Vec::new(),
            total: 0,
            cap,
        }
    }

    pub(super) fn push(
        &mut self,
        path: &Path<'_>,
        rule: impl fmt::Display,
        message: impl FnOnce() -> String,
    ) {
        // Beyond the cap, do not even build the message: suggestions take time.
        if self.items.len() < self.cap {
            self.items.push(Finding {
                path: path.to_string(),
                message: message(),
                rule: rule.to_string(),
            });
        }
        self.total += 1;
    }

    /// The same for a place that is written only if it is kept.
    pub(super) fn push_at(
        &mut self,
        path: impl FnOnce() -> String,
        rule: &str,
        message: impl FnOnce() -> String,
    ) {
        if self.items.len() < self.cap {
            self.items.push(Finding {
                path: path(),
                message: message(),
                rule: rule.to_owned(),
            });
        }
        self.total += 1;
    }

    /// Removes and returns the findings after the first `total`.
    pub(super) fn split_off(&mut self, total: usize) -> Self {
        let taken = Self {
            items: self.items.split_off(total.min(self.items.len())),
            total: self.total - total,
            cap: self.cap,
        };
        self.total = total;
        taken
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.items.append(&mut later.items);
        self.total += later.total;
    }
}

/// The path to a value in a document, written as a JSON pointer.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Element(&'p Path<'p>, usize),
}

impl Path<'_> {
    pub(super) fn member<'p>(&'p self, name: &'p str) -> Path<'p> {
        Path::Member(self, name)
    }

    pub(super) fn element(&self, index: usize) -> Path<'_> {
        Path::Element(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(outer, name) => {
                let name = shortened(name, MAX_MEMBER);
                write!(f, "{outer}/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Self::Element(outer, index) => write!(f, "{outer}/{index}"),
        }
    }
}

/// How much of a value is quoted, in bytes.
const MAX_QUOTE: usize = 80;

/// How much of a member's name appears in a path. Names come from the document, and could fill the
/// answer.
const MAX_MEMBER: usize = 200;

/// A value as quoted in messages.
pub(super) fn quoted(value: &Value) -> String {
    match value {
        Value::Object(_) => "the object".to_owned(),
        Value::Array(_) => "the array".to_owned(),
        Value::String(text) => quoted_text(text),
        other => format!("`{other}`"),
    }
}

/// A text as quoted in messages.
pub(super) fn quoted_text(text: &str) -> String {
    format!("`{}`", shortened(text, MAX_QUOTE).escape_debug())
}

/// Names as listed in messages.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MAX_LIST: usize = 300;
    let mut list = String::new();
    for name in names {
        if list.len() > MAX_LIST {
            return list + ", …";
        }
        let separator = if list.is_empty() { "" } else { ", " };
        list += &format!("{separator}{}", quoted_text(name));
    }
    list
}

/// The start of a text, with `…` if something was cut.
pub(super) fn shortened(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    format!("{}…", &text[..floor_char_boundary(text, max)])
}

/// The candidate most similar to a mistyped name, if any is similar.
pub(super) fn closest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    const MAX_NAME: usize = 60;
    if name.len() > MAX_NAME {
        return None;
    }
    let limit = 1 + name.chars().count() / 4;
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_NAME)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The edit distance between two names, ignoring case (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_json_pointers() {
        let root = Path::Root;
        let catalog = root.member("catalog");
        let odd = catalog.member("a/b~c");
        assert_eq!(odd.element(3).to_string(), "/catalog/a~1b~0c/3");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn quotes_are_short_and_on_one_line() {
        assert_eq!(quoted(&json!("a\nb")), r"`a\nb`");
        assert_eq!(quoted(&json!(7)), "`7`");
        assert_eq!(quoted(&json!({"a": 1})), "the object");
        assert!(quoted(&json!("é".repeat(1000))).chars().count() < 85);
    }

    #[test]
    fn mistyped_names_find_their_like() {
        let names = ["title", "params", "back-matter"];
        for (name, expected) in [
            ("titel", Some("title")),
            ("Title", Some("title")),
            ("parms", Some("params")),
            ("backmatter", Some("back-matter")),
            ("controls", None),
            ("", None),
        ] {
            assert_eq!(closest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn findings_can_be_set_aside() {
        let mut findings = Findings::new(2);
        for rule in ["a", "b", "c"] {
            findings.push(&Path::Root, rule, String::new);
        }
        assert_eq!((findings.items.len(), findings.total), (2, 3));
        let later = findings.split_off(1);
        assert_eq!((findings.items.len(), findings.total), (1, 1));
        assert_eq!((later.items.len(), later.total), (1, 2));
        findings.append(later);
        assert_eq!((findings.items.len(), findings.total), (2, 3));
    }
}
