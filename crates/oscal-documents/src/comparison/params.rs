//! Parameters of a control in two editions.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::comparison::pairs::Pairs;
use crate::control::Control;
use crate::document::element::{self, Prop, Select};
use crate::json::cursor::{Cursor, Span};

/// How a parameter changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParameterDifference {
    /// Its id in the new edition; for a removed one, in the old.
    pub id: String,
    /// Its id in the old edition, if that is another one.
    pub old_id: Option<String>,
    /// Whether only the old edition has it.
    pub removed: bool,
    /// Whether only the new edition has it.
    pub added: bool,
    /// What differs.
    pub members: Vec<MemberDifference>,
}

/// How a member of something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberDifference {
    /// The member: `label`, `values`, `choices`, `constraints` or `guidelines`.
    pub name: String,
    /// What it was; empty if it was not there.
    pub old: String,
    /// What it is; empty if it is not there.
    pub new: String,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    id: String,
    label: Option<String>,
    #[serde(default)]
    props: Vec<Prop>,
    #[serde(default)]
    values: Vec<String>,
    select: Option<Select>,
    #[serde(default)]
    constraints: Vec<Constraint>,
    #[serde(default)]
    guidelines: Vec<element::Guideline>,
}

#[derive(Debug, Deserialize)]
struct Constraint {
    #[serde(default)]
    description: String,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    #[serde(default)]
    expression: String,
}

/// The parameters of a control.
fn parameters(control: Control<'_>) -> Vec<Parameter> {
    own_list(control, "params")
}

/// The elements of a list of the control itself that can be read.
pub(super) fn own_list<T: DeserializeOwned>(control: Control<'_>, member: &str) -> Vec<T> {
    let text = control.json();
    let mut list = Span::default();
    let Ok(()) = Cursor::new(text).object(|cursor, name| {
        if name == member {
            list = cursor.skip();
        }
        Ok::<_, std::convert::Infallible>(())
    });
    let elements: Vec<Value> = serde_json::from_str(list.of(text)).unwrap_or_default();
    let read = elements.into_iter().map(serde_json::from_value);
    read.filter_map(Result::ok).collect()
}

/// The parameters of a control in two editions.
pub(super) struct Parameters {
    pub(super) differences: Vec<ParameterDifference>,
    /// The old ids of those that have new ones.
    pub(super) old_ids: HashMap<String, String>,
}

/// How the parameters differ: paired by id, by the id that one had in an earlier edition
/// (`alt-identifier`), or else by label.
pub(super) fn compared(old: Control<'_>, new: Control<'_>) -> Parameters {
    let (old, new) = (parameters(old), parameters(new));
    let mut pairs = Pairs::new(old.len(), new.len());
    pairs.by(
        |at| vec![old[at].id.as_str()],
        |at| vec![new[at].id.as_str()],
    );
    pairs.by(|at| old[at].ids(), |at| new[at].ids());
    let label = |param: &Parameter| {
        let label = param.label.as_deref().map(words);
        label
            .filter(|label| !label.is_empty())
            .into_iter()
            .collect::<Vec<_>>()
    };
    pairs.by(|at| label(&old[at]), |at| label(&new[at]));
    let mut compared = Parameters {
        differences: Vec::new(),
        old_ids: HashMap::new(),
    };
    for (before, after) in pairs.all() {
        let before = before.map(|at| &old[at]);
        let after = after.map(|at| &new[at]);
        if let (Some(before), Some(after)) = (before, after)
            && before.id != after.id
        {
            compared.old_ids.insert(after.id.clone(), before.id.clone());
        }
        (compared.differences).extend(ParameterDifference::of(before, after));
    }
    compared
}

/// Text with single spaces between words.
pub(super) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl ParameterDifference {
    fn of(old: Option<&Parameter>, new: Option<&Parameter>) -> Option<Self> {
        let id = &new.or(old)?.id;
        let none = || vec![String::new(); MEMBERS.len()];
        let (before, after) = (
            old.map_or_else(none, Parameter::members),
            new.map_or_else(none, Parameter::members),
        );
        let members = MEMBERS.iter().zip(before).zip(after);
        let members: Vec<_> = members
            .filter(|((_, old), new)| words(old) != words(new))
            .map(|((name, old), new)| MemberDifference {
                name: (*name).to_owned(),
                old,
                new,
            })
            .collect();
        let old_id = old.map(|old| &old.id).filter(|old| *old != id).cloned();
        let differs = old.is_none() || new.is_none() || !members.is_empty();
        differs.then(|| Self {
            id: id.clone(),
            old_id,
            removed: new.is_none(),
            added: old.is_none(),
            members,
        })
    }
}

const MEMBERS: [&str; 5] = ["label", "values", "choices", "constraints", "guidelines"];

impl Parameter {
    fn ids(&self) -> Vec<&str> {
        let former = element::values(&self.props, "alt-identifier");
        std::iter::once(self.id.as_str()).chain(former).collect()
    }

    fn members(&self) -> Vec<String> {
        let choices = self.select.as_ref().map(|select| {
            let choices = select.choice.join("; ");
            match &select.how_many {
                Some(how_many) => format!("{how_many}: {choices}"),
                None => choices,
            }
        });
        let constraints = self.constraints.iter().map(|constraint| {
            let tests = constraint.tests.iter().map(|test| test.expression.as_str());
            let all: Vec<&str> = [constraint.description.as_str()]
                .into_iter()
                .chain(tests)
                .collect();
            all.join(" ").trim().to_owned()
        });
        let guidelines = self
            .guidelines
            .iter()
            .map(|guideline| guideline.prose.as_str());
        vec![
            self.label.clone().unwrap_or_default(),
            self.values.join("; "),
            choices.unwrap_or_default(),
            constraints.collect::<Vec<_>>().join("; "),
            guidelines.collect::<Vec<_>>().join("; "),
        ]
    }
}
