//! Counts what is implemented of a baseline.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::control::{Control, ControlName};
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::implementations::coverage::claims::{Claims, Judge};
use crate::implementations::coverage::counts::CoverageCounts;
use crate::implementations::coverage::covered::{ControlCoverage, Coverage, DocumentCoverage};
use crate::implementations::found::{Found, found, keys};
use crate::implementations::implementation::{ImplementationFilter, ImplementationKind};
use crate::implementations::items::Items;
use crate::implementations::level::CoverageLevel;
use crate::implementations::share::Whose;
use crate::implementations::source::Sources;
use crate::library::view::LibraryView;
use crate::resolve::resolved::BaselineControl;

/// The most different states shown for a control.
const MAX_STATES: usize = 8;

/// The implementations that match a filter, by control.
pub(super) struct Tally<'v, 'a, 'f> {
    filter: ImplementationFilter<'f>,
    /// The keys of the control in the filter.
    keys: Option<HashSet<String>>,
    sources: Sources<'v, 'a>,
    found: Vec<Found<'a>>,
    by_key: HashMap<String, Vec<usize>>,
}

/// A control of a baseline.
pub(super) struct Selected<'b> {
    control: Control<'b>,
    name: ControlName,
    /// Whether a profile selects it.
    is_asked: bool,
}

impl<'b> Selected<'b> {
    pub(super) fn of(selected: BaselineControl<'b>) -> Self {
        Self {
            control: selected.control,
            name: selected.name(),
            is_asked: !selected.implied,
        }
    }

    pub(super) fn in_catalog(control: Control<'b>) -> Self {
        Self {
            control,
            name: control.name(),
            is_asked: true,
        }
    }
}

/// What a document says about a control.
struct Said<'a> {
    document: &'a Document,
    is_plan: bool,
    level: Option<CoverageLevel>,
}

impl<'v, 'a, 'f> Tally<'v, 'a, 'f> {
    pub(super) fn of(view: &'v LibraryView<'a>, filter: ImplementationFilter<'f>) -> Self {
        let mut sources = Sources::new(view);
        let found = found(view, &mut sources, filter);
        let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
        for (number, found) in found.iter().enumerate() {
            by_key
                .entry(control_key(found.control))
                .or_default()
                .push(number);
        }
        Self {
            filter,
            keys: filter.control.map(|reference| keys(view, reference)),
            sources,
            found,
            by_key,
        }
    }

