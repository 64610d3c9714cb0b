//! Anything that search can find.

use crate::control::Control;
use crate::control::substitution::prose::is_assessment;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::Document;
use crate::document::element::Part;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::json::budget::Budget;

/// A control or another entry, numbered within its document: controls first, then the others.
pub(super) enum Item<'a> {
    Control(Control<'a>),
    Entry(&'a Document, &'a Entry),
}

/// The text of an item: what it demands or says, and what explains that.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) statement: String,
    pub(super) guidance: String,
}

impl<'a> Item<'a> {
    pub(super) fn at(document: &'a Document, number: u32) -> Self {
        let number_of_controls = document.controls().len();
        match (number as usize).checked_sub(number_of_controls) {
            None => Self::Control(Control::new(document, number)),
            Some(entry) => Self::Entry(document, document.entries().at(entry)),
        }
    }

    pub(super) fn kind(&self) -> EntryKind {
        match self {
            Self::Control(_) => EntryKind::Control,
            Self::Entry(_, entry) => entry.kind,
        }
    }

    pub(super) fn id(&self) -> &'a str {
        match self {
            Self::Control(control) => control.id(),
            Self::Entry(_, entry) => &entry.id,
        }
    }

    pub(super) fn label(&self) -> Option<&'a str> {
        match self {
            Self::Control(control) => control.label(),
            Self::Entry(_, entry) => entry.control.as_deref(),
        }
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::Control(control) => control.title().to_owned(),
            Self::Entry(document, entry) => document.entries().title(entry),
        }
    }

    /// The title that the document gives, which may be empty.
    pub(super) fn own_title(&self) -> &'a str {
        match self {
            Self::Control(control) => control.title(),
            Self::Entry(_, entry) => &entry.title,
        }
    }

    /// The title of what contains it.
    pub(super) fn outer_title(&self) -> &'a str {
        match self {
            Self::Control(control) => control.group().map_or("", |(_, title)| title),
            Self::Entry(document, entry) => document.entries().outer_title(entry),
        }
    }

    /// The text that is searched; for a control, everything except how to assess it.
    pub(super) fn fields(&self, renderer: &Renderer<'_>) -> Fields {
        let mut fields = Fields::default();
        match self {
            Self::Control(control) => {
                for part in control.parts() {
                    if is_assessment(&part.name) {
                        continue;
                    }
                    let field = if is_guidance(&part) {
                        &mut fields.guidance
                    } else {
                        &mut fields.statement
                    };
                    push_line(field, &renderer.part(&part));
                }
                push_line(&mut fields.statement, &renderer.hints(&control.params()));
            }
            Self::Entry(document, entry) => {
                let prose = entry.prose(document.json());
                fields.statement = renderer.filled_with(&prose, |param| {
                    document.entries().values(entry, param, document.json())
                });
            }
        }
        fields
    }

    /// The text that snippets are cut from; for a withdrawn control, where it went.
    pub(super) fn text_for_reading(&self) -> String {
        let document = match self {
            Self::Control(control) if control.is_withdrawn() => return withdrawn(*control),
            Self::Control(control) => control.document(),
            Self::Entry(document, _) => document,
        };
        let none = ParamValues::new();
        let Fields {
            mut statement,
            guidance,
        } = self.fields(&Renderer::new(document, &none, &Budget::for_item()));
        push_line(&mut statement, &guidance);
        statement
    }
}

/// Whether a part explains rather than demands.
fn is_guidance(part: &Part) -> bool {
    let names = ["guidance", "discussion", "example", "testing", "rationale"];
    names.iter().any(|name| part.name.contains(name))
}

fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// `Withdrawn: incorporated into AC-2`.
fn withdrawn(control: Control<'_>) -> String {
    let document = control.document();
    let mut text = "Withdrawn".to_owned();
    for link in control.links().iter().filter(|link| link.is_successor()) {
        text.push_str(if text.ends_with("Withdrawn") {
            ": "
        } else {
            ", "
        });
        text.push_str(&link.rel.replace('-', " "));
        text.push(' ');
        let target = link.href.trim_start_matches('#');
        text.push_str(match document.control_of_fragment(target) {
            Some(control) => control.label().unwrap_or(control.id()),
            None => target,
        });
    }
    text
}
