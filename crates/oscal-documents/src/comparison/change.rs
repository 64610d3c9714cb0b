//! What changed: kinds and counts.

use std::collections::BTreeMap;

use serde::Serialize;

/// How a control, or another object, differs between two editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// Only the new edition has it.
    Added,
    /// Only the old edition has it.
    Removed,
    /// The new edition marks it as withdrawn.
    Withdrawn,
    /// The old edition marked it as withdrawn, the new one does not.
    Restored,
    /// It is in another group, or below another control or component.
    Moved,
    /// It has another id.
    Renamed,
    /// Another title.
    Title,
    /// Another text: the statement, guidance and other parts except assessment.
    Text,
    /// Parameters: added, removed, or with other values, choices, constraints or guidelines.
    Parameters,
    /// Text that says how to assess it.
    Assessment,
    /// Links to other controls.
    Links,
    /// Properties.
    Properties,
    /// Members of an object other than a control.
    Members,
}

impl ChangeKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Added,
        Self::Removed,
        Self::Withdrawn,
        Self::Restored,
        Self::Moved,
        Self::Renamed,
        Self::Title,
        Self::Text,
        Self::Parameters,
        Self::Assessment,
        Self::Links,
        Self::Properties,
        Self::Members,
    ];

    /// The name, as it is serialized.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Withdrawn => "withdrawn",
            Self::Restored => "restored",
            Self::Moved => "moved",
            Self::Renamed => "renamed",
            Self::Title => "title",
            Self::Text => "text",
            Self::Parameters => "parameters",
            Self::Assessment => "assessment",
            Self::Links => "links",
            Self::Properties => "properties",
            Self::Members => "members",
        }
    }

    /// Whether this changes what an implementation has to do.
    pub fn concerns_implementations(self) -> bool {
        matches!(
            self,
            Self::Removed | Self::Withdrawn | Self::Restored | Self::Text | Self::Parameters
        )
    }
}

/// How many controls or other objects changed, and how. One may change in several ways.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeCounts {
    /// In the old edition. Controls that are withdrawn do not count.
    pub old: usize,
    /// In the new edition, likewise.
    pub new: usize,
    /// Those that differ in any way.
    pub differing: usize,
    /// Those that are the same in both.
    pub unchanged: usize,
    /// By kind; kinds that do not occur are left out.
    pub kinds: BTreeMap<ChangeKind, usize>,
}

impl ChangeCounts {
    pub(super) fn count(&mut self, kinds: &[ChangeKind]) {
        self.differing += usize::from(!kinds.is_empty());
        self.unchanged += usize::from(kinds.is_empty());
        for kind in kinds {
            *self.kinds.entry(*kind).or_default() += 1;
        }
    }
}
