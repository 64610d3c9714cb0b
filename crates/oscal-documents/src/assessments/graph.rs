//! Findings, risks and so on, and how they relate.

use std::collections::HashMap;

use serde_json::Value;

use crate::assessments::filter::{AssessmentFilter, KINDS};
use crate::assessments::inherited;
use crate::assessments::matches::{AskedComponent, AskedControl, control_of_statement};
use crate::assessments::stated::{Stated, Subject};
use crate::document::Document;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::library::view::LibraryView;

/// An entry of the assessment layer or of a system, and what it states.
pub(super) struct Node<'a> {
    pub(super) document: &'a Document,
    pub(super) entry: &'a Entry,
    pub(super) stated: Stated,
    /// Whether it is about the control, and about the component, that were asked for.
    pub(super) of_control: bool,
    pub(super) of_component: bool,
}

/// All entries, in the order of the documents, and the relations between them.
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Which node names which.
    pub(super) edges: Vec<(usize, usize)>,
    by_uuid: HashMap<String, Vec<usize>>,
    pub(super) documents: usize,
}

impl<'a> Graph<'a> {
    pub(super) fn of(view: &LibraryView<'a>, filter: &AssessmentFilter<'_>) -> Self {
        let control = filter.control.map(|asked| AskedControl::new(view, asked));
        let component = filter
            .component
            .map(|asked| AskedComponent::new(view, asked));
        let mut graph = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            by_uuid: HashMap::new(),
            documents: 0,
        };
        for document in view.documents().filter(|document| is_read(document)) {
            graph.documents += 1;
            for entry in document.entries().iter() {
                if KINDS.contains(&entry.kind) {
                    graph.add(view, document, entry, control.as_ref(), component.as_ref());
                }
            }
        }
        graph.connect();
        graph.spread();
        graph
    }

    /// The nodes that a node names.
    pub(super) fn named_by(&self, node: usize) -> impl Iterator<Item = usize> {
        let start = self.edges.partition_point(|(from, _)| *from < node);
        let edges = self.edges[start..].iter();
        edges
            .take_while(move |(from, _)| *from == node)
            .map(|(_, to)| *to)
    }

    fn add(
        &mut self,
        view: &LibraryView<'a>,
        document: &'a Document,
        entry: &'a Entry,
        control: Option<&AskedControl<'_, 'a>>,
        component: Option<&AskedComponent>,
    ) {
        let mut stated = Stated::of(entry.kind, &value(document, entry));
        if let Some(uuid) = &stated.statement {
            stated.controls.extend(control_of_statement(view, uuid));
        }
        if entry.kind == EntryKind::LeveragedAuthorization {
            let components = inherited::components(document, &entry.id).into_iter();
            stated.subjects.extend(components.map(Subject::component));
        }
        let id = entry.id.to_ascii_lowercase();
        let of_control = control.is_some_and(|asked| {
            stated.targets().any(|target| asked.is(target))
                || (stated.all_controls_but.as_ref().filter(|_| asked.is_known))
                    .is_some_and(|but| !but.iter().any(|excluded| asked.is(excluded)))
        });
        let of_component = component.is_some_and(|asked| {
            asked.is(&id, None)
                || (stated.subjects.iter()).any(|of| asked.is(&of.uuid, of.title.as_deref()))
        });
        self.by_uuid.entry(id).or_default().push(self.nodes.len());
        self.nodes.push(Node {
            document,
            entry,
            stated,
            of_control,
            of_component,
        });
    }

    /// Finds the nodes that others name, in the same document if it has them.
    fn connect(&mut self) {
        let mut edges = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for uuid in &node.stated.related {
                let Some(found) = self.by_uuid.get(uuid) else {
                    continue;
                };
                let is_near = |other: &&usize| self.nodes[**other].document.is(node.document);
                let near = found.iter().find(is_near).or(found.first());
                edges.extend(near.filter(|other| **other != at).map(|other| (at, *other)));
            }
            if node.entry.kind == EntryKind::Task {
                let outer = node.document.entries().outer(node.entry);
                let risk = self.by_uuid.get(&outer.id.to_ascii_lowercase());
                let risk = risk.and_then(|found| {
                    let is_it = |other: &&usize| std::ptr::eq(self.nodes[**other].entry, outer);
                    found.iter().find(is_it)
                });
                edges.extend(risk.map(|risk| (at, *risk)));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        self.edges = edges;
    }

    /// Lets nodes be about what their relations are about: observations and risks about the controls
    /// of their findings, findings about the components of their observations, and POA&M items and
    /// tasks about both.
    fn spread(&mut self) {
        use EntryKind as K;
        for at in 0..self.edges.len() {
            let (from, to) = self.edges[at];
            match (self.kind(from), self.kind(to)) {
                (K::Finding | K::Risk, K::Observation) => self.take_component(from, to),
                (K::Task, K::Activity) => self.take_control(from, to),
                _ => {}
            }
        }
        for at in 0..self.edges.len() {
            let (from, to) = self.edges[at];
            match (self.kind(from), self.kind(to)) {
                (K::Finding, K::Risk) => {
                    self.take_control(to, from);
                    self.take_component(to, from);
                }
                (K::Finding, K::Observation) => self.take_control(to, from),
                _ => {}
            }
        }
        for at in 0..self.edges.len() {
            let (from, to) = self.edges[at];
            match (self.kind(from), self.kind(to)) {
                (K::Risk, K::Observation) => self.take_control(to, from),
                (K::PoamItem, _) | (K::Task, K::Risk) => {
                    self.take_control(from, to);
                    self.take_component(from, to);
                    if self.kind(from) == K::PoamItem {
                        self.take_state(from, to);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn kind(&self, node: usize) -> EntryKind {
        self.nodes[node].entry.kind
    }

    fn take_control(&mut self, to: usize, from: usize) {
        self.nodes[to].of_control |= self.nodes[from].of_control;
    }

    fn take_component(&mut self, to: usize, from: usize) {
        self.nodes[to].of_component |= self.nodes[from].of_component;
    }

    /// A POA&M item is in the states of its risks, and due when the first of them is.
    fn take_state(&mut self, item: usize, risk: usize) {
        if self.kind(risk) != EntryKind::Risk {
            return;
        }
        let states = self.nodes[risk].stated.states.clone();
        let deadline = self.nodes[risk].stated.deadline.clone();
        let stated = &mut self.nodes[item].stated;
        for state in states {
            if !stated.states.contains(&state) {
                stated.states.push(state);
            }
        }
        if let Some(deadline) = deadline
            && stated.deadline.as_ref().is_none_or(|own| deadline < *own)
        {
            stated.deadline = Some(deadline);
        }
    }
}

/// Whether documents of this model have such entries.
fn is_read(document: &Document) -> bool {
    matches!(
        document.info().model,
        Model::SystemSecurityPlan
            | Model::AssessmentPlan
            | Model::AssessmentResults
            | Model::PlanOfActionAndMilestones
    )
}

/// An entry as a JSON tree.
pub(super) fn value(document: &Document, entry: &Entry) -> Value {
    serde_json::from_str(entry.span.of(document.json())).unwrap_or_default()
}
