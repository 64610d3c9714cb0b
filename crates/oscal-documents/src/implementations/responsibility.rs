//! Who has to do what: what a system asks of those that build on it, and whether they do it.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::control::page::Page;
use crate::implementations::found::{Component, Found, documents, found};
use crate::implementations::implementation::{ExchangeKind, ImplementationFilter};
use crate::implementations::read::{exchanges_of, text_of};
use crate::implementations::requirement::{ByComponent, Reference};
use crate::implementations::source::Sources;
use crate::json::budget::Budget;
use crate::library::view::LibraryView;

/// In how many places a responsibility is shown to be met.
const MAX_MET: usize = 20;

/// The most text in the responsibilities of a page, in bytes.
const MAX_TEXT: usize = 8 << 20;

/// A responsibility of a customer: of a system that builds on another, or of whoever uses a
/// component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Responsibility {
    /// How it is known.
    pub kind: ResponsibilityKind,
    /// Where it is written.
    pub place: ResponsibilityPlace,
    /// Its uuid; for an origination the uuid of the implemented requirement.
    pub uuid: String,
    /// What is to be done. For an origination, what the property says.
    pub text: String,
    /// What the customer inherits if they do it, as its provider describes it.
    pub provided: Option<String>,
    /// Where loaded plans say that they meet it.
    pub satisfied: Vec<Satisfied>,
}

/// How a responsibility is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ResponsibilityKind {
    /// A leveraged system exports it.
    Exported,
    /// A property such as FedRAMP's `control-origination` says that the customer has a part.
    Origination,
    /// A plan says that it meets it, but no loaded plan exports it.
    NotLoaded,
}

/// Where something about a responsibility is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResponsibilityPlace {
    /// Id of the document.
    pub document: String,
    /// Title of the document.
    pub document_title: String,
    /// Version of the document; empty if it gives none.
    pub document_version: String,
    /// The control as the document names it.
    pub control: String,
    /// The part of its statement.
    pub statement: Option<String>,
    /// Title of the component; empty if the document lacks it.
    pub component: Option<String>,
}

/// How a responsibility is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Satisfied {
    /// Where that is written.
    pub place: ResponsibilityPlace,
    /// The description.
    pub text: String,
}

/// A page of the responsibilities that the documents leave to customers, and how loaded plans meet
/// them.
///
/// With a document in the filter, those that it exports; and for a plan that builds on other loaded
/// systems, those that these export, with what the plan says.
pub fn responsibilities(
    view: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
    offset: usize,
    limit: usize,
) -> Page<Responsibility> {
    let everywhere = ImplementationFilter {
        control: filter.control,
        ..ImplementationFilter::default()
    };
    let mut sources = Sources::new(view);
    let all = found(view, &mut sources, everywhere);
    let exchanges = Exchanges::of(&all);
    let wanted: HashSet<&str> = documents(view, filter)
        .map(|document| document.info().id.as_str())
        .collect();
    let providers = exchanges.providers(&wanted);
    let mut list = Vec::new();
    for found in &all {
        let id = found.document.info().id.as_str();
        if providers.contains(id) {
            list.extend(exported(found));
        }
        if wanted.contains(id) {
            list.extend(originations(found));
        }
    }
    list.extend(exchanges.not_loaded(&wanted));
    if let Some(text) = filter.component {
        let text = text.trim().to_lowercase();
        list.retain(|item| exchanges.concerns(item, &text));
    }
    let budget = Budget::new(MAX_TEXT);
    let page = Page::cut(list.into_iter(), offset, limit);
    page.map(|item| exchanges.read(item, &mut sources, &budget))
}

