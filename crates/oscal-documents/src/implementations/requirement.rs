//! An implemented requirement, as in component definitions and system security plans.

use serde::Deserialize;

use crate::control::substitution::ParamValues;
use crate::document::Document;
use crate::document::element::{self, Prop};
use crate::document::entry::Entry;
use crate::implementations::level::CoverageLevel;

/// The property for the implementation status, for models without a member for it.
const STATUS: &str = "implementation-status";

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Requirement {
    description: String,
    remarks: String,
    props: Vec<Prop>,
    statements: Vec<Statement>,
    by_components: Vec<ByComponent>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Statement {
    statement_id: String,
    description: String,
    remarks: String,
    props: Vec<Prop>,
    by_components: Vec<ByComponent>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct ByComponent {
    component_uuid: String,
    description: String,
    remarks: String,
    props: Vec<Prop>,
    implementation_status: Option<Status>,
    set_parameters: Vec<SetParameter>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    state: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct SetParameter {
    param_id: String,
    values: Vec<String>,
}

/// What a requirement says about one component, or about the system.
#[derive(Default)]
pub(super) struct Share {
    pub(super) text: String,
    pub(super) values: ParamValues,
    pub(super) statements: Vec<StatementShare>,
    own_status: Option<String>,
}

pub(super) struct StatementShare {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) status: Option<String>,
    pub(super) values: ParamValues,
}

impl Requirement {
    /// Reads an entry; `None` if it does not follow the model.
    pub(super) fn of(document: &Document, entry: &Entry) -> Option<Self> {
        serde_json::from_str(entry.span.of(document.json())).ok()
    }

    /// The uuids of the named components, each once.
    pub(super) fn components(&self) -> Vec<&str> {
        let of_statements = self.statements.iter().flat_map(|s| &s.by_components);
        let mut known = std::collections::HashSet::new();
        let named = self.by_components.iter().chain(of_statements);
        let uuids = named.map(|by| by.component_uuid.as_str());
        uuids.filter(|uuid| known.insert(*uuid)).collect()
    }

    /// What it says about a component, or outside components.
    pub(super) fn share_of(&self, component: Option<&str>) -> Share {
        let mut share = Share {
            own_status: status(&self.props),
            ..Share::default()
        };
        let Some(uuid) = component else {
            share.text = text(&self.description, &self.remarks);
            let statements = self.statements.iter().map(|statement| StatementShare {
                id: statement.statement_id.clone(),
                text: text(&statement.description, &statement.remarks),
                status: status(&statement.props),
                values: ParamValues::new(),
            });
            share.statements = statements.collect();
            return share;
        };
        for by in self
            .by_components
            .iter()
            .filter(|by| by.component_uuid == uuid)
        {
            share.text = text(&share.text, &by.text());
            share.own_status = by.status().or(share.own_status);
            share.values.extend(by.values());
        }
        for statement in &self.statements {
            for by in statement
                .by_components
                .iter()
                .filter(|by| by.component_uuid == uuid)
            {
                share.statements.push(StatementShare {
                    id: statement.statement_id.clone(),
                    text: by.text(),
                    status: by.status().or_else(|| status(&statement.props)),
                    values: by.values(),
                });
            }
        }
        share
    }
}

impl ByComponent {
    fn text(&self) -> String {
        text(&self.description, &self.remarks)
    }

    fn status(&self) -> Option<String> {
        let state = self.implementation_status.as_ref();
        let state = state.map(|status| status.state.clone());
        state
            .filter(|state| !state.is_empty())
            .or_else(|| status(&self.props))
    }

    fn values(&self) -> ParamValues {
        let set = self.set_parameters.iter();
        set.map(|set| (set.param_id.clone(), set.values.clone()))
            .collect()
    }
}

impl Share {
    /// The status, or else the overall result of the statements' statuses.
    pub(super) fn status(&self) -> Option<String> {
        if let Some(status) = &self.own_status {
            return Some(status.clone());
        }
        let mut statuses = self.statements.iter().filter_map(|s| s.status.as_ref());
        let first = statuses.next()?;
        let all_same = self
            .statements
            .iter()
            .all(|s| s.status.as_ref() == Some(first));
        Some(if all_same { first.as_str() } else { "partial" }.to_owned())
    }

    /// How far this covers the control.
    pub(super) fn level(&self) -> CoverageLevel {
        let says_something = |text: &str| !text.trim().is_empty();
        if let Some(status) = self.status() {
            CoverageLevel::of_status(&status)
        } else if says_something(&self.text)
            || self.statements.iter().any(|s| says_something(&s.text))
        {
            CoverageLevel::Stated
        } else {
            CoverageLevel::Missing
        }
    }
}

fn status(props: &[Prop]) -> Option<String> {
    element::values(props, STATUS).next().map(str::to_owned)
}

/// Both texts, joined.
fn text(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n\n{second}"),
    }
}
