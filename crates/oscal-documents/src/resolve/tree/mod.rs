//! Controls in their groups: what a catalog offers, and what a profile turns it into.

mod change;
pub(crate) mod group;
pub(crate) mod version;

use std::sync::Arc;

use crate::control::Control;
use crate::document::Document;
use crate::resolve::json::Object;
use crate::resolve::log::Log;
use crate::resolve::modify::modifications::Modifications;
use crate::resolve::tree::group::GroupMembers;
use crate::resolve::tree::version::Version;

/// The controls of a catalog or resolved profile.
#[derive(Default)]
pub(crate) struct Tree<'a> {
    pub(crate) body: Body<'a>,
    /// Where to look up parameters outside the selected controls, in this order.
    pub(crate) params: Vec<ParamSource<'a>>,
}

/// The controls and groups in a group, or in the catalog itself.
#[derive(Default)]
pub(crate) struct Body<'a> {
    pub(crate) controls: Vec<Node<'a>>,
    pub(crate) groups: Vec<Group<'a>>,
}

/// A control with its nested controls.
pub(crate) struct Node<'a> {
    pub(crate) version: Arc<Version<'a>>,
    /// Not selected, but included because it contains a selected control.
    pub(crate) implied: bool,
    pub(crate) children: Vec<Node<'a>>,
}

pub(crate) struct Group<'a> {
    pub(crate) own: GroupMembers<'a>,
    pub(crate) body: Body<'a>,
}

/// A catalog, and how the profiles between it and the result change its parameters.
#[derive(Clone)]
pub(crate) struct ParamSource<'a> {
    pub(crate) catalog: &'a Document,
    pub(crate) modifications: Vec<Arc<Modifications>>,
    /// The approximate length of the text that they add.
    pub(crate) weight: usize,
}

impl<'a> Tree<'a> {
    /// The controls of a catalog.
    pub(crate) fn of_catalog(catalog: &'a Document) -> Self {
        let outline = catalog.catalog();
        let mut nodes: Vec<_> = catalog.controls().map(Node::of).collect();
        let mut bodies: Vec<Body<'_>> = Vec::new();
        bodies.resize_with(outline.groups.len(), Body::default);
        let mut body = Body::default();
        // Nested records come after their parent. Going backwards, each one is complete when it is
        // put into its place. The lists are filled from the end, too.
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

    /// A parameter as the first catalog that has it defines it, with the changes of the profiles.
    pub(crate) fn param(&self, id: &str, log: &mut Log) -> Option<Object> {
        let has = |source: &&ParamSource<'a>| source.catalog.catalog().param(id).is_some();
        let source = self.params.iter().find(has)?;
        let span = source.catalog.catalog().param(id)?;
        let mut param = serde_json::from_str(span.of(source.catalog.json())).ok()?;
        for modifications in &source.modifications {
            modifications.apply_to_param(&mut param, None, log);
        }
        Some(param)
    }
}

impl<'a> Body<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.controls.is_empty() && self.groups.is_empty()
    }

    /// All controls: those of the body, each followed by its nested controls, then those of its
    /// groups.
    pub(crate) fn nodes(&self) -> Vec<&Node<'a>> {
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

    /// The controls that are not nested in another one, whatever their group.
    pub(crate) fn outermost(&self) -> Vec<&Node<'a>> {
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

    pub(crate) fn id(&self) -> &'a str {
        self.version.control().id()
    }

    fn add_nodes<'s>(&'s self, nodes: &mut Vec<&'s Node<'a>>) {
        nodes.push(self);
        for child in &self.children {
            child.add_nodes(nodes);
        }
    }
}
