//! What happened during resolution: warnings, missing controls and changed parameters.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::element::{Constraint, placeholder};
use crate::markup;
use crate::resolve::json::{self, Object};

/// A directive that has no effect, or a different one than it seems to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Id of the profile.
    pub profile: String,
    /// What it is.
    pub message: String,
}

/// A control that a profile names but its source lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotFound {
    /// The id that the profile names.
    pub control: String,
    /// Id of the profile.
    pub profile: String,
    /// Id of the catalog or profile that was imported.
    pub source: String,
}

/// A parameter that profiles change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParamChange {
    /// Id of the parameter.
    pub param: String,
    /// Id of the control that has it; `None` for a parameter of a group or of the catalog.
    pub control: Option<String>,
    /// Ids of the profiles, in the order of their changes.
    pub profiles: Vec<String>,
    /// What the catalog says.
    pub old: ParamState,
    /// What the resolved profile says.
    pub new: ParamState,
    /// The members other than label, values and choices that a profile sets: `constraints`,
    /// `guidelines`, `usage` and so on.
    pub other: Vec<String>,
}

/// What a parameter stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ParamState {
    /// Its label.
    pub label: Option<String>,
    /// Its values.
    pub values: Vec<String>,
    /// The choices, if there are any.
    pub choices: Vec<String>,
    /// Limits on its values.
    pub constraints: Vec<String>,
    /// Hints on how to set it.
    pub guidelines: Vec<String>,
}

impl ParamState {
    pub(crate) fn of(param: &Object) -> Self {
        let strings = |value: Option<&Value>| -> Vec<String> {
            let items = value
                .and_then(|value| value.as_array())
                .into_iter()
                .flatten();
            items
                .filter_map(|item| Some(item.as_str()?.to_owned()))
                .collect()
        };
        Self {
            label: param
                .get("label")
                .and_then(|l| l.as_str())
                .map(|label| markup::plain(label).into_owned()),
            values: strings(param.get("values")),
            choices: strings(param.get("select").and_then(|select| select.get("choice"))),
            constraints: items(param, "constraints")
                .filter_map(|constraint| Constraint::deserialize(constraint).ok())
                .map(|constraint| markup::plain(&constraint.text()).into_owned())
                .filter(|text| !text.is_empty())
                .collect(),
            guidelines: items(param, "guidelines")
                .map(|guideline| markup::plain(json::text(guideline, "prose").trim()).into_owned())
                .filter(|text| !text.is_empty())
                .collect(),
        }
    }

    /// The text that replaces the parameter with this id in the text of controls: its values, or
    /// else what has to be chosen, as in `[Assignment: frequency — constraint: every 30 days]`.
    pub fn text(&self, id: &str) -> String {
        if !self.values.is_empty() {
            return self.values.join(", ");
        }
        let (kind, what) = match &self.choices[..] {
            [] => (
                "Assignment",
                placeholder(id, self.label.as_deref()).into_owned(),
            ),
            choices => ("Selection", choices.join("; ")),
        };
        let constraints = match &self.constraints[..] {
            [] => String::new(),
            constraints => format!(" — constraint: {}", constraints.join("; ")),
        };
        format!("[{kind}: {what}{constraints}]")
    }

    /// Whether the parameter is set to something, and to something else in `other`.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let differ = |one: &Vec<String>, other: &Vec<String>| !one.is_empty() && one != other;
        differ(&self.values, &other.values)
            || (other.values.is_empty() && differ(&self.choices, &other.choices))
    }
}

/// The elements of the list in this member.
fn items<'o>(object: &'o Object, member: &str) -> impl Iterator<Item = &'o Value> {
    let items = object.get(member).and_then(|value| value.as_array());
    items.into_iter().flatten()
}

/// Collects warnings and changes.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) warnings: Vec<Warning>,
    pub(crate) more_warnings: usize,
    pub(crate) changes: Vec<ParamChange>,
    /// Indexes of the changes, by version, control and parameter.
    places: HashMap<(usize, Option<String>, String), usize>,
    /// Counts versions of controls.
    version: usize,
}

impl Log {
    /// The most warnings that are kept; the others are only counted.
    const MAX_WARNINGS: usize = 1_000;

    pub(crate) fn warn(&mut self, profile: &str, message: String) {
        if self.warnings.len() == Self::MAX_WARNINGS {
            self.more_warnings += 1;
            return;
        }
        self.warnings.push(Warning {
            profile: profile.to_owned(),
            message,
        });
    }

    /// The changes from now on are those of another control, or of another version of it.
    pub(crate) fn start_version(&mut self) {
        self.version += 1;
    }

    /// Records a change; several changes of the same parameter become one. Warns if a profile
    /// replaces what one sets.
    pub(crate) fn change(&mut self, change: ParamChange) {
        let key = (self.version, change.control.clone(), change.param.clone());
        if let Some(known) = self.places.get(&key).and_then(|at| self.changes.get(*at))
            && known.new.contradicts(&change.new)
            && let Some(profile) = change.profiles.first()
        {
            let (id, other) = (&change.param, known.profiles.last().unwrap_or(profile));
            let (old, new) = (known.new.text(id), change.new.text(id));
            let message = if other == profile {
                format!(
                    "sets the parameter `{id:.60}` more than once: `{old:.200}`, then `{new:.200}`"
                )
            } else {
                format!(
                    "sets the parameter `{id:.60}` to `{new:.200}`, which {other} sets to `{old:.200}`"
                )
            };
            self.warn(&profile.clone(), message);
        }
        self.record(key, change);
    }

    /// Takes over what happened to a further version of a control that is merged into another one.
    /// `merged` finds the state of a parameter in the result.
    pub(crate) fn merge(&mut self, further: Self, merged: impl Fn(&str) -> ParamState) {
        for warning in further.warnings {
            self.warn(&warning.profile, warning.message);
        }
        for mut change in further.changes {
            let new = merged(&change.param);
            self.warn_of_other(&change, &new);
            change.new = new;
            let key = (self.version, change.control.clone(), change.param.clone());
            self.record(key, change);
        }
    }

    /// Warns if a parameter has another state in the result than a profile wants.
    pub(crate) fn warn_of_other(&mut self, wanted: &ParamChange, result: &ParamState) {
        if !wanted.new.contradicts(result) {
            return;
        }
        let Some(profile) = wanted.profiles.last() else {
            return;
        };
        let id = &wanted.param;
        let (wanted, result) = (wanted.new.text(id), result.text(id));
        let message = format!(
            "sets the parameter `{id:.60}` to `{wanted:.200}`; another import comes first, with \
             `{result:.200}`"
        );
        self.warn(profile, message);
    }

    fn record(&mut self, key: (usize, Option<String>, String), change: ParamChange) {
        let next = self.changes.len();
        let at = *self.places.entry(key).or_insert(next);
        let Some(known) = self.changes.get_mut(at) else {
            return self.changes.push(change);
        };
        known.new = change.new;
        for (all, new) in [
            (&mut known.profiles, change.profiles),
            (&mut known.other, change.other),
        ] {
            for item in new {
                if !all.contains(&item) {
                    all.push(item);
                }
            }
        }
    }
}