/// A responsibility, before it is read.
enum Item<'f, 'a> {
    Exported(Use<'f, 'a>),
    Origination(&'f Found<'a>, String),
    NotLoaded(&'f str, Use<'f, 'a>),
}

/// What passes between all loaded plans.
struct Exchanges<'f, 'a> {
    /// What is provided and asked, by uuid.
    exported: HashMap<&'f str, (Use<'f, 'a>, ExchangeKind)>,
    /// What says that it meets a responsibility, by the uuid of that.
    satisfied: HashMap<&'f str, Vec<Use<'f, 'a>>>,
    /// The uuids that documents refer to, by their ids.
    used: HashMap<&'a str, HashSet<&'f str>>,
}

/// Where something is exported or met.
#[derive(Clone, Copy)]
struct Use<'f, 'a> {
    found: &'f Found<'a>,
    statement: Option<&'f str>,
    by: &'f ByComponent,
    reference: &'f Reference,
}

impl<'f, 'a> Exchanges<'f, 'a> {
    fn of(all: &'f [Found<'a>]) -> Self {
        let mut exchanges = Self {
            exported: HashMap::new(),
            satisfied: HashMap::new(),
            used: HashMap::new(),
        };
        for found in all {
            let requirement = found.read.iter();
            let by_components = requirement.flat_map(|requirement| requirement.all_by_components());
            for (statement, by) in by_components {
                for (kind, reference) in exchanges_of(by) {
                    let used = Use {
                        found,
                        statement,
                        by,
                        reference,
                    };
                    exchanges.add(used, kind);
                }
            }
        }
        exchanges
    }

    fn add(&mut self, used: Use<'f, 'a>, kind: ExchangeKind) {
        match kind {
            ExchangeKind::Provided | ExchangeKind::Responsibility => {
                let uuid = used.reference.uuid.as_str();
                self.exported.entry(uuid).or_insert((used, kind));
            }
            ExchangeKind::Inherited | ExchangeKind::Satisfied => {
                let Some(uuid) = used.reference.refers_to() else {
                    return;
                };
                self.used.entry(used.document()).or_default().insert(uuid);
                if kind == ExchangeKind::Satisfied {
                    self.satisfied.entry(uuid).or_default().push(used);
                }
            }
        }
    }

