//! How far a control is implemented, and what the states of documents mean.

use std::fmt;

use serde::Serialize;

/// How far a control is implemented, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CoverageLevel {
    /// It is implemented, as the control says or in an alternative way.
    Implemented,
    /// It is inherited from another system.
    Inherited,
    /// It has a statement without a status.
    Stated,
    /// It is partly implemented.
    Partial,
    /// It is planned or under way.
    Planned,
    /// It is declared not to be implemented.
    NotImplemented,
    /// It has a status whose meaning is not known. That never counts as covered.
    Unclear,
    /// It is declared not applicable.
    NotApplicable,
    /// It has no statement.
    Missing,
}

impl CoverageLevel {
    /// All levels, best first.
    pub const ALL: [Self; 9] = [
        Self::Implemented,
        Self::Inherited,
        Self::Stated,
        Self::Partial,
        Self::Planned,
        Self::NotImplemented,
        Self::Unclear,
        Self::NotApplicable,
        Self::Missing,
    ];

    /// The name, as it is serialized.
    pub fn name(self) -> &'static str {
        match self {
            Self::Implemented => "implemented",
            Self::Inherited => "inherited",
            Self::Stated => "stated",
            Self::Partial => "partial",
            Self::Planned => "planned",
            Self::NotImplemented => "not-implemented",
            Self::Unclear => "unclear",
            Self::NotApplicable => "not-applicable",
            Self::Missing => "missing",
        }
    }

    /// Whether the control counts as covered.
    pub fn is_covered(self) -> bool {
        self <= Self::Stated
    }

    /// Whether work on the control remains. A control that is not applicable is neither covered nor
    /// a gap.
    pub fn is_gap(self) -> bool {
        !self.is_covered() && self != Self::NotApplicable
    }

    /// What a status means. OSCAL defines five and allows others; producers write them in many
    /// ways: `Partially Implemented`, `NOT_IMPLEMENTED`, `n/a`.
    ///
    /// ```
    /// use oscal_documents::CoverageLevel;
    ///
    /// assert_eq!(CoverageLevel::of_status("alternative"), CoverageLevel::Implemented);
    /// assert_eq!(CoverageLevel::of_status("Not Applicable"), CoverageLevel::NotApplicable);
    /// assert_eq!(CoverageLevel::of_status("notImplemented"), CoverageLevel::NotImplemented);
    /// assert_eq!(CoverageLevel::of_status("see annex"), CoverageLevel::Unclear);
    /// ```
    pub fn of_status(status: &str) -> Self {
        let words = words(status);
        let phrase = words.concat();
        let is_any = |known: &[&str]| known.contains(&phrase.as_str());
        let has_any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        if is_any(NOT_APPLICABLE) || (has_any(NEGATIONS) && has_any(APPLICABLE)) {
            Self::NotApplicable
        } else if is_any(NOT_IMPLEMENTED) || has_any(NEGATIONS) {
            Self::NotImplemented
        } else if is_any(PARTIAL) || has_any(PARTLY) {
            Self::Partial
        } else if is_any(PLANNED) || has_any(LATER) {
            Self::Planned
        } else if is_any(IMPLEMENTED) {
            Self::Implemented
        } else if is_any(INHERITED) {
            Self::Inherited
        } else {
            Self::Unclear
        }
    }

    /// The level of what acts together: the components of a system for a statement, or the
    /// statements of a control. `None` if nothing is said.
    ///
    /// What is not applicable to one of them does not hinder the others. If some are implemented
    /// and others are not, the whole is partly implemented.
    pub(super) fn together(levels: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut levels: Vec<_> = levels.into_iter().collect();
        let first = *levels.first()?;
        if levels.iter().all(|level| *level == first) {
            return Some(first);
        }
        levels.retain(|level| *level != Self::NotApplicable);
        let is_any = |known: Self| levels.contains(&known);
        if levels.iter().all(|level| level.is_covered()) {
            let stated = is_any(Self::Stated).then_some(Self::Stated);
            let inherited = levels.iter().all(|level| *level == Self::Inherited);
            let inherited = inherited.then_some(Self::Inherited);
            return Some(stated.or(inherited).unwrap_or(Self::Implemented));
        }
        if levels.iter().any(|level| *level <= Self::Partial) {
            return Some(Self::Partial);
        }
        let said = levels.iter().filter(|level| **level != Self::Missing);
        Some(said.max().copied().unwrap_or(Self::Missing))
    }
}

impl fmt::Display for CoverageLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Words that say the contrary of the rest, wherever they are.
const NEGATIONS: &[&str] = &["not", "no", "non", "never", "without"];

/// What is not so if a control is not applicable.
const APPLICABLE: &[&str] = &[
    "applicable",
    "apply",
    "relevant",
    "required",
    "needed",
    "necessary",
    "scope",
];

/// Words that limit the rest, wherever they are.
const PARTLY: &[&str] = &[
    "partial",
    "partially",
    "partly",
    "incomplete",
    "incompletely",
];

/// Words that put the rest off, wherever they are.
const LATER: &[&str] = &["planned", "plan", "scheduled", "pending", "future"];

// Whole phrases, without what separates their words.

const NOT_APPLICABLE: &[&str] = &[
    "na",
    "inapplicable",
    "notapplicable",
    "nonapplicable",
    "notrequired",
    "outofscope",
];

