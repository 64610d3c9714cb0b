//! Mapping collections: where their maps are, and which frameworks they relate.

use std::convert::Infallible;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::document::Document;
use crate::document::control_key::control_key;
use crate::document::model::Model;
use crate::framework::{Framework, Frameworks};
use crate::json::cursor::{Cursor, Span};
use crate::library::view::LibraryView;
use crate::mappings::element::{GapElement, MapElement, ResourceElement, SelectElement, shown};
use crate::resolve::select::glob;

/// A framework that a mapping is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameworkName {
    /// Id of the catalog or profile, if it is loaded.
    pub document: Option<String>,
    /// Its title; or, if it is not loaded, where the mapping says it is.
    pub title: String,
    /// Its version, if it is loaded and gives one.
    pub version: String,
}

/// How a mapping was made, as its document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappingOrigin {
    /// `human`, `automation` or `hybrid`.
    pub method: Option<String>,
    /// `syntactic`, `semantic` or `functional`.
    pub rationale: Option<String>,
    /// `complete`, `draft` and so on.
    pub status: Option<String>,
    /// How sure the authors are: a category or a percentage.
    pub confidence: Option<String>,
    /// The share of the target that the authors claim to cover.
    pub coverage: Option<String>,
}

/// Relations between two frameworks.
pub(super) struct Mapping<'a> {
    pub(super) document: &'a Document,
    pub(super) origin: MappingOrigin,
    pub(super) source: Side<'a>,
    pub(super) target: Side<'a>,
    pub(super) maps: Vec<Span>,
}

/// One of the two frameworks of a mapping.
pub(super) struct Side<'a> {
    pub(super) name: FrameworkName,
    /// Empty if the framework is not loaded.
    pub(super) framework: Rc<Framework<'a>>,
    /// What may name it, in lower case.
    names: String,
    /// The controls that the mapping declares to be without a counterpart.
    unmapped: Vec<SelectElement>,
}

/// The mappings of all documents, or of the one with this id.
pub(super) fn mappings<'a>(
    view: &LibraryView<'a>,
    frameworks: &Frameworks<'_, 'a>,
    document: Option<&str>,
) -> Vec<Mapping<'a>> {
    let id = document.map(|id| id.trim().to_ascii_lowercase());
    let documents = view.documents().filter(|document| {
        document.info().model == Model::MappingCollection
            && id.as_ref().is_none_or(|id| *id == document.info().id)
    });
    let mut mappings = Vec::new();
    for document in documents {
        read(document, frameworks, &mut mappings);
    }
    mappings
}

/// The spans of a mapping's members.
#[derive(Default)]
struct Members {
    origin: [Span; 5],
    resources: [Span; 2],
    gaps: [Span; 2],
    maps: Vec<Span>,
}

const ORIGIN: [&str; 5] = [
    "method",
    "matching-rationale",
    "status",
    "confidence-score",
    "coverage",
];

fn read<'a>(document: &'a Document, frameworks: &Frameworks<'_, 'a>, found: &mut Vec<Mapping<'a>>) {
    let text = document.json();
    let mut provenance = Members::default();
    let mut mappings = Vec::new();
    let Ok(()) = Cursor::new(text).object(|cursor, name| {
        if name != Model::MappingCollection.root_key() {
            return Ok::<_, Infallible>(());
        }
        cursor.object(|cursor, name| match name {
            "provenance" => cursor.object(|cursor, name| {
                provenance.member(cursor, name);
                Ok(())
            }),
            "mappings" => cursor.array(|cursor| {
                let mut members = Members::default();
                cursor.object(|cursor, name| {
                    members.member(cursor, name);
                    Ok::<_, Infallible>(())
                })?;
                mappings.push(members);
                Ok(())
            }),
            _ => Ok(()),
        })
    });
    for members in mappings {
        let origin = |at: usize| {
            let own = members.origin[at];
            let of = if !own.is_empty() {
                own
            } else {
                provenance.origin[at]
            };
            let value: Value = parsed(text, of);
            quality(&value)
        };
        let side = |at: usize| {
            let gap: GapElement = parsed(text, members.gaps[at]);
            let resource: ResourceElement = parsed(text, members.resources[at]);
            Side::of(document, frameworks, &resource, gap)
        };
        let origin = MappingOrigin {
            method: origin(0),
            rationale: origin(1),
            status: origin(2),
            confidence: origin(3),
            coverage: origin(4),
        };
        let (source, target) = (side(0), side(1));
        found.push(Mapping {
            document,
            origin,
            source,
            target,
            maps: members.maps,
        });
    }
}

