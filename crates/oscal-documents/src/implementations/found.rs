//! Finds the implementations in documents.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use crate::control::Control;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::implementations::implementation::{
    ComponentName, Implementation, ImplementationFilter, ImplementationKind, ImplementedStatement,
};
use crate::implementations::requirement::{Requirement, Share};
use crate::json::budget::Budget;
use crate::json::cursor::Cursor;
use crate::library::view::LibraryView;

/// An implementation that was found. Its text is read only to show it.
pub(super) struct Found<'a> {
    document: &'a Document,
    requirement: &'a Entry,
    pub(super) control: &'a str,
    kind: ImplementationKind,
    component: Option<Component<'a>>,
}

/// The component or capability of an implementation.
struct Component<'a> {
    uuid: String,
    entry: Option<&'a Entry>,
    title: String,
}

/// The implementations that match the filter, in the order of the documents.
pub(super) fn found<'a>(
    view: &LibraryView<'a>,
    filter: ImplementationFilter<'_>,
) -> Vec<Found<'a>> {
    let keys: Option<HashSet<String>> = filter.control.map(|reference| {
        let known = view.find_controls(reference);
        let ids = known.into_iter().map(Control::id).chain([reference]);
        ids.map(control_key).collect()
    });
    let component = filter.component.map(|text| text.trim().to_lowercase());
    let document = filter.document.map(|id| id.trim().to_ascii_lowercase());
    let mut all = Vec::new();
    for document in view.documents().filter(|d| {
        matches!(
            d.info().model,
            Model::ComponentDefinition | Model::SystemSecurityPlan
        ) && document.as_ref().is_none_or(|id| *id == d.info().id)
    }) {
        let is_asked = |control: &str| {
            let keys = keys.as_ref();
            keys.is_none_or(|keys| keys.contains(&control_key(control)))
        };
        match document.info().model {
            Model::SystemSecurityPlan => add_of_plan(document, is_asked, &mut all),
            _ => add_of_components(document, is_asked, &mut all),
        }
    }
    all.retain(|found| {
        filter.kind.is_none_or(|kind| kind == found.kind)
            && component.as_ref().is_none_or(|text| found.is_of(text))
    });
    all
}

/// The implemented requirements of a document, with their controls.
fn requirements(document: &Document) -> impl Iterator<Item = (&Entry, &str)> {
    let entries = document.entries().iter();
    entries
        .filter(|entry| entry.kind == EntryKind::ImplementedRequirement)
        .filter_map(|entry| Some((entry, entry.control.as_deref()?)))
}

fn add_of_components<'a>(
    document: &'a Document,
    is_asked: impl Fn(&str) -> bool,
    found: &mut Vec<Found<'a>>,
) {
    for (requirement, control) in requirements(document).filter(|(_, control)| is_asked(control)) {
        let mut owner = document.entries().outer(requirement);
        let kind = loop {
            match owner.kind {
                EntryKind::Component => break ImplementationKind::Component,
                EntryKind::Capability => break ImplementationKind::Capability,
                EntryKind::Document => break ImplementationKind::Component,
                _ => owner = document.entries().outer(owner),
            }
        };
        let component = (owner.kind != EntryKind::Document).then(|| Component {
            uuid: owner.id.as_ref().to_owned(),
            title: title(document, owner),
            entry: Some(owner),
        });
        found.push(Found {
            document,
            requirement,
            control,
            kind,
            component,
        });
    }
}

fn add_of_plan<'a>(
    document: &'a Document,
    is_asked: impl Fn(&str) -> bool,
    found: &mut Vec<Found<'a>>,
) {
    let entries = document.entries().iter();
    let components: HashMap<&str, &Entry> = entries
        .filter(|entry| entry.kind == EntryKind::Component)
        .map(|entry| (entry.id.as_ref(), entry))
        .collect();
    for (requirement, control) in requirements(document).filter(|(_, control)| is_asked(control)) {
        let read = Requirement::of(document, requirement).unwrap_or_default();
        let uuids = read.components();
        let named = uuids.into_iter().map(|uuid| {
            let entry = components.get(uuid).copied();
            Some(Component {
                uuid: uuid.to_owned(),
                title: entry.map_or(String::new(), |entry| title(document, entry)),
                entry,
            })
        });
        let mut named: Vec<_> = named.collect();
        if named.is_empty() {
            named.push(None);
        }
        found.extend(named.into_iter().map(|component| Found {
            document,
            requirement,
            control,
            kind: ImplementationKind::Ssp,
            component,
        }));
    }
}

/// The title of a component, or the name of a capability.
fn title(document: &Document, entry: &Entry) -> String {
    if entry.title.is_empty() {
        member(document, entry, "name").unwrap_or_default()
    } else {
        entry.title.as_ref().to_owned()
    }
}

/// The string member of an entry.
fn member(document: &Document, entry: &Entry, member: &str) -> Option<String> {
    let mut found = None;
    let text = entry.span.of(document.json());
    let Ok(()) = Cursor::new(text).object(|cursor, name| {
        if name == member {
            found = cursor.string();
        }
        Ok::<_, Infallible>(())
    });
    found
}

impl Found<'_> {
    /// Whether the component has this uuid, or a title that contains it. `text` is in lower case.
    fn is_of(&self, text: &str) -> bool {
        self.component.as_ref().is_some_and(|component| {
            component.uuid.eq_ignore_ascii_case(text)
                || component.title.to_lowercase().contains(text)
        })
    }

    /// What the requirement says about the component.
    pub(super) fn share(&self) -> Share {
        let uuid = self
            .component
            .as_ref()
            .map(|component| component.uuid.as_str());
        let read = Requirement::of(self.document, self.requirement).unwrap_or_default();
        match self.kind {
            ImplementationKind::Ssp => read.share_of(uuid),
            _ => read.share_of(None),
        }
    }

    pub(super) fn read(self, view: &LibraryView<'_>, budget: &Budget) -> Implementation {
        let controls = view.find_controls(self.control);
        let control = controls.into_iter().next();
        let share = self.share();
        let none = ParamValues::new();
        let catalog = control.map_or(self.document, Control::document);
        let renderer = Renderer::new(catalog, &none, budget);
        let filled = |text: &str, own: &ParamValues| {
            renderer.filled_with(text, |param| {
                let entries = self.document.entries();
                let around = || entries.values(self.requirement, param, self.document.json());
                own.get(param).cloned().or_else(around)
            })
        };
        let statements = share
            .statements
            .iter()
            .map(|statement| ImplementedStatement {
                statement: statement.id.clone(),
                status: statement.status.clone(),
                text: filled(&statement.text, &statement.values),
            });
        let info = self.document.info();
        Implementation {
            document: info.id.clone(),
            document_title: info.title.clone(),
            requirement: self.requirement.id.as_ref().to_owned(),
            kind: self.kind,
            control: self.control.to_owned(),
            control_name: control.map(Control::name),
            status: share.status(),
            text: filled(&share.text, &share.values),
            statements: statements.collect(),
            component: self.component.map(|component| ComponentName {
                component_type: component
                    .entry
                    .and_then(|entry| member(self.document, entry, "type")),
                uuid: component.uuid,
                title: component.title,
            }),
        }
    }
}
