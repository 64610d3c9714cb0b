//! The controls that an import selects from a catalog or resolved profile.

use std::sync::Arc;

use crate::json::budget::Budget;
use crate::resolve::error::ResolveError;
use crate::resolve::select::selector::Selector;
use crate::resolve::tree::{Body, Group, Node};

/// Selects controls, and copies the groups around them.
pub(crate) struct Selection<'s, 'p> {
    pub(crate) selector: &'s Selector<'p>,
    /// Whether an unselected control stays if it contains a selected one. Otherwise, and if it is
    /// excluded, the selected ones take its place.
    pub(crate) keeps_parents: bool,
    pub(crate) budget: &'s Budget,
}

/// Whether a control brings along the controls within it.
#[derive(Clone, Copy, Default)]
struct Along {
    included: bool,
    excluded: bool,
}

impl Selection<'_, '_> {
    pub(crate) fn of<'a>(&self, body: &Body<'a>) -> Result<Body<'a>, ResolveError> {
        let mut selected = Body::default();
        for control in &body.controls {
            self.control(control, Along::default(), &mut selected.controls)?;
        }
        for group in &body.groups {
            let body = self.of(&group.body)?;
            if !body.is_empty() {
                selected.groups.push(Group {
                    own: group.own.clone(),
                    body,
                });
            }
        }
        Ok(selected)
    }

    fn control<'a>(
        &self,
        node: &Node<'a>,
        along: Along,
        selected: &mut Vec<Node<'a>>,
    ) -> Result<(), ResolveError> {
        let id = node.id();
        self.budget.spend(64 + self.selector.cost(id));
        if self.budget.is_spent() {
            return Err(ResolveError::TooLarge);
        }
        let named = self.selector.include.name(id);
        let excluded = self.selector.exclude.name(id);
        let along_below = Along {
            included: along.included || named == Some(true),
            excluded: along.excluded || excluded == Some(true),
        };
        let mut children = Vec::new();
        for child in &node.children {
            self.control(child, along_below, &mut children)?;
        }
        let is_excluded = along.excluded || excluded.is_some();
        let is_selected = self.selector.all || along.included || named.is_some();
        if is_excluded || !(is_selected || self.keeps_parents && !children.is_empty()) {
            selected.append(&mut children);
        } else {
            selected.push(Node {
                version: Arc::clone(&node.version),
                implied: named.is_none() && !along.included && (node.implied || !is_selected),
                children,
            });
        }
        Ok(())
    }
}
