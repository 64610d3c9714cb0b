//! The data of a comparison.

use std::collections::BTreeMap;

use oscal_documents::{
    AffectedImplementer, ChangeCounts, ControlChange, Document, Impact, Model, ObjectChange,
    ObjectComparison, WrittenFor,
};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use super::{
    differences,
    fit::{Difference, Fit},
};
use crate::mcp::answer::Page;

/// The most implementers that are listed.
const MAX_IMPLEMENTERS: usize = 20;

/// The most ids of controls in each list of an implementer.
const MAX_IDS: usize = 30;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Comparison {
    pub(super) old: Edition,
    pub(super) new: Edition,
    pub(super) summary: Summary,
    pub(super) changes: Page<Change>,
    /// What it means for loaded implementations; with the first page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impact: Option<ImpactAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Whether text was cut to keep the answer small
    pub(super) truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Edition {
    pub(super) document: String,
    pub(super) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    pub(super) version: String,
    pub(super) model: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summary {
    /// Controls in force, or objects, in the old edition
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) differing: usize,
    pub(super) unchanged: usize,
    /// How many were added, removed, moved and so on; one may count in several ways
    pub(super) by_change: BTreeMap<&'static str, usize>,
    /// Objects by kind, such as component: added, removed and changed
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub(super) by_kind: BTreeMap<&'static str, [usize; 3]>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Change {
    /// control, component, implemented-requirement and so on
    pub(super) kind: &'static str,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    pub(super) title: String,
    /// The control of a requirement
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) control: Option<String>,
    /// added, removed, withdrawn, moved, renamed, text, parameters and so on
    pub(super) changes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) differences: Vec<Difference>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ImpactAnswer {
    /// Component definitions and plans that were looked at
    pub(super) documents: usize,
    /// Components, capabilities and plans with a control that was removed, withdrawn or changed
    pub(super) total: usize,
    /// The first 20 of them, those written for the old edition first
    pub(super) implementers: Vec<Implementer>,
    /// How many implement controls of these ids, but of other catalogs
    pub(super) of_other_catalogs: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Implementer {
    pub(super) document: String,
    pub(super) document_title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<String>,
    pub(super) title: String,
    /// old, new, both or unknown: for which edition it was written
    pub(super) written_for: &'static str,
    pub(super) source: String,
    /// The first 30 ids
    pub(super) removed: Vec<String>,
    pub(super) withdrawn: Vec<String>,
    pub(super) changed: Vec<String>,
    /// Controls in all three lists
    pub(super) affected: usize,
}

impl Edition {
    pub(super) fn of(document: &Document) -> Self {
        let info = document.info();
        Self {
            document: info.id.clone(),
            title: info.title.clone(),
            version: info.version.clone(),
            model: info.model.root_key(),
        }
    }
}

impl Summary {
    pub(super) fn of_controls(counts: &ChangeCounts) -> Self {
        Self {
            old: counts.old,
            new: counts.new,
            differing: counts.differing,
            unchanged: counts.unchanged,
            by_change: counts
                .kinds
                .iter()
                .map(|(kind, count)| (kind.name(), *count))
                .collect(),
            by_kind: BTreeMap::new(),
        }
    }

    pub(super) fn of_objects(comparison: &ObjectComparison<'_>) -> Self {
        let by_kind = comparison.by_kind.iter();
        Self {
            by_kind: by_kind
                .map(|(kind, counts)| (kind.name(), *counts))
                .collect(),
            ..Self::of_controls(&comparison.counts)
        }
    }
}

impl Change {
    pub(super) fn of_control(change: &ControlChange<'_>, fit: &mut Fit) -> Self {
        let control = change.control();
        Self {
            kind: "control",
            id: control
                .map(|control| control.id().to_owned())
                .unwrap_or_default(),
            label: control
                .and_then(oscal_documents::Control::label)
                .map(str::to_owned),
            title: control
                .map(|control| control.title().to_owned())
                .unwrap_or_default(),
            control: None,
            changes: change.kinds.iter().map(|kind| kind.name()).collect(),
            differences: differences::of_control(change, fit),
        }
    }

    pub(super) fn of_object(change: &ObjectChange<'_>, fit: &mut Fit) -> Self {
        let mut differences = Vec::new();
        for changed in change.detail() {
            fit.add(&mut differences, changed.name, changed.diff);
        }
        Self {
            kind: change.kind.name(),
            id: change.id.to_owned(),
            label: None,
            title: change.title.clone(),
            control: change.control.map(str::to_owned),
            changes: change.kinds.iter().map(|kind| kind.name()).collect(),
            differences,
        }
    }
}

impl ImpactAnswer {
    pub(super) fn of(impact: Impact) -> Self {
        let total = impact.implementers.len();
        let listed = impact.implementers.into_iter().take(MAX_IMPLEMENTERS);
        Self {
            documents: impact.documents,
            total,
            implementers: listed.map(Implementer::of).collect(),
            of_other_catalogs: impact.of_other_catalogs,
        }
    }
}

impl Implementer {
    fn of(affected: AffectedImplementer) -> Self {
        let count = affected.removed.len() + affected.withdrawn.len() + affected.changed.len();
        let first = |mut ids: Vec<String>| {
            ids.truncate(MAX_IDS);
            ids
        };
        Self {
            title: match affected.model {
                Model::SystemSecurityPlan => affected.document_title.clone(),
                _ => affected.title,
            },
            document: affected.document,
            document_title: affected.document_title,
            component: affected.component,
            written_for: match affected.written_for {
                WrittenFor::Old => "old",
                WrittenFor::New => "new",
                WrittenFor::Both => "both",
                _ => "unknown",
            },
            source: affected.source,
            removed: first(affected.removed),
            withdrawn: first(affected.withdrawn),
            changed: first(affected.changed),
            affected: count,
        }
    }
}
