//! Numbers of controls by level.

use serde::Serialize;

use crate::implementations::level::CoverageLevel;

/// Numbers of controls by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CoverageCounts {
    /// All controls.
    pub total: usize,
    /// Implemented.
    pub implemented: usize,
    /// Inherited from another system.
    pub inherited: usize,
    /// With a statement, but without a status.
    pub stated: usize,
    /// Partly implemented.
    pub partial: usize,
    /// Planned.
    pub planned: usize,
    /// Declared not to be implemented.
    pub not_implemented: usize,
    /// With a status whose meaning is not known.
    pub unclear: usize,
    /// Not applicable.
    pub not_applicable: usize,
    /// Without any statement.
    pub missing: usize,
}

impl CoverageCounts {
    /// How many controls are covered: implemented, inherited, or stated without a status.
    pub fn covered(self) -> usize {
        self.implemented + self.inherited + self.stated
    }

    /// How many controls are gaps.
    pub fn gaps(self) -> usize {
        self.applicable() - self.covered()
    }

    /// How many controls are not declared not applicable.
    pub fn applicable(self) -> usize {
        self.total - self.not_applicable
    }

    /// The number `of` as a percentage of all controls, to one decimal.
    pub fn percent(self, of: usize) -> f64 {
        percent(of, self.total)
    }

    /// The number `of` as a percentage of the controls that apply, to one decimal.
    pub fn percent_of_applicable(self, of: usize) -> f64 {
        percent(of, self.applicable())
    }

    pub(super) fn count(&mut self, level: CoverageLevel) {
        self.total += 1;
        *match level {
            CoverageLevel::Implemented => &mut self.implemented,
            CoverageLevel::Inherited => &mut self.inherited,
            CoverageLevel::Stated => &mut self.stated,
            CoverageLevel::Partial => &mut self.partial,
            CoverageLevel::Planned => &mut self.planned,
            CoverageLevel::NotImplemented => &mut self.not_implemented,
            CoverageLevel::Unclear => &mut self.unclear,
            CoverageLevel::NotApplicable => &mut self.not_applicable,
            CoverageLevel::Missing => &mut self.missing,
        } += 1;
    }
}

fn percent(of: usize, total: usize) -> f64 {
    if total == 0 {
        return 0.0;
    }
    let per_mille = (of * 2_000 / total).div_ceil(2);
    f64::from(u32::try_from(per_mille).unwrap_or(u32::MAX)) / 10.0
}
