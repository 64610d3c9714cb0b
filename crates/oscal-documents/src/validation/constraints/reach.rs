//! Where paths lead in the models, whatever a document has.

use std::collections::HashSet;

use crate::document::model::Model;
use crate::formats::facts::{Child, Facts, Kind};
use crate::validation::constraints::metapath::{Axis, Condition, Path, Step};

/// Whether documents of a model can have what a path leads to from their root.
pub(super) fn is_in(path: &Path, model: Model) -> bool {
    path.0.iter().any(|way| way_is_in(way, model))
}

/// The same for one way of a path.
pub(super) fn way_is_in(way: &[Step], model: Model) -> bool {
    root(model).is_some_and(|root| !along(way, root).is_empty())
}

/// The definitions of everything in documents of a model.
pub(super) fn definitions(model: Model) -> HashSet<usize> {
    root(model).and_then(object).map(within).unwrap_or_default()
}

/// The definitions that have what a path leads to as a member. The value of a property counts as a
/// member of what has the property.
pub(super) fn owners(path: &Path) -> HashSet<usize> {
    let mut owners = HashSet::new();
    for root in Model::ALL.into_iter().filter_map(root) {
        for way in &path.0 {
            let is_prop =
                |step: &Step| matches!(&step.axis, Axis::Children(n) if n[..] == ["prop"]);
            let way = match &way[..] {
                [to_prop @ .., _] if to_prop.last().is_some_and(is_prop) => to_prop,
                whole => whole,
            };
            if let Some((last, before)) = way.split_last() {
                let mut from: HashSet<_> =
                    along(before, root).into_iter().filter_map(object).collect();
                if matches!(last.axis, Axis::Descendants(_)) {
                    from = from.into_iter().flat_map(within).collect();
                }
                owners.extend(from.into_iter().filter(|number| has(*number, &last.axis)));
            }
        }
    }
    owners
}

fn root(model: Model) -> Option<Kind> {
    Facts::get().document().member(model.root_key())
}

/// What a path leads to from a definition.
fn reached(path: &Path, from: Kind) -> Vec<Kind> {
    path.0.iter().flat_map(|way| along(way, from)).collect()
}

fn along(way: &[Step], from: Kind) -> Vec<Kind> {
    way.iter().fold(vec![from], |kinds, step| {
        let next = kinds.into_iter().flat_map(|kind| to(step, kind));
        next.collect()
    })
}

fn to(step: &Step, from: Kind) -> Vec<Kind> {
    let mut kinds = match (&step.axis, from) {
        (Axis::Itself, _) => vec![from],
        (Axis::Any(path), _) => reached(path, from),
        (_, Kind::Scalar(_)) => Vec::new(),
        (Axis::Flag(name), Kind::Object(number)) => {
            let flag = Facts::get().definition(number).flag(name);
            flag.map(Kind::Scalar).into_iter().collect()
        }
        (Axis::Children(names), Kind::Object(number)) => children(number, names).collect(),
        (Axis::Descendants(names), Kind::Object(number)) => {
            let within = within(number).into_iter();
            within.flat_map(|number| children(number, names)).collect()
        }
    };
    kinds.retain(|kind| {
        step.conditions
            .iter()
            .all(|condition| can_hold(condition, *kind))
    });
    kinds
}

/// Whether a value of a kind can fulfil a condition.
fn can_hold(condition: &Condition, of: Kind) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|condition| can_hold(condition, of)),
        Condition::Any(any) => any.iter().any(|condition| can_hold(condition, of)),
        Condition::Exists(path) | Condition::Is(path, _) | Condition::Begins(path, _) => {
            !reached(path, of).is_empty()
        }
        Condition::Greater(..) | Condition::Not(_) | Condition::InNamespace(_) => true,
    }
}

/// Whether a definition has what a step leads to.
fn has(number: usize, axis: &Axis) -> bool {
    match axis {
        Axis::Itself => false,
        Axis::Flag(name) => Facts::get().definition(number).flag(name).is_some(),
        Axis::Children(names) | Axis::Descendants(names) => {
            children(number, names).next().is_some()
        }
        Axis::Any(path) => !reached(path, Kind::Object(number)).is_empty(),
    }
}

fn children(number: usize, names: &[&str]) -> impl Iterator<Item = Kind> {
    let children = Facts::get().definition(number).children();
    let called = children.filter(|child| names.iter().any(|name| child.is_called(name)));
    called.map(|child: &Child| child.of)
}

/// A definition and those of everything in it.
fn within(number: usize) -> HashSet<usize> {
    let (mut within, mut left) = (HashSet::new(), vec![number]);
    while let Some(number) = left.pop() {
        if within.insert(number) {
            let children = Facts::get().definition(number).children();
            left.extend(children.filter_map(|child| object(child.of)));
        }
    }
    within
}

fn object(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Object(number) => Some(number),
        Kind::Scalar(_) => None,
    }
}
