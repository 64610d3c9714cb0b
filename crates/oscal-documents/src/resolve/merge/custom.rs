//! The structure that a profile gives its controls (`merge.custom`).

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use crate::json::budget::Budget;
use crate::resolve::directives::merge::{Custom, CustomGroup, InsertControls, Order};
use crate::resolve::error::ResolveError;
use crate::resolve::log::Log;
use crate::resolve::select::selection::Selection;
use crate::resolve::select::selector::Selector;
use crate::resolve::tree::group::GroupMembers;
use crate::resolve::tree::{Body, Group, Node};

/// Puts selected controls into a custom structure.
pub(crate) struct Structure<'s, 'a> {
    /// The selected controls, without groups.
    pub(crate) selected: &'s Body<'a>,
    /// Id of the profile.
    pub(crate) profile: &'s str,
    pub(crate) budget: &'s Budget,
    pub(crate) log: &'s mut Log,
}

impl<'a> Structure<'_, 'a> {
    pub(crate) fn of(mut self, custom: &Custom) -> Result<Body<'a>, ResolveError> {
        let body = self.body(&custom.insert_controls, &custom.groups)?;
        let inserted: HashSet<_> = body.nodes().into_iter().map(Node::id).collect();
        for node in self.selected.nodes() {
            if !inserted.contains(node.id()) {
                let id = node.id();
                let message = format!("selects `{id:.60}` but inserts it nowhere");
                self.log.warn(self.profile, message);
            }
        }
        Ok(body)
    }

    fn body(
        &mut self,
        inserts: &[InsertControls],
        groups: &[CustomGroup],
    ) -> Result<Body<'a>, ResolveError> {
        let mut body = Body::default();
        for insert in inserts {
            body.controls.extend(self.inserted(insert)?);
        }
        for group in groups {
            let inner = self.body(&group.insert_controls, &group.groups)?;
            if inner.is_empty() {
                let message = format!("the group `{:.60}` has no controls", group.name());
                self.log.warn(self.profile, message);
            } else {
                body.groups.push(Group {
                    own: GroupMembers::Custom(Arc::new(group.own())),
                    body: inner,
                });
            }
        }
        Ok(body)
    }

    fn inserted(&mut self, insert: &InsertControls) -> Result<Vec<Node<'a>>, ResolveError> {
        let selector = Selector::of(&insert.select);
        let selection = Selection {
            selector: &selector,
            keeps_parents: false,
            budget: self.budget,
        };
        let mut controls = selection.of(self.selected)?.controls;
        if !selector.include.in_order.is_empty() {
            let nodes = self.selected.nodes();
            let known: HashSet<_> = nodes.into_iter().map(Node::id).collect();
            for id in &selector.include.in_order {
                if !known.contains(id) {
                    let message = format!("inserts `{id:.60}`, which it does not select");
                    self.log.warn(self.profile, message);
                }
            }
        }
        match insert.order {
            Order::Keep => {}
            Order::Ascending => controls.sort_by(|a, b| by_id(a.id(), b.id())),
            Order::Descending => controls.sort_by(|a, b| by_id(b.id(), a.id())),
        }
        Ok(controls)
    }
}

/// Numbers in ids compare as numbers: `ac-2` comes before `ac-10`.
fn by_id(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (a_run, a_rest) = run(left);
        let (b_run, b_rest) = run(right);
        let order = match (digits(a_run), digits(b_run)) {
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => a_run.cmp(b_run),
        };
        if order.is_ne() {
            return order;
        }
        if a_run.is_empty() {
            return a.cmp(b);
        }
        (left, right) = (a_rest, b_rest);
    }
}

/// The digits, or else the non-digits, at the start of a text.
fn run(text: &str) -> (&str, &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let first = text.chars().next().is_some_and(is_digit);
    text.split_at(text.find(|c| is_digit(c) != first).unwrap_or(text.len()))
}

/// A run of digits without leading zeros.
fn digits(run: &str) -> Option<&str> {
    let is_number = run.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| run.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_ids_count_as_numbers() {
        let mut ids = ["b-1", "ac-10", "ac-2.10", "ac-2", "ac-02", "ac-2.9", "ac"];
        ids.sort_by(|a, b| by_id(a, b));
        assert_eq!(
            ids,
            ["ac", "ac-02", "ac-2", "ac-2.9", "ac-2.10", "ac-10", "b-1"]
        );
    }

    proptest! {
        #[test]
        fn is_an_order(mut ids in prop::collection::vec("[a0-2.]{0,5}", 0..30)) {
            ids.sort_by(|a, b| by_id(a, b));
            prop_assert!(ids.is_sorted_by(|a, b| by_id(a, b).is_le() && (by_id(b, a).is_ge())));
        }
    }
}