impl Members {
    fn member(&mut self, cursor: &mut Cursor<'_>, name: &str) {
        if let Some(at) = ORIGIN.iter().position(|known| *known == name) {
            self.origin[at] = cursor.skip();
            return;
        }
        match name {
            "source-resource" => self.resources[0] = cursor.skip(),
            "target-resource" => self.resources[1] = cursor.skip(),
            "source-gap-summary" => self.gaps[0] = cursor.skip(),
            "target-gap-summary" => self.gaps[1] = cursor.skip(),
            "maps" => {
                let Ok(()) = cursor.array(|cursor| {
                    self.maps.push(cursor.skip());
                    Ok::<_, Infallible>(())
                });
            }
            _ => {}
        }
    }
}

/// A member, or nothing if it is missing or of an unexpected type.
fn parsed<T: DeserializeOwned + Default>(text: &str, span: Span) -> T {
    serde_json::from_str(span.of(text)).unwrap_or_default()
}

/// A word, or what a score says: its category, percentage or share of the target.
pub(super) fn quality(value: &Value) -> Option<String> {
    let members = ["category", "percentage", "target-coverage"];
    let member = members.iter().find_map(|name| shown(value.get(name)?));
    member
        .or_else(|| shown(value))
        .filter(|text| !text.is_empty())
}

impl Mapping<'_> {
    /// One map; `None` if it does not follow the model.
    pub(super) fn map(&self, span: Span) -> Option<MapElement> {
        serde_json::from_str(span.of(self.document.json())).ok()
    }
}

impl<'a> Side<'a> {
    fn of(
        document: &'a Document,
        frameworks: &Frameworks<'_, 'a>,
        resource: &ResourceElement,
        gap: GapElement,
    ) -> Self {
        // Some tools copy catalogs beside the mapping under new names, and give the uuid in a
        // property.
        let links = [&resource.href].into_iter();
        let values = resource.props.iter().map(|prop| &prop.value);
        let uuids = values.clone().filter(|value| is_uuid(value));
        let mut linked = links.chain(uuids).filter(|link| !link.is_empty());
        let found = linked.find_map(|link| frameworks.linked(document, link));
        let mut names: Vec<&str> = values.map(String::as_str).collect();
        names.push(&resource.href);
        let name = match found.map(Document::info) {
            Some(info) => {
                names.extend([info.title.as_str(), &info.version, &info.id]);
                FrameworkName {
                    document: Some(info.id.clone()),
                    title: info.title.clone(),
                    version: info.version.clone(),
                }
            }
            None => FrameworkName {
                title: resource.href.clone(),
                ..FrameworkName::default()
            },
        };
        Self {
            framework: found.map(|found| frameworks.of(found)).unwrap_or_default(),
            names: names.join(" ").to_lowercase(),
            name,
            unmapped: gap.unmapped_controls,
        }
    }

    /// Whether the text names this framework: the id of its document, or words that are all in its
    /// title, version, address or properties.
    pub(super) fn is_named(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        let mut words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty());
        words.clone().next().is_some() && words.all(|word| self.names.contains(word))
    }

    /// Whether the mapping declares that a control has no counterpart.
    pub(super) fn declares_unmapped(&self, id: &str) -> bool {
        let key = control_key(id);
        self.unmapped.iter().any(|select| {
            select.with_ids.iter().any(|id| control_key(id) == key)
                || (select.matching.iter()).any(|matching| glob::matches(&matching.pattern, id))
        })
    }

    /// Ids of the controls that the mapping declares to be without a counterpart.
    pub(super) fn unmapped_ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.unmapped.iter().flat_map(|select| &select.with_ids);
        ids.map(String::as_str)
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
