//! What a profile changes in the controls that it selects (`modify`).
//!
//! First parameters are set, then each control is altered.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::budget::Budget;
use super::super::document::Document;
use super::alter;
use super::changes::{Alter, Modify, SetParameter};
use super::error::{ResolveError, name};
use super::json::{self, Object};
use super::log::{Log, ParamChange, ParamState};
use super::tree::{Node, Tree};
use super::version::Version;

/// The changes of one profile.
pub(super) struct Modifications {
    /// Id of the profile.
    profile: String,
    /// How messages name the profile.
    profile_name: String,
    sets: ByTarget<SetParameter>,
    alters: ByTarget<Alter>,
}

/// Changes by the parameter or control that they are for.
struct ByTarget<T> {
    changes: HashMap<String, Vec<T>>,
    /// Each target once, in the profile's order.
    targets: Vec<String>,
}

impl Modifications {
    pub(super) fn of(profile: &Document, modify: Modify) -> Self {
        Self {
            profile: profile.info().id.clone(),
            profile_name: name(profile),
            sets: ByTarget::of(modify.set_parameters, |set| &set.param_id),
            alters: ByTarget::of(modify.alters, |alter| &alter.control_id),
        }
    }

    fn is_empty(&self) -> bool {
        self.sets.targets.is_empty() && self.alters.targets.is_empty()
    }

    /// The parameters that are set, in the profile's order.
    pub(super) fn params(&self) -> impl Iterator<Item = &str> {
        self.sets.targets.iter().map(String::as_str)
    }

    /// The ids of the parameters that the control gets.
    pub(super) fn added_params(&self, control: &str) -> impl Iterator<Item = &str> {
        let alters = self.alters.of_target(control).iter();
        alters
            .flat_map(|alter| &alter.adds)
            .flat_map(|add| &add.params)
            .map(|param| json::text(param, "id"))
    }

    /// Changes the controls of a tree.
    pub(super) fn change<'a>(
        self,
        tree: &mut Tree<'a>,
        budget: &Budget,
        log: &mut Log,
    ) -> Result<(), ResolveError> {
        if self.is_empty() {
            return Ok(());
        }
        let modifications = Arc::new(self);
        let mut change = Change {
            modifications: &modifications,
            budget,
            params: HashSet::new(),
            controls: HashSet::new(),
        };
        change.nodes(&mut tree.body.controls)?;
        let mut groups: Vec<_> = tree.body.groups.iter_mut().collect();
        while let Some(group) = groups.pop() {
            change.nodes(&mut group.body.controls)?;
            groups.extend(&mut group.body.groups);
        }
        let Change {
            params, controls, ..
        } = change;
        for param in modifications.params().filter(|id| !params.contains(*id)) {
            modifications.change_elsewhere(param, tree, budget, log)?;
        }
        for id in &modifications.alters.targets {
            if !controls.contains(id.as_str()) {
                let message = format!("alters the control `{id:.60}`, which is not selected");
                log.warn(&modifications.profile, message);
            }
        }
        for source in &mut tree.params {
            source.modifications.push(Arc::clone(&modifications));
        }
        Ok(())
    }

    /// Makes sure that a parameter can be changed that no selected control has, which may be in
    /// the catalog all the same.
    fn change_elsewhere(
        &self,
        param: &str,
        tree: &mut Tree<'_>,
        budget: &Budget,
        log: &mut Log,
    ) -> Result<(), ResolveError> {
        budget.spend(64 * (1 + tree.params.len()));
        let mut sources = tree.params.iter_mut();
        let source = sources.find_map(|source| {
            let span = source.catalog.catalog().param(param)?;
            Some((source, span))
        });
        if let Some((source, span)) = source {
            let (added, sets) = self.weight_of_sets(param);
            budget.spend(added + passes(sets, span.len() + source.weight + added));
            source.weight += added;
            if !source.catalog.catalog().is_loose(param) {
                let message = format!(
                    "sets the parameter `{param:.60}`, which only controls have that are not selected"
                );
                log.warn(&self.profile, message);
            }
        } else {
            let message = format!("sets the parameter `{param:.60}`, which is unknown");
            log.warn(&self.profile, message);
        }
        if budget.is_spent() {
            return Err(ResolveError::TooLarge);
        }
        Ok(())
    }

    /// About how long the text is that a parameter gets, and from how many directives.
    fn weight_of_sets(&self, param: &str) -> (usize, usize) {
        let sets = self.sets.of_target(param);
        (sets.iter().map(SetParameter::weight).sum(), sets.len())
    }

    /// Changes the text of a control.
    pub(super) fn apply(
        &self,
        id: &str,
        control: &mut Object,
        log: &mut Log,
    ) -> Result<(), ResolveError> {
        if !self.sets.targets.is_empty() {
            for param in json::list(control, "params") {
                if let Value::Object(param) = param {
                    self.apply_to_param(param, Some(id), log);
                }
            }
        }
        let alters = self.alters.of_target(id);
        let warn = |message| log.warn(&self.profile, message);
        alter::apply(id, control, alters, warn).map_err(|why| ResolveError::Contradiction {
            profile: self.profile_name.clone(),
            why,
        })
    }

    /// Changes the text of a parameter.
    pub(super) fn apply_to_param(&self, param: &mut Object, control: Option<&str>, log: &mut Log) {
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

/// A pass over the controls of a tree.
struct Change<'m> {
    modifications: &'m Arc<Modifications>,
    budget: &'m Budget,
    /// The parameters and controls that were found.
    params: HashSet<String>,
    controls: HashSet<&'m str>,
}

impl<'m> Change<'m> {
    fn nodes(&mut self, nodes: &mut [Node<'_>]) -> Result<(), ResolveError> {
        for node in nodes {
            let modifications: &'m Modifications = self.modifications;
            let before = node.version.weight();
            let mut weight = None;
            if let Some((id, alters)) = modifications.alters.changes.get_key_value(node.id()) {
                self.controls.insert(id);
                let added: usize = alters.iter().map(Alter::weight).sum();
                let directives: usize = alters.iter().map(Alter::directives).sum();
                weight = Some(added + passes(directives, before + added));
            }
            if !modifications.sets.targets.is_empty() {
                self.budget.spend(before);
                node.version.param_ids(&mut |param| {
                    let (added, sets) = modifications.weight_of_sets(param);
                    if sets > 0 {
                        self.params.insert(param.to_owned());
                        let of_param = added + passes(sets, before + added);
                        self.budget.spend(of_param);
                        weight = Some(weight.unwrap_or(0) + of_param);
                    }
                });
            }
            if let Some(weight) = weight {
                let by = Arc::clone(self.modifications);
                let version = Version::modified(Arc::clone(&node.version), by, weight);
                self.budget.spend(version.weight());
                node.version = Arc::new(version);
            }
            if self.budget.is_spent() {
                return Err(ResolveError::TooLarge);
            }
            self.nodes(&mut node.children)?;
        }
        Ok(())
    }
}

/// What it costs that each of several directives passes over a text to find its target.
fn passes(directives: usize, text: usize) -> usize {
    directives.saturating_mul(text) / 16
}
