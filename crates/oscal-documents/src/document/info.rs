//! The identity of a document, and what it contains.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::document::model::Model;
use crate::document::outline::Outline;

/// The identity of a document, and what it contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentInfo {
    /// Names the document within its library. It is the uuid in lower case, so it stays the same
    /// after a restart and in every replica, and reveals nothing about where the document came
    /// from. If documents of several models share a uuid, all but the first add their model:
    /// `UUID.system-security-plan`. If several of one model do, all but the newest revision add a
    /// few digits that depend on their content: `UUID.5d41c0`.
    pub id: String,
    /// The id of the newest revision, if this is an older one: a document of the same uuid and
    /// model that was modified earlier, or at the same time with a lower version.
    pub superseded_by: Option<String>,
    /// The uuid as the document writes it.
    pub uuid: String,
    /// The model.
    pub model: Model,
    /// The title.
    pub title: String,
    /// The document's version; empty if it gives none.
    pub version: String,
    /// The version of OSCAL; empty if the document gives none.
    pub oscal_version: String,
    /// The time of the last change, as the document writes it; empty if it gives none.
    pub last_modified: String,
    /// The numbers of `controls`, `withdrawn-controls`, `groups`, `params`, `components`,
    /// `implemented-requirements`, `findings`, `imports`, `resources` and so on. Zero counts are
    /// left out.
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
            superseded_by: None,
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
