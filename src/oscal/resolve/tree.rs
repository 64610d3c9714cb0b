//! Controls in their groups: what a catalog offers, and what a profile makes of it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::control::Control;
use super::super::document::Document;
use super::modify::Modifications;
use super::version::Version;

/// The controls of a catalog or resolved profile.
#[derive(Default)]
pub(super) struct Tree<'a> {
    pub(super) body: Body<'a>,
    /// Where parameters outside of the selected controls are looked up, in this order.
    pub(super) params: Vec<ParamSource<'a>>,
}

/// The controls and groups in a group, or in the catalog itself.
#[derive(Default)]
pub(super) struct Body<'a> {
    pub(super) controls: Vec<Node<'a>>,
    pub(super) groups: Vec<Group<'a>>,
}

/// A control with the controls within it.
pub(super) struct Node<'a> {
    pub(super) version: Arc<Version<'a>>,
    /// Not selected, but in the result since it holds a selected control.
    pub(super) implied: bool,
    pub(super) children: Vec<Node<'a>>,
}

pub(super) struct Group<'a> {
    pub(super) own: GroupMembers<'a>,
    pub(super) body: Body<'a>,
}

/// Where the title and so on of a group are.
#[derive(Clone)]
pub(super) enum GroupMembers<'a> {
    Catalog(&'a Document, u32),
    Custom(Arc<Map<String, Value>>),
}

/// A catalog and how the profiles on the way from there change its parameters.
#[derive(Clone)]
pub(super) struct ParamSource<'a> {
    pub(super) catalog: &'a Document,
    pub(super) modifications: Vec<Arc<Modifications>>,
    /// About how long the text is that they add.
    pub(super) weight: usize,
}

impl<'a> Tree<'a> {
    /// The controls of a catalog.
    pub(super) fn of_catalog(catalog: &'a Document) -> Self {
        let outline = catalog.catalog();
        let mut nodes: Vec<_> = catalog.controls().map(Node::of).collect();
        let mut bodies: Vec<Body<'_>> = Vec::new();
        bodies.resize_with(outline.groups.len(), Body::default);
        let mut body = Body::default();
        // Whatever is within something comes after it: from the end on, everything is complete
        // when it is put into its place. The lists are filled from the end, too.
        for record in outline.controls.iter().rev() {
            let Some(mut node) = nodes.pop() else { break };
            node.children.reverse();
            let siblings = match (record.parent, record.group) {
                (Some(parent), _) => &mut nodes[parent as usize].children,
                (None, Some(group)) => &mut bodies[group as usize].controls,
                (None, None) => &mut body.controls,
            };
            siblings.push(node);
        }
        for (number, record) in (0..outline.groups.len()).zip(&outline.groups).rev() {
            let Some(mut inner) = bodies.pop() else { break };
            inner.controls.reverse();
            inner.groups.reverse();
            let group = Group {
                own: GroupMembers::Catalog(catalog, u32::try_from(number).unwrap_or(u32::MAX)),
                body: inner,
            };
            let siblings = match record.parent {
                Some(parent) => &mut bodies[parent as usize].groups,
                None => &mut body.groups,
            };
            siblings.push(group);
        }
        body.controls.reverse();
        body.groups.reverse();
        Self {
            body,
            params: vec![ParamSource {
                catalog,
                modifications: Vec::new(),
                weight: 0,
            }],
        }
    }
}

impl<'a> Body<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.controls.is_empty() && self.groups.is_empty()
    }

    /// All controls: those of the body, each followed by those within it, then those of its
    /// groups.
    pub(super) fn nodes(&self) -> Vec<&Node<'a>> {
        let mut nodes = Vec::new();
        self.add_nodes(&mut nodes);
        nodes
    }

    fn add_nodes<'s>(&'s self, nodes: &mut Vec<&'s Node<'a>>) {
        for control in &self.controls {
            control.add_nodes(nodes);
        }
        for group in &self.groups {
            group.body.add_nodes(nodes);
        }
    }

    /// The controls that are not within another one, whatever group they are in.
    pub(super) fn outermost(&self) -> Vec<&Node<'a>> {
        let mut controls: Vec<_> = self.controls.iter().collect();
        for group in &self.groups {
            controls.extend(group.body.outermost());
        }
        controls
    }
}

impl<'a> Node<'a> {
    fn of(control: Control<'a>) -> Self {
        Self {
            version: Arc::new(Version::original(control)),
            implied: false,
            children: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> &'a str {
        self.version.control().id()
    }

    fn add_nodes<'s>(&'s self, nodes: &mut Vec<&'s Node<'a>>) {
        nodes.push(self);
        for child in &self.children {
            child.add_nodes(nodes);
        }
    }
}

impl GroupMembers<'_> {
    pub(super) fn is_custom(&self) -> bool {
        matches!(self, Self::Custom(_))
    }

    /// The members of the group other than its groups and controls.
    pub(super) fn members(&self) -> Map<String, Value> {
        match self {
            Self::Catalog(document, number) => {
                let span = document.catalog().groups[*number as usize].span;
                super::json::without(span.of(document.json()), &["controls", "groups"])
            }
            Self::Custom(members) => Map::clone(members),
        }
    }

    /// What makes groups within the same group one: their id or, where they have none, that they
    /// are the same group of the same catalog or profile.
    pub(super) fn key(&self) -> GroupKey<'_> {
        match self {
            Self::Catalog(document, number) => {
                let id = document.catalog().groups[*number as usize].id.as_deref();
                id.map_or_else(
                    || GroupKey::Catalog(&document.info().id, *number),
                    GroupKey::Id,
                )
            }
            Self::Custom(members) => match members.get("id") {
                Some(Value::String(id)) => GroupKey::Id(id),
                _ => GroupKey::Custom(Arc::as_ptr(members) as usize),
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum GroupKey<'g> {
    Id(&'g str),
    Catalog(&'g str, u32),
    Custom(usize),
}