    /// The ids of these documents, and of those that they inherit from.
    fn providers(&self, wanted: &HashSet<&'a str>) -> HashSet<&'a str> {
        let used = wanted.iter().filter_map(|id| self.used.get(id)).flatten();
        let providers = used
            .filter_map(|uuid| self.exported.get(uuid))
            .map(|(exported, _)| exported.document());
        providers.chain(wanted.iter().copied()).collect()
    }

    /// What the documents say they meet, but no loaded document exports as a responsibility.
    fn not_loaded(&self, wanted: &HashSet<&str>) -> Vec<Item<'f, 'a>> {
        let of_wanted = |used: &&Use<'_, '_>| wanted.contains(used.document());
        let asked = |uuid: &str| {
            let exported = self.exported.get(uuid);
            exported.is_some_and(|(_, kind)| *kind == ExchangeKind::Responsibility)
        };
        let uses = self.satisfied.iter().filter(|(uuid, _)| !asked(uuid));
        let mut rest: Vec<_> = uses
            .filter_map(|(uuid, uses)| Some((*uuid, *uses.iter().find(of_wanted)?)))
            .collect();
        rest.sort_by_key(|(uuid, used)| (used.found.control, *uuid));
        let items = rest
            .into_iter()
            .map(|(uuid, used)| Item::NotLoaded(uuid, used));
        items.collect()
    }

    /// The first places where a responsibility is met.
    fn met(&self, uuid: &str) -> impl Iterator<Item = &Use<'f, 'a>> {
        self.satisfied.get(uuid).into_iter().flatten().take(MAX_MET)
    }

    /// Whether it is of a component with this uuid, or with this text in its title, or is met by
    /// one. `text` is in lower case.
    fn concerns(&self, item: &Item<'f, 'a>, text: &str) -> bool {
        let (own, uuid) = match item {
            Item::Exported(used) => (used, used.reference.uuid.as_str()),
            Item::NotLoaded(uuid, used) => (used, *uuid),
            Item::Origination(found, _) => {
                return found.components.iter().any(|component| component.is(text));
            }
        };
        let mut uses = self.met(uuid).chain([own]);
        uses.any(|used| used.component().is_some_and(|component| component.is(text)))
    }

    fn read(
        &self,
        item: Item<'f, 'a>,
        sources: &mut Sources<'_, 'a>,
        budget: &Budget,
    ) -> Responsibility {
        let satisfied = |uuid: &str, sources: &mut Sources<'_, 'a>| {
            let met = self.met(uuid).map(|used| Satisfied {
                place: used.place(),
                text: used.text(sources, budget),
            });
            met.collect()
        };
        match item {
            Item::Exported(used) => {
                let provided = self.exported.get(used.reference.provided_uuid.as_str());
                Responsibility {
                    kind: ResponsibilityKind::Exported,
                    place: used.place(),
                    uuid: used.reference.uuid.clone(),
                    text: used.text(sources, budget),
                    provided: provided.map(|(provided, _)| provided.text(sources, budget)),
                    satisfied: satisfied(&used.reference.uuid, sources),
                }
            }
            Item::Origination(found, text) => Responsibility {
                kind: ResponsibilityKind::Origination,
                place: place(
                    found,
                    None,
                    found.components.first().filter(|_| found.read.is_none()),
                ),
                uuid: found.entry.id.as_ref().to_owned(),
                text: text_of(found, None, &text, sources, budget),
                provided: None,
                satisfied: Vec::new(),
            },
            Item::NotLoaded(uuid, used) => Responsibility {
                kind: ResponsibilityKind::NotLoaded,
                place: used.place(),
                uuid: uuid.to_owned(),
                text: String::new(),
                provided: None,
                satisfied: satisfied(uuid, sources),
            },
        }
    }
}

impl<'a> Use<'_, 'a> {
    fn component(&self) -> Option<&Component<'a>> {
        let mut components = self.found.components.iter();
        components.find(|component| component.uuid == self.by.component_uuid)
    }

    /// The id of the document.
    fn document(&self) -> &'a str {
        &self.found.document.info().id
    }

    fn place(&self) -> ResponsibilityPlace {
        place(self.found, self.statement, self.component())
    }

    fn text(&self, sources: &mut Sources<'_, 'a>, budget: &Budget) -> String {
        let component = Some(self.by.component_uuid.as_str());
        let text = &self.reference.description;
        text_of(self.found, component, text, sources, budget)
    }
}

/// What a requirement asks of others.
fn exported<'f, 'a>(found: &'f Found<'a>) -> impl Iterator<Item = Item<'f, 'a>> {
    let by_components = found.read.iter().flat_map(|read| read.all_by_components());
    by_components.flat_map(move |(statement, by)| {
        let asked = by.export.responsibilities.iter();
        asked.map(move |reference| {
            Item::Exported(Use {
                found,
                statement,
                by,
                reference,
            })
        })
    })
}

/// The properties that give the customer a part.
fn originations<'f, 'a>(found: &'f Found<'a>) -> Vec<Item<'f, 'a>> {
    let requirement = found.requirement();
    let customers = requirement.originations().filter(|prop| {
        let value = prop.value.to_lowercase();
        let words = ["customer", "shared", "hybrid"];
        words.into_iter().any(|word| value.contains(word))
    });
    let texts = customers.map(|prop| match prop.remarks.as_str() {
        "" => prop.value.clone(),
        remarks => format!("{}: {remarks}", prop.value),
    });
    texts.map(|text| Item::Origination(found, text)).collect()
}

fn place(
    found: &Found<'_>,
    statement: Option<&str>,
    component: Option<&Component<'_>>,
) -> ResponsibilityPlace {
    let info = found.document.info();
    ResponsibilityPlace {
        document: info.id.clone(),
        document_title: info.title.clone(),
        document_version: info.version.clone(),
        control: found.control.to_owned(),
        statement: statement.map(str::to_owned),
        component: component.map(|component| component.title.clone()),
    }
}