    pub(super) fn against<'b>(
        mut self,
        baseline: impl Iterator<Item = Selected<'b>>,
    ) -> Coverage<'b> {
        let mut controls = Vec::new();
        let mut withdrawn = Vec::new();
        let mut counts = CoverageCounts::default();
        let mut documents = BTreeMap::new();
        let mut claims = Claims::default();
        let mut catalogs = BTreeSet::new();
        let mut seen = HashSet::new();
        for selected in baseline {
            let control = selected.control;
            let key = control_key(control.id());
            catalogs.insert(&control.document().info().id);
            let is_wanted = self.keys.as_ref().is_none_or(|keys| keys.contains(&key));
            if !selected.is_asked || !is_wanted || !seen.insert(control.id()) {
                continue;
            }
            if selected.name.withdrawn {
                withdrawn.push(selected.name);
                continue;
            }
            let covered = self.control(selected, &key, &mut documents, &mut claims);
            counts.count(covered.level);
            controls.push(covered);
        }
        let selected: HashSet<_> = seen.iter().map(|id| control_key(id)).collect();
        let (not_selected, unknown) = self.beyond(&selected, &catalogs, &mut claims);
        Coverage {
            controls,
            counts,
            withdrawn,
            claims: claims.finish(&self.sources, |key| selected.contains(key)),
            documents: self.of_documents(documents, counts.total),
            not_selected,
            unknown,
        }
    }

    /// One control. Adds what each document says to `documents`, and what is claimed to `claims`.
    fn control<'b>(
        &mut self,
        selected: Selected<'b>,
        key: &str,
        documents: &mut BTreeMap<&'a str, CoverageCounts>,
        claims: &mut Claims<'a>,
    ) -> ControlCoverage<'b> {
        let Selected { control, name, .. } = selected;
        let mut covered = ControlCoverage {
            control,
            name,
            level: CoverageLevel::Missing,
            implementations: 0,
            not_counted: 0,
            states: Vec::new(),
        };
        let mut items = None;
        let mut said: Vec<Said<'a>> = Vec::new();
        for number in self.by_key.get(key).into_iter().flatten() {
            let found = &self.found[*number];
            let mut judge = Judge {
                sources: &mut self.sources,
                filter: self.filter,
            };
            let standing = judge.standing(found, &control.document().info().id);
            claims.add(found, standing, &self.sources);
            let count = found.components.len().max(1);
            if !standing.counts() {
                covered.not_counted += count;
                continue;
            }
            covered.implementations += count;
            let requirement = found.requirement();
            for state in requirement.states() {
                if covered.states.len() < MAX_STATES
                    && !covered.states.iter().any(|known| known == state)
                {
                    covered.states.push(state.to_owned());
                }
            }
            let is_plan = found.kind == ImplementationKind::Ssp;
            let uuids = found
                .components
                .iter()
                .map(|component| component.uuid.as_str());
            let uuids: HashSet<_> = uuids.collect();
            let whose = match self.filter.component {
                Some(_) if is_plan => Whose::Components(&uuids),
                _ => Whose::All,
            };
            let items = requirement.is_by_statement().then(|| {
                let items = items.get_or_insert_with(|| Items::of(control));
                &*items
            });
            let level = requirement.level(whose, items);
            match said
                .last_mut()
                .filter(|last| last.document.is(found.document))
            {
                Some(last) => last.add(level),
                None => said.push(Said {
                    document: found.document,
                    is_plan,
                    level,
                }),
            }
        }
        for said in &said {
            let level = said.level.unwrap_or(CoverageLevel::Missing);
            let counts = documents.entry(&said.document.info().id).or_default();
            counts.count(level);
        }
        covered.level = together(&said);
        covered
    }

    /// Adds the requirements of controls that the baseline does not select to `claims`. Returns the
    /// controls of those that count: those of a catalog, and unknown ones.
    fn beyond(
        &mut self,
        selected: &HashSet<String>,
        catalogs: &BTreeSet<&String>,
        claims: &mut Claims<'a>,
    ) -> (Vec<String>, Vec<String>) {
        let mut seen = HashSet::new();
        let (mut not_selected, mut unknown) = (Vec::new(), Vec::new());
        for found in &self.found {
            let key = control_key(found.control);
            if selected.contains(&key) {
                continue;
            }
            let mut judge = Judge {
                sources: &mut self.sources,
                filter: self.filter,
            };
            let standings = catalogs
                .iter()
                .map(|catalog| judge.standing(found, catalog));
            let Some(standing) = standings.min() else {
                continue;
            };
            claims.add(found, standing, &self.sources);
            if standing.counts() && seen.insert(key) {
                let known = self.sources.control(found.source, found.control);
                let list = match known {
                    Some(_) => &mut not_selected,
                    None => &mut unknown,
                };
                list.push(found.control.to_owned());
            }
        }
        (not_selected, unknown)
    }

    /// The coverage by each document that implements anything.
    fn of_documents(
        &self,
        mut documents: BTreeMap<&'a str, CoverageCounts>,
        total: usize,
    ) -> Vec<DocumentCoverage> {
        let mut all: Vec<&Document> = self.found.iter().map(|found| found.document).collect();
        all.dedup_by(|one, other| one.is(other));
        let coverage = all.into_iter().map(|document| {
            let info = document.info();
            let mut counts = documents.remove(info.id.as_str()).unwrap_or_default();
            counts.missing += total - counts.total;
            counts.total = total;
            DocumentCoverage {
                document: info.id.clone(),
                title: info.title.clone(),
                version: info.version.clone(),
                model: info.model,
                counts,
            }
        });
        coverage.collect()
    }
}

impl Said<'_> {
    /// What else the same document says.
    fn add(&mut self, level: Option<CoverageLevel>) {
        let levels = self.level.into_iter().chain(level);
        self.level = if self.is_plan {
            CoverageLevel::together(levels)
        } else {
            levels.min()
        };
    }
}

/// Plans say what systems do, so they come before components, which are alternatives.
fn together(said: &[Said<'_>]) -> CoverageLevel {
    let levels = |is_plan| {
        let said = said.iter().filter(move |said| said.is_plan == is_plan);
        said.filter_map(|said| said.level)
    };
    let planned = CoverageLevel::together(levels(true));
    planned
        .or(levels(false).min())
        .unwrap_or(CoverageLevel::Missing)
}
