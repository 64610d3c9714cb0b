//! Writes JSON as YAML.

use serde_json::Value;

use crate::formats::facts::{Definition, Facts, Kind};
use crate::formats::json_text::push_string;
use crate::formats::yaml::scalar::Plain;

/// A document as YAML in block style. Reading it gives the same JSON.
///
/// ```
/// use oscal_documents::{Format, to_json, to_yaml};
///
/// let json = serde_json::json!({"catalog": {
///     "metadata": {"title": "House rules", "version": "1.10"},
///     "controls": [{"id": "ac-1", "parts": [{"prose": "One.\n\nTwo: \"2\"."}]}, {}],
/// }});
/// let yaml = to_yaml(&json);
/// assert_eq!(yaml, r#"catalog:
///   metadata:
///     title: House rules
///     version: "1.10"
///   controls:
///     - id: ac-1
///       parts:
///         - prose: |-
///             One.
///
///             Two: "2".
///     - {}
/// "#);
/// assert_eq!(to_json(&yaml, Format::Yaml)?, json.to_string());
/// # Ok::<(), oscal_documents::FormatError>(())
/// ```
pub fn to_yaml(document: &Value) -> String {
    let facts = Facts::get();
    let mut writer = Writer {
        facts,
        out: String::new(),
    };
    writer.value(document, Some(Of::Object(facts.document())), 0, Start::Line);
    writer.out
}

struct Writer {
    facts: &'static Facts,
    out: String,
}

/// What the models say about a value that they know.
#[derive(Clone, Copy)]
enum Of {
    Text,
    Object(&'static Definition),
}

/// What is in front of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Its indentation, and nothing more.
    Line,
    /// `- ` of a sequence.
    Dash,
    /// `name:` of a mapping.
    Name,
}

impl Writer {
    fn value(&mut self, value: &Value, of: Option<Of>, indent: usize, start: Start) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let definition = match of {
                    Some(Of::Object(definition)) => Some(definition),
                    _ => None,
                };
                self.begin(start);
                let mut is_first = start != Start::Name;
                for (name, member) in members {
                    if !std::mem::take(&mut is_first) {
                        self.indent(indent);
                    }
                    self.name(name, indent);
                    let of = definition.and_then(|definition| self.of(definition, name));
                    self.value(member, of, indent + 2, Start::Name);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                self.begin(start);
                let mut is_first = start != Start::Name;
                for item in items {
                    if !std::mem::take(&mut is_first) {
                        self.indent(indent);
                    }
                    self.out.push_str("- ");
                    self.value(item, of, indent + 2, Start::Dash);
                }
            }
            scalar => {
                if start == Start::Name {
                    self.out.push(' ');
                }
                self.scalar(scalar, of, indent);
                self.out.push('\n');
            }
        }
    }

    /// Writes the name of a member and its colon. YAML takes only short names without a mark.
    fn name(&mut self, name: &str, indent: usize) {
        const SHORT: usize = 1_000;
        let at = self.out.len();
        self.text(name, indent, true);
        if self.out.len() - at > SHORT {
            self.out.insert_str(at, "? ");
            self.out.push('\n');
            self.indent(indent);
        }
        self.out.push(':');
    }

    fn begin(&mut self, start: Start) {
        if start == Start::Name {
            self.out.push('\n');
        }
    }

    fn of(&self, definition: &'static Definition, name: &str) -> Option<Of> {
        match definition.member(name)? {
            Kind::Object(number) => Some(Of::Object(self.facts.definition(number))),
            Kind::Scalar(_) => Some(Of::Text),
        }
    }

    fn scalar(&mut self, value: &Value, of: Option<Of>, indent: usize) {
        // Where a model has text, only a tag makes something else of a plain value.
        let tag = match value {
            Value::Bool(_) => "!!bool ",
            Value::Number(number) if number.is_f64() => "!!float ",
            Value::Number(_) => "!!int ",
            _ => "",
        };
        if matches!(of, Some(Of::Text)) {
            self.out.push_str(tag);
        }
        match value {
            Value::String(text) => self.text(text, indent, false),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
            other => self.out.push_str(&other.to_string()),
        }
    }

    fn text(&mut self, text: &str, indent: usize, is_name: bool) {
        if is_plain(text) {
            self.out.push_str(text);
        } else if !is_name && is_block(text) {
            self.block(text, indent);
        } else {
            let at = self.out.len();
            push_string(&mut self.out, text);
            let quoted = self.out.split_off(at);
            for c in quoted.chars() {
                if is_printable(c) {
                    self.out.push(c);
                } else {
                    let code = u32::from(c);
                    self.out.push_str(&format!("\\u{code:04x}"));
                }
            }
        }
    }

    /// Writes lines as they are.
    fn block(&mut self, text: &str, indent: usize) {
        let (chomping, lines) = match text.strip_suffix('\n') {
            Some(lines) => ("|", lines),
            None => ("|-", text),
        };
        self.out.push_str(chomping);
        for line in lines.split('\n') {
            if line.is_empty() {
                self.out.push('\n');
            } else {
                self.indent_in_block(indent.max(2));
                self.out.push_str(line);
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn indent_in_block(&mut self, indent: usize) {
        self.out.push('\n');
        self.indent(indent);
    }
}

/// Whether text can be written without quotes: a letter first, nothing that means something in
/// YAML, and no word that any version of YAML reads as something else.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~",
    ];
    let is_first = |c: char| c.is_alphabetic() || c == '_' || c == '/';
    let is_inner = |c: char| {
        c.is_alphanumeric() || " _-./,;()'\"*&+=!?%$@–—’“”".contains(c) || c == ':' || c == '#'
    };
    text.starts_with(is_first)
        && text.len() < 4_000
        && !text.ends_with([' ', ':'])
        && text.chars().all(is_inner)
        && !text.contains(": ")
        && !text.contains(" #")
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && Plain::of(text) == Plain::Text
}

/// Whether text of several lines can be written as a block.
fn is_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !lines.starts_with([' ', '\n', '\t'])
        && !lines.ends_with('\n')
        && !lines.is_empty()
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
        && lines
            .split('\n')
            .all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

/// Characters that every reader of YAML takes as they are.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}'
        | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}')
}
