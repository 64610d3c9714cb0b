//! A control of a loaded catalog, and lists of controls.

use serde_json::Value;

use super::catalog::{ControlRecord, Group, parse_list};
use super::control_key::control_key;
use super::document::Document;
use super::element::{Link, Param, Part};
use super::substitution::ParamValues;
use super::view::{ControlName, ControlView};

/// A control in its document. Cheap to copy; nothing is parsed until it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Control<'a> {
    document: &'a Document,
    number: u32,
}

impl<'a> Control<'a> {
    pub(super) fn new(document: &'a Document, number: u32) -> Self {
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

    /// The title; empty where the catalog gives none.
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

    /// The control for reading, with these values of parameters filled in.
    pub fn view(self, values: &ParamValues) -> ControlView {
        ControlView::of(self, values)
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

    /// Its place among the controls of the document.
    pub(super) fn number(self) -> u32 {
        self.number
    }

    pub(super) fn groups(self) -> impl Iterator<Item = &'a Group> {
        self.document.catalog().groups_from(self.record().group)
    }

    pub(super) fn params(self) -> Vec<Param> {
        parse_list(self.document.json(), self.record().params).unwrap_or_default()
    }

    pub(super) fn links(self) -> Vec<Link> {
        parse_list(self.document.json(), self.record().links).unwrap_or_default()
    }

    pub(super) fn parts(self) -> Vec<Part> {
        parse_list(self.document.json(), self.record().parts).unwrap_or_default()
    }

    fn record(self) -> &'a ControlRecord {
        &self.document.catalog().controls[self.number as usize]
    }
}

/// Which controls of a document to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct ControlFilter<'f> {
    /// Only those in the group with this id, or in groups within it; in any case and padding.
    pub group: Option<&'f str>,
    /// Only those that are (`true`) or are not (`false`) withdrawn.
    pub withdrawn: Option<bool>,
}

impl ControlFilter<'_> {
    /// A function, so that the group's key is computed once.
    pub(crate) fn matcher(self) -> impl Fn(Control<'_>) -> bool {
        let group = self.group.map(control_key);
        move |control| {
            self.withdrawn
                .is_none_or(|withdrawn| withdrawn == control.is_withdrawn())
                && group.as_ref().is_none_or(|key| {
                    control
                        .groups()
                        .filter_map(|group| group.id.as_deref())
                        .any(|id| control_key(id) == *key)
                })
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items from `offset` on.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: usize,
    /// How many items precede these.
    pub offset: usize,
    /// How many items were asked for at most.
    pub limit: usize,
}

impl<T> Page<T> {
    /// Cuts a page from a list.
    pub fn cut(list: impl Iterator<Item = T>, offset: usize, limit: usize) -> Self {
        let mut total = 0;
        let items = list
            .inspect(|_| total += 1)
            .enumerate()
            .filter(|(at, _)| *at >= offset && at - offset < limit)
            .map(|(_, item)| item)
            .collect();
        Self {
            items,
            total,
            offset,
            limit,
        }
    }

    /// The page with something else for each of its items.
    pub fn map<U>(self, other: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(other).collect(),
            total: self.total,
            offset: self.offset,
            limit: self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::tests::catalog;
    use super::*;

    #[test]
    fn controls_are_found_at_any_depth_and_in_any_writing() {
        let document = catalog(json!({
            "controls": [{"id": "loose", "title": "Loose"}],
            "groups": [{
                "id": "ac", "title": "Access",
                "groups": [{"title": "no id", "controls": [{
                    "controls": [
                        {"id": "ac-2.1", "title": "Automated", "props": [
                            {"name": "label", "value": "AC-02(01)", "class": "zero-padded"},
                            {"name": "label", "value": "AC-2(1)"},
                        ], "controls": [{"id": "ac-2.1.1"}]},
                        {"id": "ac-2.2", "props": [{"name": "status", "value": "withdrawn"}]},
                    ],
                    "id": "ac-2", "title": "Accounts", "class": "c",
                }]}],
            }],
        }));
        let ids: Vec<_> = document.controls().map(Control::id).collect();
        assert_eq!(ids, ["loose", "ac-2", "ac-2.1", "ac-2.1.1", "ac-2.2"]);
        for writing in ["AC-2(1)", "ac-2.1", "AC-2 (1)", "AC-02(01)", "ac-02.01"] {
            let found: Vec<_> = document
                .find_controls(writing)
                .into_iter()
                .map(Control::id)
                .collect();
            assert_eq!(found, ["ac-2.1"], "{writing}");
        }
        assert!(document.find_controls("").is_empty());
        assert!(document.find_controls("ac-3").is_empty());

        let control = document.control("ac-2.1").expect("the control");
        assert_eq!(control.label(), Some("AC-2(1)"));
        assert_eq!(control.group(), Some(("ac", "Access")));
        assert_eq!(control.parent().map(Control::id), Some("ac-2"));
        let below: Vec<_> = document
            .control("ac-2")
            .expect("the parent")
            .enhancements()
            .map(Control::id)
            .collect();
        assert_eq!(below, ["ac-2.1", "ac-2.2"]);
        assert_eq!(
            document
                .control_of_fragment("ac-2.1_smt.a")
                .map(Control::id),
            Some("ac-2.1")
        );
        assert_eq!(control.value().expect("a tree")["title"], "Automated");

        let ids = |filter: ControlFilter<'_>, offset, limit| {
            let page = document.list_controls(filter, offset, limit);
            (
                page.items.into_iter().map(Control::id).collect::<Vec<_>>(),
                page.total,
            )
        };
        let in_group = ControlFilter {
            group: Some("AC"),
            withdrawn: Some(false),
        };
        assert_eq!(ids(in_group, 0, 2), (vec!["ac-2", "ac-2.1"], 3));
        assert_eq!(ids(in_group, 2, 2), (vec!["ac-2.1.1"], 3));
        let withdrawn = ControlFilter {
            withdrawn: Some(true),
            ..ControlFilter::default()
        };
        assert_eq!(ids(withdrawn, 0, usize::MAX), (vec!["ac-2.2"], 1));
        assert_eq!(ids(ControlFilter::default(), 9, 9), (vec![], 5));
    }

    #[test]
    fn an_exact_id_is_never_ambiguous() {
        let document = catalog(json!({"controls": [{"id": "a-1"}, {"id": "a.1"}]}));
        let find = |reference| {
            document
                .find_controls(reference)
                .into_iter()
                .map(Control::id)
                .collect::<Vec<_>>()
        };
        assert_eq!(find("a.1"), ["a.1"]);
        assert_eq!(find("A1"), ["a-1", "a.1"]);
    }
}
