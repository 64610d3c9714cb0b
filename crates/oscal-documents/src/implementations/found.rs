//! Finds the implemented requirements of documents.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::rc::Rc;

use crate::control::Control;
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::implementations::implementation::{
    ComponentName, ImplementationFilter, ImplementationKind,
};
use crate::implementations::requirement::Requirement;
use crate::implementations::source::{SourceHrefs, Sources};
use crate::json::cursor::Cursor;
use crate::library::view::LibraryView;

/// An implemented requirement that matches a filter.
pub(super) struct Found<'a> {
    pub(super) document: &'a Document,
    pub(super) entry: &'a Entry,
    pub(super) control: &'a str,
    pub(super) kind: ImplementationKind,
    /// The number of the source that it is written for.
    pub(super) source: Option<usize>,
    /// The component or capability around it; in a system security plan, those that it names and
    /// that match.
    pub(super) components: Vec<Component<'a>>,
    /// In a system security plan, what it says.
    pub(super) read: Option<Rc<Requirement>>,
}

/// The component or capability of an implementation.
pub(super) struct Component<'a> {
    pub(super) uuid: String,
    pub(super) entry: Option<&'a Entry>,
    pub(super) title: String,
}

/// What to look for.
struct Wanted<'f> {
    filter: ImplementationFilter<'f>,
    /// The keys of the control.
    keys: Option<HashSet<String>>,
    component: Option<String>,
}

/// The documents that may implement something and match the filter, in the order of the view.
pub(super) fn documents<'a>(
    view: &LibraryView<'a>,
    filter: ImplementationFilter<'_>,
) -> impl Iterator<Item = &'a Document> {
    let id = filter.document.map(|id| id.trim().to_ascii_lowercase());
    let documents: Vec<_> = view.documents().collect();
    documents.into_iter().filter(move |document| {
        let matches_kind = match document.info().model {
            Model::ComponentDefinition => filter.kind != Some(ImplementationKind::Ssp),
            Model::SystemSecurityPlan => filter.kind.is_none_or(|k| k == ImplementationKind::Ssp),
            _ => false,
        };
        matches_kind && id.as_ref().is_none_or(|id| *id == document.info().id)
    })
}

/// The requirements that match the filter, in the order of the documents.
pub(super) fn found<'a>(
    view: &LibraryView<'a>,
    sources: &mut Sources<'_, 'a>,
    filter: ImplementationFilter<'_>,
) -> Vec<Found<'a>> {
    let wanted = Wanted {
        filter,
        keys: filter.control.map(|reference| keys(view, reference)),
        component: filter.component.map(|text| text.trim().to_lowercase()),
    };
    let mut all = Vec::new();
    for document in documents(view, filter) {
        wanted.add(document, sources, &mut all);
    }
    all
}

/// The keys of the ids that a control has in any catalog, and of what the caller wrote.
pub(super) fn keys(view: &LibraryView<'_>, reference: &str) -> HashSet<String> {
    let known = view.find_controls(reference);
    let ids = known.into_iter().map(Control::id).chain([reference]);
    ids.map(control_key).collect()
}

