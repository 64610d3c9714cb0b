//! A document as the values that constraints are about: elements and attributes, by their XML names.

use std::collections::HashSet;

use serde_json::Value;

use crate::document::model::Model;
use crate::formats::facts::{Child, Facts, Kind};
use crate::validation::constraints::metapath::{Axis, Condition, Path, Step};

/// The namespace of names without one.
const OSCAL: &str = "http://csrc.nist.gov/ns/oscal";

/// The values of a document, each before what is in it.
pub(super) struct Nodes<'d> {
    nodes: Vec<Node<'d>>,
}

/// A number of a node.
pub(super) type At = usize;

struct Node<'d> {
    parent: At,
    /// After the last node in it.
    end: At,
    /// Its name in XML.
    name: &'static str,
    is_flag: bool,
    /// Its member in the object of its parent, and its place in that member's array.
    member: &'static str,
    index: Option<usize>,
    value: &'d Value,
    /// The number of its definition.
    definition: Option<usize>,
}

impl<'d> Node<'d> {
    fn of(parent: At, child: &'static Child, index: Option<usize>, value: &'d Value) -> Self {
        Self {
            parent,
            end: 0,
            name: child.element,
            is_flag: false,
            member: child.member,
            index,
            value,
            definition: match child.of {
                Kind::Object(number) => Some(number),
                Kind::Scalar(_) => None,
            },
        }
    }
}

impl<'d> Nodes<'d> {
    /// The values of a document, as far as the models define them.
    pub(super) fn of(document: &'d Value, model: Model) -> Self {
        let mut nodes = Self { nodes: Vec::new() };
        let key = model.root_key();
        let definition = Facts::get().document().child(key);
        if let (Some(child), Some(value)) = (definition, document.get(key)) {
            nodes.add(Node::of(0, child, None, value));
        }
        nodes
    }

    fn add(&mut self, node: Node<'d>) {
        let at = self.nodes.len();
        let (value, definition) = (node.value, node.definition);
        self.nodes.push(node);
        let definition = definition.map(|number| Facts::get().definition(number));
        if let (Some(definition), Some(object)) = (definition, value.as_object()) {
            for (name, member) in object {
                if let Some(name) = definition.flag_name(name) {
                    self.add(Node {
                        parent: at,
                        end: 0,
                        name,
                        is_flag: true,
                        member: name,
                        index: None,
                        value: member,
                        definition: None,
                    });
                } else if let Some(child) = definition.child(name) {
                    match member {
                        Value::Array(items) => {
                            for (index, item) in items.iter().enumerate() {
                                self.add(Node::of(at, child, Some(index), item));
                            }
                        }
                        one => self.add(Node::of(at, child, None, one)),
                    }
                }
            }
        }
        self.nodes[at].end = self.nodes.len();
    }

    /// The value of the model, such as the catalog.
    pub(super) fn root(&self) -> Option<At> {
        (!self.nodes.is_empty()).then_some(0)
    }

    /// The values that have a definition, with its number.
    pub(super) fn defined(&self) -> impl Iterator<Item = (At, usize)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(at, node)| Some((at, node.definition?)))
    }

    /// The text of a simple value, or of an element that has attributes.
    pub(super) fn text(&self, at: At) -> Option<String> {
        let node = &self.nodes[at];
        let definition = node
            .definition
            .map(|number| Facts::get().definition(number));
        let value = match definition.and_then(|definition| definition.text) {
            Some((member, _)) => node.value.get(member)?,
            None => node.value,
        };
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The texts of all attributes with one of these names.
    pub(super) fn flags(&self, names: &[&str]) -> impl Iterator<Item = &'d str> {
        let is_meant = |node: &&Node<'d>| node.is_flag && names.contains(&node.name);
        let flags = self.nodes.iter().filter(is_meant);
        flags.filter_map(|node| node.value.as_str())
    }

    /// The text of an attribute of a value.
    pub(super) fn flag(&self, at: At, name: &str) -> Option<&'d str> {
        let flag = *self.children(at, true, &[name]).first()?;
        self.nodes[flag].value.as_str()
    }

    /// The place as a JSON pointer.
    pub(super) fn pointer(&self, at: At) -> String {
        let node = &self.nodes[at];
        let mut pointer = match at {
            0 => String::new(),
            _ => self.pointer(node.parent),
        };
        pointer.push('/');
        pointer.push_str(node.member);
        if let Some(index) = node.index {
            pointer.push_str(&format!("/{index}"));
        }
        pointer
    }

    /// The values that a path reaches from a value.
    pub(super) fn reached(&self, path: &Path, from: At) -> Vec<At> {
        let (mut reached, mut seen) = (Vec::new(), HashSet::new());
        for steps in &path.0 {
            let mut values = vec![from];
            for step in steps {
                let next = values.iter().flat_map(|at| self.step(step, *at));
                values = next.collect();
            }
            for at in values {
                if path.0.len() == 1 || seen.insert(at) {
                    reached.push(at);
                }
            }
        }
        reached
    }

    fn step(&self, step: &Step, from: At) -> Vec<At> {
        let mut values = match &step.axis {
            Axis::Itself => vec![from],
            Axis::Flag(name) => self.children(from, true, &[name]),
            Axis::Children(names) => self.children(from, false, names),
            Axis::Descendants(names) => {
                let within = from + 1..self.nodes[from].end;
                let is_meant = |at: &At| {
                    let node = &self.nodes[*at];
                    !node.is_flag && names.contains(&node.name)
                };
                within.filter(is_meant).collect()
            }
            Axis::Any(path) => self.reached(path, from),
        };
        let holds = |at: &At| step.conditions.iter().all(|c| self.holds(c, *at));
        values.retain(holds);
        values
    }

    /// The attributes or else the elements of a value with one of these names.
    pub(super) fn children(&self, from: At, flags: bool, names: &[&str]) -> Vec<At> {
        let mut found = Vec::new();
        let mut at = from + 1;
        while at < self.nodes[from].end {
            let node = &self.nodes[at];
            if node.is_flag == flags && names.contains(&node.name) {
                found.push(at);
            }
            at = node.end;
        }
        found
    }

    /// Whether a condition is true of a value.
    pub(super) fn holds(&self, condition: &Condition, at: At) -> bool {
        let texts = |path: &Path| {
            let reached = self.reached(path, at).into_iter();
            reached.filter_map(|at| self.text(at)).collect::<Vec<_>>()
        };
        match condition {
            Condition::All(all) => all.iter().all(|condition| self.holds(condition, at)),
            Condition::Any(any) => any.iter().any(|condition| self.holds(condition, at)),
            Condition::Not(condition) => !self.holds(condition, at),
            Condition::Exists(path) => !self.reached(path, at).is_empty(),
            Condition::Is(path, values) => {
                let texts = texts(path);
                texts.iter().any(|text| values.contains(&text.as_str()))
            }
            Condition::Begins(path, start) => {
                texts(path).iter().any(|text| text.starts_with(start))
            }
            Condition::Greater(one, other) => {
                let number = |path| -> Option<f64> { texts(path).first()?.parse().ok() };
                matches!((number(one), number(other)), (Some(one), Some(other)) if one > other)
            }
            Condition::InNamespace(names) => names.contains(&self.flag(at, "ns").unwrap_or(OSCAL)),
        }
    }
}
