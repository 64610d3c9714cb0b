//! How far a control is implemented.

use serde::Serialize;

/// How far a control is implemented, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageLevel {
    /// Something says that it is implemented, as the control says or in an alternative way.
    Implemented,
    /// It has a statement without a status, or with one that OSCAL does not define.
    Stated,
    /// At best, it is partly implemented.
    Partial,
    /// At best, it is planned.
    Planned,
    /// It is declared not applicable.
    NotApplicable,
    /// It has no statement.
    Missing,
}

impl CoverageLevel {
    /// Whether work on the control remains.
    pub fn is_gap(self) -> bool {
        self > Self::Stated
    }

    pub(super) fn of_status(status: &str) -> Self {
        match status.trim().to_ascii_lowercase().as_str() {
            "implemented" | "alternative" => Self::Implemented,
            "partial" => Self::Partial,
            "planned" => Self::Planned,
            "not-applicable" => Self::NotApplicable,
            _ => Self::Stated,
        }
    }
}
