//! How far a control is implemented.

use serde::Serialize;

/// How far a control is implemented, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageLevel {
    /// Something says that it is implemented, in the way of the control or in an alternative one.
    Implemented,
    /// There is a statement without a status, or with one that OSCAL does not define.
    Stated,
    /// It is partly implemented at best.
    Partial,
    /// It is planned at best.
    Planned,
    /// It is said to be not applicable.
    NotApplicable,
    /// There is no statement.
    Missing,
}

impl CoverageLevel {
    /// Whether the control is left to be done.
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
