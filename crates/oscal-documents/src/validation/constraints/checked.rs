//! What was checked, and what was found.

use crate::validation::finding::Findings;

/// What was checked of constraints beyond the schema, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Constraints {
    /// How many of the model's constraints were checked. What only suggests values is not counted.
    pub checked: usize,
    /// The ids of those that were not: they need other documents, or more than is evaluated here.
    pub not_checked: Vec<&'static str>,
    /// The constraints that do not hold, by their ids, in document order.
    pub findings: Findings,
}