impl Wanted<'_> {
    fn add<'a>(
        &self,
        document: &'a Document,
        sources: &mut Sources<'_, 'a>,
        all: &mut Vec<Found<'a>>,
    ) {
        let mut requirements = requirements(document)
            .filter(|(_, control)| {
                let keys = self.keys.as_ref();
                keys.is_none_or(|keys| keys.contains(&control_key(control)))
            })
            .peekable();
        if requirements.peek().is_none() {
            return;
        }
        let hrefs = SourceHrefs::of(document);
        let is_plan = document.info().model == Model::SystemSecurityPlan;
        let named = if is_plan {
            named_components(document)
        } else {
            HashMap::new()
        };
        for (entry, control) in requirements {
            let owned = if is_plan {
                self.of_plan(document, entry, &named)
            } else {
                self.of_owner(document, entry)
            };
            let Some((kind, components, read)) = owned else {
                continue;
            };
            let href = if is_plan {
                hrefs.of_plan()
            } else {
                hrefs.of_requirement(entry)
            };
            all.push(Found {
                document,
                entry,
                control,
                kind,
                source: href.map(|href| sources.number(document, href)),
                components,
                read,
            });
        }
    }

    /// A requirement of a component definition.
    fn of_owner<'a>(&self, document: &'a Document, requirement: &'a Entry) -> Option<Owned<'a>> {
        let owner = document.entries().implementer(requirement);
        let kind = match owner.map(|owner| owner.kind) {
            Some(EntryKind::Capability) => ImplementationKind::Capability,
            _ => ImplementationKind::Component,
        };
        let component = owner.map(|owner| Component {
            uuid: owner.id.as_ref().to_owned(),
            title: title(document, owner),
            entry: Some(owner),
        });
        let matches_kind = self.filter.kind.is_none_or(|wanted| wanted == kind);
        let components: Vec<_> = component.into_iter().collect();
        (matches_kind && self.includes(&components)).then_some((kind, components, None))
    }

    /// A requirement of a system security plan, with the components that match.
    fn of_plan<'a>(
        &self,
        document: &'a Document,
        requirement: &'a Entry,
        named: &HashMap<&'a str, &'a Entry>,
    ) -> Option<Owned<'a>> {
        let read = Requirement::of(document, requirement).unwrap_or_default();
        let uuids = read.components().into_iter();
        let components = uuids.map(|uuid| {
            let entry = named.get(uuid).copied();
            Component {
                uuid: uuid.to_owned(),
                title: entry.map_or(String::new(), |entry| title(document, entry)),
                entry,
            }
        });
        let mut components: Vec<_> = components.collect();
        if let Some(text) = &self.component {
            components.retain(|component| component.is(text));
        }
        let included = self.includes(&components);
        included.then(|| (ImplementationKind::Ssp, components, Some(Rc::new(read))))
    }

    fn includes(&self, components: &[Component<'_>]) -> bool {
        let text = self.component.as_ref();
        text.is_none_or(|text| components.iter().any(|component| component.is(text)))
    }
}

type Owned<'a> = (
    ImplementationKind,
    Vec<Component<'a>>,
    Option<Rc<Requirement>>,
);

impl Found<'_> {
    /// What it says.
    pub(super) fn requirement(&self) -> Rc<Requirement> {
        let read = || Requirement::of(self.document, self.entry).unwrap_or_default();
        self.read.clone().unwrap_or_else(|| Rc::new(read()))
    }
}

impl Component<'_> {
    /// Whether it has this uuid, or a title that contains it. `text` is in lower case.
    pub(super) fn is(&self, text: &str) -> bool {
        self.uuid.eq_ignore_ascii_case(text) || self.title.to_lowercase().contains(text)
    }

    pub(super) fn name(&self, document: &Document) -> ComponentName {
        ComponentName {
            uuid: self.uuid.clone(),
            title: self.title.clone(),
            component_type: self.entry.and_then(|entry| member(document, entry, "type")),
        }
    }
}

/// The components and capabilities of the documents that match the filter, whether or not they
/// implement anything. Its control is not considered.
pub fn components(view: &LibraryView<'_>, filter: ImplementationFilter<'_>) -> Vec<ComponentName> {
    let text = filter.component.map(|text| text.trim().to_lowercase());
    let mut all = Vec::new();
    for document in documents(view, filter) {
        for entry in document.entries().iter() {
            let kind = match (entry.kind, document.info().model) {
                (EntryKind::Component, Model::SystemSecurityPlan) => ImplementationKind::Ssp,
                (EntryKind::Component, _) => ImplementationKind::Component,
                (EntryKind::Capability, _) => ImplementationKind::Capability,
                _ => continue,
            };
            let component = Component {
                uuid: entry.id.as_ref().to_owned(),
                title: title(document, entry),
                entry: Some(entry),
            };
            let matches_kind = filter.kind.is_none_or(|wanted| wanted == kind);
            if matches_kind && text.as_ref().is_none_or(|text| component.is(text)) {
                all.push(component.name(document));
            }
        }
    }
    all
}

/// The implemented requirements of a document, with their controls.
fn requirements(document: &Document) -> impl Iterator<Item = (&Entry, &str)> {
    let entries = document.entries().iter();
    entries
        .filter(|entry| entry.kind == EntryKind::ImplementedRequirement)
        .filter_map(|entry| Some((entry, entry.control.as_deref()?)))
}

fn named_components(document: &Document) -> HashMap<&str, &Entry> {
    let entries = document.entries().iter();
    entries
        .filter(|entry| entry.kind == EntryKind::Component)
        .map(|entry| (entry.id.as_ref(), entry))
        .collect()
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