const NOT_IMPLEMENTED: &[&str] = &[
    "notimplemented",
    "unimplemented",
    "none",
    "missing",
    "absent",
    "open",
    "todo",
    "unsatisfied",
    "otherthansatisfied",
    "noncompliant",
    "failed",
];

const PARTIAL: &[&str] = &[
    "partiallyimplemented",
    "partlyimplemented",
    "partialimplementation",
    "partiallyinherited",
    "shared",
    "hybrid",
];

const PLANNED: &[&str] = &[
    "underdevelopment",
    "indevelopment",
    "inprogress",
    "underway",
    "ongoing",
    "tobeimplemented",
    "tobedetermined",
    "tbd",
];

const IMPLEMENTED: &[&str] = &[
    "implemented",
    "fullyimplemented",
    "implementedfully",
    "completelyimplemented",
    "inplace",
    "complete",
    "completed",
    "operational",
    "satisfied",
    "met",
    "compliant",
    "yes",
    "alternative",
    "alternate",
    "alternativeimplementation",
    "alternateimplementation",
    "alternativelyimplemented",
    "implementedalternatively",
    "compensatingcontrol",
    "compensatingcontrols",
];

const INHERITED: &[&str] = &[
    "inherited",
    "fullyinherited",
    "leveraged",
    "leveragedsystem",
    "inheritedandimplemented",
    "implementedandinherited",
];

/// The words of a status in lower case: `NotImplemented` and `not_implemented` have two.
fn words(status: &str) -> Vec<String> {
    /// No status is longer.
    const LONGEST: usize = 200;
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in status.chars().take(LONGEST) {
        if !c.is_alphanumeric() || (before.is_lowercase() && c.is_uppercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CoverageLevel::{self, *};

    #[test]
    fn states_count_by_meaning_however_they_are_written() {
        for (level, states) in [
            (
                Implemented,
                "implemented|Implemented|Fully Implemented|alternative|Alternative Implementation|in-place",
            ),
            (Inherited, "inherited|Inherited|fully-inherited|leveraged"),
            (
                Partial,
                "partial|Partially Implemented|PARTIALLY_IMPLEMENTED|partiallyImplemented|\
                 partial-implementation|partially-inherited|hybrid|Implemented partially",
            ),
            (
                Planned,
                "planned|Planned for Q3|under-development|In Progress|to be implemented",
            ),
            (
                NotImplemented,
                "not-implemented|Not Implemented|NOT_IMPLEMENTED|notImplemented|unimplemented|\
                 notimplemented|not yet implemented|not in place|Not-Satisfied|non-compliant|\
                 other-than-satisfied|none|no",
            ),
            (
                NotApplicable,
                "not-applicable|Not Applicable|NOT_APPLICABLE|notApplicable|notapplicable|n/a|N/A|\
                 NA|not required|out of scope",
            ),
            (
                Unclear,
                "see annex|risk accepted|implemented with exceptions|7|???|umgesetzt",
            ),
        ] {
            for state in states.split('|') {
                assert_eq!(CoverageLevel::of_status(state), level, "{state}");
            }
        }
    }

    #[test]
    fn what_acts_together_is_as_good_as_all_of_it() {
        for (levels, together) in [
            (vec![Implemented, Implemented], Implemented),
            (vec![Implemented, Inherited], Implemented),
            (vec![Inherited, Inherited], Inherited),
            (vec![Implemented, Stated], Stated),
            (vec![Implemented, Planned], Partial),
            (vec![Implemented, Unclear], Partial),
            (vec![Implemented, Missing], Partial),
            (vec![Partial, Planned], Partial),
            (vec![Implemented, NotApplicable], Implemented),
            (vec![NotApplicable, NotApplicable], NotApplicable),
            (vec![NotApplicable, Missing], Missing),
            (vec![Planned, NotImplemented], NotImplemented),
            (vec![Planned, Missing], Planned),
        ] {
            for levels in [levels.clone(), levels.iter().rev().copied().collect()] {
                let found = CoverageLevel::together(levels.clone());
                assert_eq!(found, Some(together), "{levels:?}");
            }
        }
        assert_eq!(CoverageLevel::together([]), None);
    }

    #[test]
    fn only_what_is_implemented_inherited_or_stated_is_covered() {
        let covered: Vec<_> = CoverageLevel::ALL
            .into_iter()
            .filter(|l| l.is_covered())
            .collect();
        assert_eq!(covered, [Implemented, Inherited, Stated]);
        let neither: Vec<_> = CoverageLevel::ALL
            .into_iter()
            .filter(|level| !level.is_covered() && !level.is_gap())
            .collect();
        assert_eq!(neither, [NotApplicable]);
    }

    proptest! {
        #[test]
        fn takes_any_status(status in any::<String>()) {
            CoverageLevel::of_status(&status);
        }

        #[test]
        fn together_is_covered_only_if_all_that_applies_is(
            numbers in prop::collection::vec(0_usize..9, 1..6),
        ) {
            let levels: Vec<_> = numbers.iter().map(|number| CoverageLevel::ALL[*number]).collect();
            let together = CoverageLevel::together(levels.clone()).expect("some");
            let mut applies = levels.iter().filter(|level| **level != NotApplicable).peekable();
            let covered = applies.peek().is_some() && applies.all(|level| level.is_covered());
            prop_assert_eq!(together.is_covered(), covered);
        }
    }
}
