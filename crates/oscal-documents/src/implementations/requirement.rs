//! An implemented requirement, as in component definitions and system security plans.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::control::substitution::ParamValues;
use crate::document::Document;
use crate::document::entry::Entry;

/// The property for the implementation status, for models without a member for it.
const STATUS: &str = "implementation-status";

/// The properties that say who is responsible. FedRAMP has the first one.
const ORIGINATION: [&str; 2] = ["control-origination", "responsibility"];

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Requirement {
    pub(super) description: String,
    pub(super) remarks: String,
    pub(super) props: Vec<Prop>,
    pub(super) implementation_status: Option<Status>,
    pub(super) set_parameters: Vec<SetParameter>,
    pub(super) statements: Vec<Statement>,
    pub(super) by_components: Vec<ByComponent>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Statement {
    pub(super) statement_id: String,
    pub(super) description: String,
    pub(super) remarks: String,
    pub(super) props: Vec<Prop>,
    pub(super) implementation_status: Option<Status>,
    pub(super) by_components: Vec<ByComponent>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct ByComponent {
    pub(super) component_uuid: String,
    pub(super) description: String,
    pub(super) remarks: String,
    pub(super) props: Vec<Prop>,
    pub(super) implementation_status: Option<Status>,
    pub(super) set_parameters: Vec<SetParameter>,
    pub(super) export: Export,
    pub(super) inherited: Vec<Reference>,
    pub(super) satisfied: Vec<Reference>,
}

/// What a leveraged system offers to others, and asks of them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Export {
    pub(super) provided: Vec<Reference>,
    pub(super) responsibilities: Vec<Reference>,
}

/// Something that is provided, inherited or satisfied, or a responsibility.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Reference {
    pub(super) uuid: String,
    pub(super) provided_uuid: String,
    pub(super) responsibility_uuid: String,
    pub(super) description: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Prop {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) remarks: String,
}

/// OSCAL has an object; some producers write a string.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Status {
    Object {
        #[serde(default)]
        state: String,
    },
    Text(String),
    Other(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct SetParameter {
    pub(super) param_id: String,
    pub(super) values: Vec<String>,
}

impl Requirement {
    /// Reads an entry; `None` if it does not follow the model.
    pub(super) fn of(document: &Document, entry: &Entry) -> Option<Self> {
        serde_json::from_str(entry.span.of(document.json())).ok()
    }

    /// The uuids of the named components, each once.
    pub(super) fn components(&self) -> Vec<&str> {
        let mut known = HashSet::new();
        let uuids = self
            .all_by_components()
            .map(|(_, by)| by.component_uuid.as_str());
        uuids.filter(|uuid| known.insert(*uuid)).collect()
    }

    /// What is said for components: of the whole control, and then of its statements, with their
    /// ids.
    pub(super) fn all_by_components(&self) -> impl Iterator<Item = (Option<&str>, &ByComponent)> {
        let whole = self.by_components.iter().map(|by| (None, by));
        whole.chain(self.statements.iter().flat_map(|statement| {
            let id = statement.statement_id.as_str();
            statement.by_components.iter().map(move |by| (Some(id), by))
        }))
    }

    /// All states that it gives, as they are written, each once.
    pub(super) fn states(&self) -> Vec<&str> {
        let own = states(self.implementation_status.as_ref(), &self.props);
        let of_statements = self.statements.iter();
        let of_statements =
            of_statements.flat_map(|s| states(s.implementation_status.as_ref(), &s.props));
        let of_components = self.all_by_components();
        let of_components =
            of_components.flat_map(|(_, by)| states(by.implementation_status.as_ref(), &by.props));
        let all = own.into_iter().chain(of_statements).chain(of_components);
        let mut known = HashSet::new();
        all.filter(|state| known.insert(*state)).collect()
    }

    /// Who is responsible, and remarks on it, as properties say.
    pub(super) fn originations(&self) -> impl Iterator<Item = &Prop> {
        let of_components = self.all_by_components().flat_map(|(_, by)| &by.props);
        let of_statements = self
            .statements
            .iter()
            .flat_map(|statement| &statement.props);
        let all = self.props.iter().chain(of_statements).chain(of_components);
        all.filter(|prop| ORIGINATION.contains(&prop.name.as_str()))
    }
}

impl ByComponent {
    pub(super) fn text(&self) -> String {
        joined(&self.description, &self.remarks)
    }

    pub(super) fn values(&self) -> ParamValues {
        let set = self.set_parameters.iter();
        set.map(|set| (set.param_id.clone(), set.values.clone()))
            .collect()
    }
}

/// The states that an object and its properties give, as they are written. FedRAMP allows several.
pub(super) fn states<'s>(status: Option<&'s Status>, props: &'s [Prop]) -> Vec<&'s str> {
    let own = status.and_then(|status| match status {
        Status::Object { state } => Some(state.as_str()),
        Status::Text(state) => Some(state.as_str()),
        Status::Other(_) => None,
    });
    let props = props.iter().filter(|prop| prop.name == STATUS);
    let all = own.into_iter().chain(props.map(|prop| prop.value.as_str()));
    let mut states: Vec<_> = all
        .map(str::trim)
        .filter(|state| !state.is_empty())
        .collect();
    let mut known = HashSet::new();
    states.retain(|state| known.insert(*state));
    states
}

/// Both texts, joined.
pub(super) fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n\n{second}"),
    }
}
