//! A control of a loaded catalog.

pub(crate) mod lookup;
pub(crate) mod page;
pub(crate) mod substitution;
pub(crate) mod view;

use serde::Serialize;
use serde_json::Value;

use crate::document::Document;
use crate::document::catalog::{ControlRecord, Group, parse_list};
use crate::document::element::{Link, Param, Part};

/// A control in its document. Cheap to copy; nothing is parsed until it is needed.
///
/// ```
/// use oscal_documents::{Control, Document};
///
/// let text = r#"{"catalog": {
///     "uuid": "00000000-0000-4000-8000-000000000001",
///     "metadata": {"title": "House rules"},
///     "groups": [{"id": "ac", "title": "Access", "controls": [
///         {"id": "ac-2", "title": "Guests", "controls": [{"id": "ac-2.1", "title": "At night"}]}
///     ]}]
/// }}"#;
/// let document = Document::parse("rules.json", text.to_owned(), false)?;
/// let control = document.find_controls("AC-2(1)")[0];
/// assert_eq!(control.title(), "At night");
/// assert_eq!(control.group(), Some(("ac", "Access")));
/// assert_eq!(control.parent().map(Control::id), Some("ac-2"));
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Control<'a> {
    document: &'a Document,
    number: u32,
}

impl<'a> Control<'a> {
    pub(crate) fn new(document: &'a Document, number: u32) -> Self {
        Self { document, number }
    }

    /// The document that the control is in.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// The id, such as `ac-2.1`.
    pub fn id(self) -> &'a str {
        &self.record().id
    }

    /// The label, such as `AC-2(1)`.
    pub fn label(self) -> Option<&'a str> {
        self.record().label.as_deref()
    }

    /// The title; empty if the catalog gives none.
    pub fn title(self) -> &'a str {
        &self.record().title
    }

    /// The class, such as `SP800-53-enhancement`.
    pub fn class(self) -> Option<&'a str> {
        self.record().class.as_deref()
    }

    /// Id and title of the innermost group with an id that the control is in.
    pub fn group(self) -> Option<(&'a str, &'a str)> {
        self.groups()
            .find_map(|group| Some((group.id.as_deref()?, group.title.as_ref())))
    }

    /// Whether the catalog marks the control as withdrawn.
    pub fn is_withdrawn(self) -> bool {
        self.record().withdrawn
    }

    /// The control that this one enhances.
    pub fn parent(self) -> Option<Control<'a>> {
        let parent = self.record().parent?;
        Some(Self::new(self.document, parent))
    }

    /// The controls directly below this one, in document order.
    pub fn enhancements(self) -> impl Iterator<Item = Control<'a>> {
        let controls = &self.document.catalog().controls;
        (self.number + 1..)
            .zip(&controls[self.number as usize + 1..])
            .take_while(move |(_, below)| below.parent.is_some_and(|up| up >= self.number))
            .filter(move |(_, below)| below.parent == Some(self.number))
            .map(move |(number, _)| Self::new(self.document, number))
    }

    /// The control as compact JSON, its enhancements included.
    pub fn json(self) -> &'a str {
        self.record().span.of(self.document.json())
    }

    /// The control as a JSON tree, its enhancements included.
    ///
    /// # Errors
    ///
    /// None in practice: the text was checked when the document was loaded.
    pub fn value(self) -> serde_json::Result<Value> {
        serde_json::from_str(self.json())
    }

    /// Id, label and title.
    pub fn name(self) -> ControlName {
        ControlName {
            id: self.id().to_owned(),
            label: self.label().map(str::to_owned),
            title: self.title().to_owned(),
            withdrawn: self.is_withdrawn(),
        }
    }

    /// Its index among the controls of the document.
    pub(crate) fn number(self) -> u32 {
        self.number
    }

    pub(crate) fn groups(self) -> impl Iterator<Item = &'a Group> {
        self.document.catalog().groups_from(self.record().group)
    }

    pub(crate) fn params(self) -> Vec<Param> {
        parse_list(self.document.json(), self.record().params)
    }

    pub(crate) fn links(self) -> Vec<Link> {
        parse_list(self.document.json(), self.record().links)
    }

    pub(crate) fn parts(self) -> Vec<Part> {
        parse_list(self.document.json(), self.record().parts)
    }

    fn record(self) -> &'a ControlRecord {
        &self.document.catalog().controls[self.number as usize]
    }
}

/// Id, label and title of a control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlName {
    /// Id, such as `ac-2.1`.
    pub id: String,
    /// Label, such as `AC-2(1)`.
    pub label: Option<String>,
    /// Title.
    pub title: String,
    /// Whether the catalog marks the control as withdrawn.
    pub withdrawn: bool,
}
