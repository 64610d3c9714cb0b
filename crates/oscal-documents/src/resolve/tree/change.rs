//! The pass over a tree in which a profile changes its controls.

use std::collections::HashSet;
use std::sync::Arc;

use crate::json::budget::Budget;
use crate::resolve::directives::modify::Alter;
use crate::resolve::error::ResolveError;
use crate::resolve::log::Log;
use crate::resolve::modify::modifications::Modifications;
use crate::resolve::tree::version::Version;
use crate::resolve::tree::{Node, Tree};

impl Modifications {
    /// Changes the controls of a tree.
    pub(crate) fn change<'a>(
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

    /// Accounts for a change of a parameter that no selected control has. The result may contain it
    /// all the same.
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
                    "sets the parameter `{param:.60}`, which belongs only to controls that are not \
                     selected"
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

/// The cost of several directives each searching a text for its target.
fn passes(directives: usize, text: usize) -> usize {
    directives.saturating_mul(text) / 16
}
