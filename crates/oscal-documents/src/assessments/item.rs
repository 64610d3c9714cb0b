//! Findings, risks and so on as they are shown.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::control::page::Page;
use crate::document::entry_kind::EntryKind;

/// A page of findings, risks and so on, and the counts of all that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Assessments {
    /// Those of the kinds that were asked for.
    pub page: Page<AssessmentItem>,
    /// All kinds that match the other filters.
    pub summary: AssessmentSummary,
}

/// How many there are, and what is left to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AssessmentSummary {
    /// Numbers by kind and state. What has no state is counted under the empty one.
    pub counts: BTreeMap<EntryKind, BTreeMap<String, usize>>,
    /// The controls with findings that are not satisfied, in order of first mention.
    pub unresolved_controls: Vec<String>,
    /// The first deadline of all that is unresolved.
    pub next_deadline: Option<String>,
    /// How many documents were read: plans, results, POA&Ms and security plans.
    pub documents: usize,
}

/// A finding, a risk, a POA&M item, an inventory item and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AssessmentItem {
    /// What it is.
    pub kind: EntryKind,
    /// Its uuid.
    pub id: String,
    /// The number that people give it, such as a POA&M id.
    pub label: Option<String>,
    /// Its title, or else the beginning of its text.
    pub title: String,
    /// The state of a finding's target, the status of a risk. For a POA&M item without one, the
    /// states of its risks.
    pub state: Option<String>,
    /// Why it is in this state.
    pub reason: Option<String>,
    /// What was assessed, such as `ac-2_smt.a`.
    pub target: Option<String>,
    /// The controls that it is about.
    pub controls: Vec<String>,
    /// When it has to be done. For a POA&M item without one, the first deadline of its risks.
    pub deadline: Option<String>,
    /// Description, statement and remarks.
    pub text: String,
    /// Other facts, such as methods, facets of risks, addresses and roles.
    pub facts: Vec<(String, String)>,
    /// The components and other subjects that it is about.
    pub components: Vec<AssessmentLink>,
    /// What it relates to, and what relates to it.
    pub related: Vec<AssessmentLink>,
    /// What a system inherits through a leveraged authorization.
    pub inherited: Vec<Inherited>,
    /// Id of the document.
    pub document: String,
    /// Title of the document.
    pub document_title: String,
}

/// Something that a finding or a risk names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AssessmentLink {
    /// What it is.
    pub kind: EntryKind,
    /// Its uuid.
    pub id: String,
    /// Its title; empty if no loaded document has it.
    pub title: String,
}

/// What a system has from a system that it leverages, for one control or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inherited {
    /// The control.
    pub control: String,
    /// The part of the control's statement.
    pub statement: Option<String>,
    /// The component that stands for the leveraged system, or uses it.
    pub component: String,
    /// `inherited`; `satisfied` for a responsibility of the customer; `described` if the component
    /// says only how it implements the control.
    pub how: &'static str,
    /// The text that says how.
    pub text: String,
    /// The uuid of what the leveraged system provides or demands.
    pub provided: Option<String>,
    /// Id of the document that provides or demands it, if it is loaded.
    pub provider: Option<String>,
}
