//! The kinds of things that documents describe.

use std::fmt;

use serde::Serialize;

/// The kind of a thing that search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the variants are OSCAL's own names")]
pub enum EntryKind {
    Document,
    Control,
    Activity,
    Capability,
    Component,
    Finding,
    ImplementedRequirement,
    InventoryItem,
    LeveragedAuthorization,
    Mapping,
    Observation,
    PoamItem,
    Result,
    Risk,
    Task,
    User,
}

/// Each kind other than control and document, with its name and the member that lists them.
const LISTED: [(EntryKind, &str, &str); 14] = [
    (EntryKind::Activity, "activity", "activities"),
    (EntryKind::Capability, "capability", "capabilities"),
    (EntryKind::Component, "component", "components"),
    (EntryKind::Finding, "finding", "findings"),
    (
        EntryKind::ImplementedRequirement,
        "implemented-requirement",
        "implemented-requirements",
    ),
    (
        EntryKind::InventoryItem,
        "inventory-item",
        "inventory-items",
    ),
    (
        EntryKind::LeveragedAuthorization,
        "leveraged-authorization",
        "leveraged-authorizations",
    ),
    (EntryKind::Mapping, "mapping", "maps"),
    (EntryKind::Observation, "observation", "observations"),
    (EntryKind::PoamItem, "poam-item", "poam-items"),
    (EntryKind::Result, "result", "results"),
    (EntryKind::Risk, "risk", "risks"),
    (EntryKind::Task, "task", "tasks"),
    (EntryKind::User, "user", "users"),
];

impl EntryKind {
    /// The name, as it is serialized.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Control => "control",
            listed => listed.listed().1,
        }
    }

    /// The member that holds a list of them; for documents and controls, the plural.
    pub(crate) fn member(self) -> &'static str {
        match self {
            Self::Document => "documents",
            Self::Control => "controls",
            listed => listed.listed().2,
        }
    }

    pub(crate) fn of_member(member: &str) -> Option<Self> {
        LISTED
            .into_iter()
            .find_map(|listed| (listed.2 == member).then_some(listed.0))
    }

    fn listed(self) -> (Self, &'static str, &'static str) {
        let found = LISTED.into_iter().find(|listed| listed.0 == self);
        found.unwrap_or((self, "entry", "entries"))
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        let kinds = LISTED.into_iter().map(|listed| listed.0);
        for kind in kinds.chain([EntryKind::Control, EntryKind::Document]) {
            let serialized = serde_json::to_value(kind).expect("a string");
            assert_eq!(serialized, kind.name());
        }
    }
}
