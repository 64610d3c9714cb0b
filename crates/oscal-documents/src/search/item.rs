//! Anything that search can find.

use crate::control::Control;
use crate::control::substitution::prose::is_assessment;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::Document;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::json::budget::Budget;

/// A control or another entry, numbered within its document: controls first, then the others.
pub(super) enum Item<'a> {
    Control(Control<'a>),
    Entry(&'a Document, &'a Entry),
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

    pub(super) fn is_withdrawn(&self) -> bool {
        match self {
            Self::Control(control) => control.is_withdrawn(),
            Self::Entry(..) => false,
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
    pub(super) fn text(&self, renderer: &Renderer<'_>) -> String {
        match self {
            Self::Control(control) => {
                let mut text = String::new();
                for part in control
                    .parts()
                    .iter()
                    .filter(|part| !is_assessment(&part.name))
                {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&renderer.part(part));
                }
                text.push_str(&renderer.hints(&control.params()));
                text
            }
            Self::Entry(document, entry) => {
                let prose = entry.prose(document.json());
                renderer.filled_with(&prose, |param| {
                    document.entries().values(entry, param, document.json())
                })
            }
        }
    }

    /// The text that snippets are cut from; for a withdrawn control, where it went.
    pub(super) fn text_for_reading(&self) -> String {
        let document = match self {
            Self::Control(control) if control.is_withdrawn() => return withdrawn(*control),
            Self::Control(control) => control.document(),
            Self::Entry(document, _) => document,
        };
        let none = ParamValues::new();
        self.text(&Renderer::new(document, &none, &Budget::for_item()))
    }
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
