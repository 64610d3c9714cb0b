//! The components that a document may name: its own, and those of the component definitions that it
//! imports.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use crate::document::Document;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::library::view::LibraryView;
use crate::resolve::locate::{Located, Locator};
use crate::validation::names::anchor;

/// The most component definitions that are followed.
const MAX_IMPORTS: usize = 100;

/// The components of other documents that a document may name.
pub(super) enum Components {
    /// Any: an assessment names components of the system, and not all imports may be loaded.
    Any,
    /// Those with these uuids.
    Imported(HashSet<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Root {
    component_definition: Imports,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Imports {
    #[serde(default)]
    import_component_definitions: Vec<Import>,
}

#[derive(Deserialize)]
struct Import {
    href: String,
}

impl Components {
    pub(super) fn of(
        document: &Value,
        loaded: Option<&Document>,
        model: Option<Model>,
        view: &LibraryView<'_>,
    ) -> Self {
        match model {
            Some(Model::SystemSecurityPlan) => Self::Imported(HashSet::new()),
            Some(Model::ComponentDefinition) => {
                let imports = &document["component-definition"]["import-component-definitions"];
                if imports.is_null() {
                    return Self::Imported(HashSet::new());
                }
                // Pasted content is read as a document to find what it imports.
                let parsed = loaded
                    .is_none()
                    .then(|| Document::parse("content", document.to_string(), false));
                let parsed = parsed.and_then(Result::ok);
                let start = loaded.or(parsed.as_ref());
                start
                    .and_then(|start| imported(start, view))
                    .map_or(Self::Any, Self::Imported)
            }
            _ => Self::Any,
        }
    }

    /// Whether no imported component has this uuid.
    pub(super) fn are_without(&self, uuid: &str) -> bool {
        match self {
            Self::Any => false,
            Self::Imported(uuids) => !uuids.contains(&*anchor(uuid)),
        }
    }
}

/// The components of all definitions that a definition imports, directly or not; `None` if one of
/// them is not loaded.
fn imported<'a>(start: &'a Document, view: &LibraryView<'a>) -> Option<HashSet<String>> {
    let locator = Locator::new(view);
    let mut uuids = HashSet::new();
    let mut followed = HashSet::from([start.info().id.as_str()]);
    let mut importers = vec![start];
    while let Some(importer) = importers.pop() {
        let root: Root = serde_json::from_str(importer.json()).ok()?;
        for import in root.component_definition.import_component_definitions {
            let (Located::Found(definition) | Located::Alike(definition)) =
                locator.locate(importer, &import.href)
            else {
                return None;
            };
            if !followed.insert(&definition.info().id) {
                continue;
            }
            if definition.info().model != Model::ComponentDefinition || followed.len() > MAX_IMPORTS
            {
                return None;
            }
            let entries = definition.entries().iter();
            let components = entries
                .filter(|entry| matches!(entry.kind, EntryKind::Component | EntryKind::Capability));
            uuids.extend(components.map(|entry| anchor(&entry.id).into_owned()));
            importers.push(definition);
        }
    }
    Some(uuids)
}
