//! How far the controls of a baseline are implemented.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::control::Control;
use crate::document::control_key::control_key;
use crate::implementations::found::found;
use crate::implementations::implementation::ImplementationFilter;
use crate::implementations::level::CoverageLevel;
use crate::library::view::LibraryView;
use crate::resolve::resolved::BaselineControl;

/// How far the controls of a baseline are implemented.
#[derive(Debug)]
pub struct Coverage<'a> {
    /// The controls in the order of the baseline, except withdrawn ones and those that no profile
    /// selects.
    pub controls: Vec<ControlCoverage<'a>>,
    /// How many controls are at each level.
    pub counts: CoverageCounts,
}

/// How far a control is implemented.
#[derive(Debug, Clone, Copy)]
pub struct ControlCoverage<'a> {
    /// The control in its catalog.
    pub control: Control<'a>,
    /// The best level that any implementation gives.
    pub level: CoverageLevel,
    /// The number of implementations.
    pub implementations: usize,
}

/// Numbers of controls by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CoverageCounts {
    /// All controls.
    pub total: usize,
    /// Implemented.
    pub implemented: usize,
    /// With a statement, but no known status.
    pub stated: usize,
    /// Partly implemented.
    pub partial: usize,
    /// Planned.
    pub planned: usize,
    /// Not applicable.
    pub not_applicable: usize,
    /// Without any statement.
    pub missing: usize,
}

impl CoverageCounts {
    /// How many controls are gaps.
    pub fn gaps(self) -> usize {
        self.partial + self.planned + self.not_applicable + self.missing
    }

    /// The number `of` as a percentage of all controls, to one decimal.
    pub fn percent(self, of: usize) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let per_mille = (of * 2_000 / self.total).div_ceil(2);
        f64::from(u32::try_from(per_mille).unwrap_or(u32::MAX)) / 10.0
    }

    fn count(&mut self, level: CoverageLevel) {
        self.total += 1;
        *match level {
            CoverageLevel::Implemented => &mut self.implemented,
            CoverageLevel::Stated => &mut self.stated,
            CoverageLevel::Partial => &mut self.partial,
            CoverageLevel::Planned => &mut self.planned,
            CoverageLevel::NotApplicable => &mut self.not_applicable,
            CoverageLevel::Missing => &mut self.missing,
        } += 1;
    }
}

impl<'a> Coverage<'a> {
    /// The controls that are not, or only partly, implemented.
    pub fn gaps(&self) -> impl Iterator<Item = ControlCoverage<'a>> {
        let controls = self.controls.iter().copied();
        controls.filter(|control| control.level.is_gap())
    }
}

/// How well the implementations that match the filter cover the controls of a baseline.
///
/// ```
/// use oscal_documents::{ImplementationFilter, Library, Limits, coverage, resolve_profile};
///
/// # const CATALOG: &str = r#"{"catalog": {
/// #     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "House rules"},
/// #     "controls": [{"id": "ac-1", "title": "Keys"}, {"id": "ac-2", "title": "Guests"}]}}"#;
/// # const PROFILE: &str = r#"{"profile": {
/// #     "uuid": "00000000-0000-4000-8000-000000000002", "metadata": {"title": "A house"},
/// #     "imports": [{"href": "rules.json", "include-all": {}}]}}"#;
/// # const COMPONENTS: &str = r#"{"component-definition": {
/// #     "uuid": "00000000-0000-4000-8000-000000000003", "metadata": {"title": "Locks"},
/// #     "components": [{"uuid": "c", "type": "hardware", "title": "Front door", "description": "",
/// #         "control-implementations": [{"implemented-requirements": [
/// #             {"uuid": "r", "control-id": "ac-1", "description": "Keys are numbered."}]}]}]}}"#;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A catalog with `ac-1` and `ac-2`, a profile of both, and a component that implements `ac-1`.
/// let documents = [("rules.json", CATALOG), ("house.json", PROFILE), ("locks.json", COMPONENTS)];
/// let library = Library::load(&documents, None, Limits::default())?;
/// let view = library.view(|_| true);
/// let profile = view
///     .document("00000000-0000-4000-8000-000000000002")
///     .ok_or("no profile")?;
/// let baseline = resolve_profile(&view, profile, None)?;
/// let coverage = coverage(&view, baseline.controls, ImplementationFilter::default());
/// let gaps: Vec<_> = coverage.gaps().map(|gap| gap.control.id()).collect();
/// assert_eq!(gaps, ["ac-2"]);
/// # Ok(())
/// # }
/// ```
pub fn coverage<'a>(
    view: &LibraryView<'_>,
    baseline: impl IntoIterator<Item = BaselineControl<'a>>,
    filter: ImplementationFilter<'_>,
) -> Coverage<'a> {
    let mut by_control: HashMap<String, (CoverageLevel, usize)> = HashMap::new();
    for found in found(view, filter) {
        let level = found.share().level();
        let known = by_control
            .entry(control_key(found.control))
            .or_insert((level, 0));
        *known = (known.0.min(level), known.1 + 1);
    }
    let mut ids = HashSet::new();
    let mut coverage = Coverage {
        controls: Vec::new(),
        counts: CoverageCounts::default(),
    };
    for selected in baseline.into_iter().filter(|selected| !selected.implied) {
        let control = selected.control;
        if control.is_withdrawn() || !ids.insert(control.id()) {
            continue;
        }
        let known = by_control.get(&control_key(control.id()));
        let (level, implementations) = known.copied().unwrap_or((CoverageLevel::Missing, 0));
        coverage.counts.count(level);
        coverage.controls.push(ControlCoverage {
            control,
            level,
            implementations,
        });
    }
    coverage
}
