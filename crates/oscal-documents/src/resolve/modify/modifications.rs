//! What a profile changes in the controls that it selects (`modify`).
//!
//! Sets parameters first, then alters each control.

use std::collections::HashMap;

use serde_json::Value;

use crate::document::Document;
use crate::resolve::directives::modify::{Alter, Modify, SetParameter};
use crate::resolve::json::{self, Object};
use crate::resolve::log::{Log, ParamChange, ParamState};
use crate::resolve::modify::alter;

/// The changes of one profile.
pub(crate) struct Modifications {
    /// Id of the profile.
    pub(crate) profile: String,
    pub(crate) sets: ByTarget<SetParameter>,
    pub(crate) alters: ByTarget<Alter>,
}

/// Changes by the parameter or control that they affect.
pub(crate) struct ByTarget<T> {
    pub(crate) changes: HashMap<String, Vec<T>>,
    /// Each target once, in the profile's order.
    pub(crate) targets: Vec<String>,
}

impl Modifications {
    /// The changes of a profile. Logs those that cannot be made.
    pub(crate) fn of(profile: &Document, modify: Modify, log: &mut Log) -> Self {
        let profile = profile.info().id.clone();
        let (sets, alters) = modify.read(|why| log.warn(&profile, why));
        Self {
            sets: ByTarget::of(sets, |set| &set.param_id),
            alters: ByTarget::of(alters, |alter| &alter.control_id),
            profile,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sets.targets.is_empty() && self.alters.targets.is_empty()
    }

    /// The parameters that it sets, in the profile's order.
    pub(crate) fn params(&self) -> impl Iterator<Item = &str> {
        self.sets.targets.iter().map(String::as_str)
    }

    /// The ids of the parameters added to the control.
    pub(crate) fn added_params(&self, control: &str) -> impl Iterator<Item = &str> {
        let alters = self.alters.of_target(control).iter();
        alters
            .flat_map(|alter| &alter.adds)
            .flat_map(|add| &add.params)
            .map(|param| json::text(param, "id"))
    }

    /// The approximate length of the text added to a parameter, and the number of directives.
    pub(crate) fn weight_of_sets(&self, param: &str) -> (usize, usize) {
        let sets = self.sets.of_target(param);
        (sets.iter().map(SetParameter::weight).sum(), sets.len())
    }

    /// Changes the text of a control.
    pub(crate) fn apply(&self, id: &str, control: &mut Object, log: &mut Log) {
        if !self.sets.targets.is_empty() {
            for param in json::list(control, "params") {
                if let Value::Object(param) = param {
                    self.apply_to_param(param, Some(id), log);
                }
            }
        }
        let alters = self.alters.of_target(id);
        alter::apply(id, control, alters, |message| {
            log.warn(&self.profile, message);
        });
    }

    /// Changes the text of a parameter.
    pub(crate) fn apply_to_param(&self, param: &mut Object, control: Option<&str>, log: &mut Log) {
        let Some(id) = param.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return;
        };
        for set in self.sets.of_target(&id) {
            let old = ParamState::of(param);
            let (replacing, added) = (set.replacing(), set.added());
            let other = replacing.keys().chain(added.keys());
            let other = other
                .filter(|name| !matches!(name.as_str(), "label" | "values" | "select"))
                .cloned()
                .collect();
            if set.values.is_some() || set.select.is_some() {
                param.remove("values");
                param.remove("select");
            }
            param.extend(replacing);
            for (name, items) in added {
                if let Value::Array(items) = items {
                    json::unite_member(param, name, items);
                }
            }
            log.change(ParamChange {
                param: id.clone(),
                control: control.map(str::to_owned),
                profiles: vec![self.profile.clone()],
                old,
                new: ParamState::of(param),
                other,
            });
        }
    }
}

impl<T> ByTarget<T> {
    fn of(changes: Vec<T>, target: impl Fn(&T) -> &str) -> Self {
        let mut by_target = Self {
            changes: HashMap::new(),
            targets: Vec::new(),
        };
        for change in changes {
            let of_target = by_target.changes.entry(target(&change).to_owned());
            let of_target = of_target.or_insert_with_key(|target| {
                by_target.targets.push(target.clone());
                Vec::new()
            });
            of_target.push(change);
        }
        by_target
    }

    fn of_target(&self, target: &str) -> &[T] {
        self.changes.get(target).map_or(&[], Vec::as_slice)
    }
}
