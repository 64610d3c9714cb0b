//! The identity of a document, and what it contains.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::model::Model;
use crate::document::outline::Outline;

/// The identity of a document, and what it contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentInfo {
    /// Names the document within its library: its uuid in lower case, so that it is the same after
    /// a restart and in every replica, and says nothing of where the document came from. Where
    /// documents of several models share a uuid, the model follows it in all but the first:
    /// `UUID.system-security-plan`.
    pub id: String,
    /// The uuid as the document writes it.
    pub uuid: String,
    /// The model.
    pub model: Model,
    /// The title.
    pub title: String,
    /// The document's version; empty where it gives none.
    pub version: String,
    /// The version of OSCAL; empty where the document gives none.
    pub oscal_version: String,
    /// The time of the last change, as the document writes it; empty where it gives none.
    pub last_modified: String,
    /// How many there are of `controls`, `withdrawn-controls`, `groups`, `params`, `components`,
    /// `implemented-requirements`, `findings`, `imports`, `resources` and so on. What the document
    /// lacks is left out.
    pub counts: BTreeMap<&'static str, usize>,
    /// Whether the document comes with the program.
    pub built_in: bool,
}

impl DocumentInfo {
    pub(crate) fn of(outline: &Outline, built_in: bool) -> Self {
        let mut counts = BTreeMap::new();
        let withdrawn = outline.catalog.controls.iter().filter(|c| c.withdrawn);
        for (name, count) in [
            ("controls", outline.catalog.controls.len()),
            ("withdrawn-controls", withdrawn.count()),
            ("groups", outline.catalog.groups.len()),
            ("params", outline.catalog.param_count()),
            ("imports", outline.imports),
            ("resources", outline.resources.len()),
        ] {
            if count > 0 {
                counts.insert(name, count);
            }
        }
        for entry in outline.entries.iter().skip(1) {
            *counts.entry(entry.kind.member()).or_default() += 1;
        }
        Self {
            id: outline.uuid.to_ascii_lowercase(),
            uuid: outline.uuid.clone(),
            model: outline.model,
            title: outline.metadata.title.clone(),
            version: outline.metadata.version.clone(),
            oscal_version: outline.metadata.oscal_version.clone(),
            last_modified: outline.metadata.last_modified.clone(),
            counts,
            built_in,
        }
    }
}
