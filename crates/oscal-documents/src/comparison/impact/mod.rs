//! What a comparison means for implementations.

mod claims;

use std::collections::HashMap;

use crate::comparison::catalogs::CatalogComparison;
use crate::comparison::change::ChangeKind;
use crate::comparison::impact::claims::claims;
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::document::model::Model;
use crate::framework::{Framework, Frameworks};
use crate::library::view::LibraryView;

/// The implementations that a comparison concerns.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Impact {
    /// Who implements a control that was removed, withdrawn or changed; those with the most such
    /// controls first.
    pub implementers: Vec<AffectedImplementer>,
    /// How many implement controls with the same ids, but of other catalogs.
    pub of_other_catalogs: usize,
    /// How many component definitions and security plans were looked at.
    pub documents: usize,
}

/// A component, capability or system that implements changed controls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AffectedImplementer {
    /// Id of its document.
    pub document: String,
    /// Title of its document.
    pub document_title: String,
    /// Model of its document.
    pub model: Model,
    /// Uuid of the component or capability; none for a system.
    pub component: Option<String>,
    /// Title of the component or capability; of the plan for a system.
    pub title: String,
    /// The catalog or profile that it was written for: the title if it is loaded, or else as the
    /// document writes it; empty if it does not say.
    pub source: String,
    /// Which of the compared documents it was written for.
    pub written_for: WrittenFor,
    /// Ids of the controls that are gone.
    pub removed: Vec<String>,
    /// Ids of the controls that are withdrawn.
    pub withdrawn: Vec<String>,
    /// Ids of the controls whose text or parameters changed.
    pub changed: Vec<String>,
}

/// Which of the compared documents an implementation was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WrittenFor {
    /// The old one.
    Old,
    /// Both, for instance the catalog that both profiles select from.
    Both,
    /// The new one.
    New,
    /// Its source is not loaded.
    Unknown,
}

/// Which implementations in the view concern controls that `comparison` found to be removed,
/// withdrawn or changed. `old` and `new` are the catalogs or profiles that were compared.
pub fn impact<'a>(
    view: &LibraryView<'a>,
    comparison: &CatalogComparison<'_>,
    old: &'a Document,
    new: &'a Document,
) -> Impact {
    let frameworks = Frameworks::new(view);
    let (old, new) = (frameworks.of(old), frameworks.of(new));
    let changed = changed(comparison);
    let mut impact = Impact::default();
    for document in view.documents() {
        let model = document.info().model;
        if !matches!(
            model,
            Model::ComponentDefinition | Model::SystemSecurityPlan
        ) {
            continue;
        }
        impact.documents += 1;
        for claim in claims(document) {
            let mut ids: [Vec<String>; 3] = Default::default();
            for control in claim.controls {
                if let Some(list) = changed.get(&control_key(control)) {
                    ids[*list].push(control.to_owned());
                }
            }
            if ids.iter().all(Vec::is_empty) {
                continue;
            }
            let source = frameworks.linked(document, &claim.source);
            let of_source = source.map(|source| frameworks.of(source));
            let Some(written_for) = WrittenFor::of(of_source.as_deref(), &old, &new) else {
                impact.of_other_catalogs += 1;
                continue;
            };
            for ids in &mut ids {
                ids.sort();
                ids.dedup();
            }
            let [removed, withdrawn, changed] = ids;
            let info = document.info();
            let title = claim.component.map_or_else(
                || info.title.clone(),
                |component| document.entries().title(component),
            );
            impact.implementers.push(AffectedImplementer {
                document: info.id.clone(),
                document_title: info.title.clone(),
                model,
                component: claim
                    .component
                    .map(|component| component.id.as_ref().to_owned()),
                title,
                source: source.map_or(claim.source, |source| source.info().title.clone()),
                written_for,
                removed,
                withdrawn,
                changed,
            });
        }
    }
    let most = |one: &AffectedImplementer| {
        let affected = one.removed.len() + one.withdrawn.len() + one.changed.len();
        (one.written_for, std::cmp::Reverse(affected))
    };
    impact.implementers.sort_by_key(most);
    impact
}

/// Keys of controls, with the list that they go to.
fn changed(comparison: &CatalogComparison<'_>) -> HashMap<String, usize> {
    let mut changed = HashMap::new();
    for change in &comparison.changes {
        let has = |kind| change.kinds.contains(&kind);
        let list = match () {
            () if has(ChangeKind::Removed) => 0,
            () if has(ChangeKind::Withdrawn) => 1,
            () if change
                .kinds
                .iter()
                .any(|kind| kind.concerns_implementations()) =>
            {
                2
            }
            () => continue,
        };
        for control in [change.old, change.new].into_iter().flatten() {
            changed.insert(control_key(control.id()), list);
        }
    }
    changed
}

impl WrittenFor {
    /// `None` if the source is another catalog.
    fn of(
        source: Option<&Framework<'_>>,
        old: &Framework<'_>,
        new: &Framework<'_>,
    ) -> Option<Self> {
        let Some(source) = source else {
            return Some(Self::Unknown);
        };
        match (source.meets(old), source.meets(new)) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Old),
            (false, true) => Some(Self::New),
            (false, false) => None,
        }
    }
}
