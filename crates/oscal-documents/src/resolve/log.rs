//! What happened during resolution: warnings, missing controls and changed parameters.

use std::collections::HashMap;

use serde::Serialize;

use crate::resolve::json::Object;

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
pub struct ParamState {
    /// Its label.
    pub label: Option<String>,
    /// Its values.
    pub values: Vec<String>,
    /// The choices, if there are any.
    pub choices: Vec<String>,
}

impl ParamState {
    pub(crate) fn of(param: &Object) -> Self {
        let strings = |value: Option<&serde_json::Value>| -> Vec<String> {
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
                .map(str::to_owned),
            values: strings(param.get("values")),
            choices: strings(param.get("select").and_then(|select| select.get("choice"))),
        }
    }
}

/// Collects warnings and changes.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) warnings: Vec<Warning>,
    pub(crate) more_warnings: usize,
    pub(crate) changes: Vec<ParamChange>,
    /// Indexes of the changes, by control and parameter.
    places: HashMap<(Option<String>, String), usize>,
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

    /// Records a change; several changes of the same parameter become one.
    pub(crate) fn change(&mut self, change: ParamChange) {
        let key = (change.control.clone(), change.param.clone());
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
