//! The arguments of the tool.

use oscal_documents::ImplementationKind;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::mcp::tools) struct QueryImplementations {
    /// Id or label of a control
    pub(super) control: Option<String>,
    /// Uuid of a component or capability, or a part of its title
    pub(super) component: Option<String>,
    pub(super) kind: Option<Kind>,
    /// Only this component definition or system security plan
    pub(super) document: Option<String>,
    /// Profile or catalog to find gaps against; a system security plan stands for the profile that
    /// it imports
    pub(super) gap_against: Option<String>,
    /// By default gaps with gap_against, otherwise implementations. gaps needs no gap_against for a
    /// system security plan. responsibilities: what customers have to do, and who does it
    pub(super) show: Option<Show>,
    /// For gaps, count also what is written for other catalogs, or for ones not loaded
    #[serde(default)]
    pub(super) any_source: bool,
    pub(super) offset: Option<usize>,
    /// 20 by default, 100 for gaps
    pub(super) limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Component,
    Capability,
    Ssp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Show {
    Implementations,
    Gaps,
    Responsibilities,
}

impl From<Kind> for ImplementationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Component => Self::Component,
            Kind::Capability => Self::Capability,
            Kind::Ssp => Self::Ssp,
        }
    }
}
