//! Pages of findings, risks and so on, and their summary.

use std::collections::{HashMap, HashSet};

use crate::assessments::filter::{AssessmentFilter, date_of, is_state, is_unresolved, normalized};
use crate::assessments::graph::{Graph, Node, value};
use crate::assessments::inherited;
use crate::assessments::item::{AssessmentItem, AssessmentLink, AssessmentSummary, Assessments};
use crate::assessments::matches::control_of_part;
use crate::assessments::stated;
use crate::control::page::Page;
use crate::document::control_key::control_of_target;
use crate::document::entry_kind::EntryKind;
use crate::library::view::LibraryView;

/// The kinds that are listed if none is asked for.
const DEFAULT_KINDS: [EntryKind; 3] = [EntryKind::Finding, EntryKind::Risk, EntryKind::PoamItem];

/// The most links of an item, and the most controls of a summary.
const MAX_LINKS: usize = 30;
const MAX_CONTROLS: usize = 200;

/// A page of findings, risks and so on that match the filter, in the order of the documents, and a
/// summary of all that match, whatever their kind.
///
/// ```
/// use oscal_documents::{AssessmentFilter, Library, Limits, assessments};
///
/// const RESULTS: &str = r#"{"assessment-results": {
///     "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "Audit"},
///     "results": [{"uuid": "r", "findings": [
///         {"uuid": "f", "title": "Shared keys", "related-risks": [{"risk-uuid": "k"}],
///          "target": {"target-id": "ac-1_smt", "status": {"state": "not-satisfied"}}}],
///         "risks": [{"uuid": "k", "title": "Theft", "status": "open"}]}]}}"#;
///
/// let library = Library::load(&[("audit.json", RESULTS)], None, Limits::default())?;
/// let filter = AssessmentFilter {
///     control: Some("AC-1"),
///     state: Some("open"),
///     ..AssessmentFilter::default()
/// };
/// let found = assessments(&library.view(|_| true), &filter, 0, 10);
/// assert_eq!(found.page.items[0].title, "Theft");
/// # Ok::<(), oscal_documents::LoadError>(())
/// ```
pub fn assessments(
    view: &LibraryView<'_>,
    filter: &AssessmentFilter<'_>,
    offset: usize,
    limit: usize,
) -> Assessments {
    let graph = Graph::of(view, filter);
    let matching = Matching::of(filter);
    let mut found: Vec<usize> = (0..graph.nodes.len())
        .filter(|at| matching.is(&graph.nodes[*at]))
        .collect();
    let summary = summary(view, &graph, &found);
    match filter.kind {
        Some(kind) => found.retain(|at| graph.kind(*at) == kind),
        None if found
            .iter()
            .any(|at| DEFAULT_KINDS.contains(&graph.kind(*at))) =>
        {
            found.retain(|at| DEFAULT_KINDS.contains(&graph.kind(*at)));
        }
        None => {}
    }
    if filter.due_before.is_some() {
        found.sort_by_key(|at| graph.nodes[*at].stated.deadline.as_deref());
    }
    let page = Page::cut(found.into_iter(), offset, limit);
    let reader = Reader::new(view, &graph);
    Assessments {
        page: page.map(|at| reader.item(at)),
        summary,
    }
}

/// The filter, ready to compare.
struct Matching<'f> {
    filter: &'f AssessmentFilter<'f>,
    state: Option<String>,
    document: Option<String>,
}

impl<'f> Matching<'f> {
    fn of(filter: &'f AssessmentFilter<'f>) -> Self {
        Self {
            filter,
            state: filter.state.map(normalized),
            document: filter.document.map(|id| id.trim().to_ascii_lowercase()),
        }
    }

    fn is(&self, node: &Node<'_>) -> bool {
        let stated = &node.stated;
        let is_state = |asked: &String| {
            let states = &stated.states;
            states.iter().any(|state| is_state(state, asked))
                // Nobody says of an item without a state that it is done.
                || (asked == "unresolved"
                    && states.is_empty()
                    && node.entry.kind == EntryKind::PoamItem)
        };
        let is_due = |before: &str| {
            let deadline = stated.deadline.as_deref().and_then(date_of);
            deadline.is_some_and(|deadline| deadline < before)
        };
        let info = node.document.info();
        (self.filter.control.is_none() || node.of_control)
            && (self.filter.component.is_none() || node.of_component)
            && self.document.as_ref().is_none_or(|id| *id == info.id)
            && self.state.as_ref().is_none_or(is_state)
            && self.filter.due_before.is_none_or(is_due)
    }
}

fn summary(view: &LibraryView<'_>, graph: &Graph<'_>, found: &[usize]) -> AssessmentSummary {
    let mut summary = AssessmentSummary {
        documents: graph.documents,
        ..AssessmentSummary::default()
    };
    let (mut known, mut controls) = (HashSet::new(), HashSet::new());
    for node in found.iter().map(|at| &graph.nodes[*at]) {
        let stated = &node.stated;
        let states = stated.states.join(", ");
        let of_kind = summary.counts.entry(node.entry.kind).or_default();
        *of_kind.entry(states).or_default() += 1;
        let is_left = stated.states.iter().any(|state| is_unresolved(state));
        if !is_left {
            continue;
        }
        if let Some(deadline) = &stated.deadline
            && summary
                .next_deadline
                .as_ref()
                .is_none_or(|next| deadline < next)
        {
            summary.next_deadline = Some(deadline.clone());
        }
        if node.entry.kind == EntryKind::Finding {
            for target in stated.targets().filter(|target| known.insert(*target)) {
                let control = control_of(view, target);
                if controls.len() < MAX_CONTROLS && controls.insert(control.clone()) {
                    summary.unresolved_controls.push(control);
                }
            }
        }
    }
    summary
}

/// The control that a target belongs to: by a loaded catalog, or else by its form.
fn control_of(view: &LibraryView<'_>, target: &str) -> String {
    let known = control_of_part(view, target);
    known.unwrap_or_else(|| control_of_target(target).to_owned())
}

/// Reads items to show them.
struct Reader<'g, 'a> {
    view: &'g LibraryView<'a>,
    graph: &'g Graph<'a>,
    /// Kinds and titles of components and other subjects, by uuid.
    subjects: HashMap<String, (EntryKind, &'a str)>,
    /// The relations, by who is named.
    reversed: Vec<(usize, usize)>,
}

impl<'g, 'a> Reader<'g, 'a> {
    fn new(view: &'g LibraryView<'a>, graph: &'g Graph<'a>) -> Self {
        let mut subjects = HashMap::new();
        for document in view.documents() {
            for entry in document.entries().iter().filter(|entry| {
                matches!(
                    entry.kind,
                    EntryKind::Component | EntryKind::InventoryItem | EntryKind::User
                )
            }) {
                let known = (entry.kind, entry.title.trim());
                subjects
                    .entry(entry.id.to_ascii_lowercase())
                    .or_insert(known);
            }
        }
        let mut reversed: Vec<_> = graph.edges.iter().map(|(from, to)| (*to, *from)).collect();
        reversed.sort_unstable();
        Self {
            view,
            graph,
            subjects,
            reversed,
        }
    }

    fn item(&self, at: usize) -> AssessmentItem {
        let node = &self.graph.nodes[at];
        let value = value(node.document, node.entry);
        let stated = &node.stated;
        let info = node.document.info();
        let states = Some(stated.states.join(", ")).filter(|states| !states.is_empty());
        AssessmentItem {
            kind: node.entry.kind,
            id: node.entry.id.as_ref().to_owned(),
            label: stated.label.clone(),
            title: stated::title(&value),
            state: states,
            reason: stated.reason.clone(),
            target: stated.target.clone(),
            controls: self.controls(at),
            deadline: stated.deadline.clone(),
            text: stated::prose(&value),
            facts: stated::facts(node.entry.kind, &value),
            components: self.components(at),
            related: self.related(at),
            inherited: match node.entry.kind {
                EntryKind::LeveragedAuthorization => {
                    inherited::inherited(self.view, node.document, &node.entry.id)
                }
                _ => Vec::new(),
            },
            document: info.id.clone(),
            document_title: info.title.clone(),
        }
    }

    /// Its own controls, or else those of what it relates to.
    fn controls(&self, at: usize) -> Vec<String> {
        let mut controls = Vec::new();
        let near = [at].into_iter().chain(self.near(at));
        for node in near.map(|at| &self.graph.nodes[at]) {
            for target in node.stated.targets().take(MAX_LINKS) {
                let control = control_of(self.view, target);
                if controls.len() < MAX_LINKS && !controls.contains(&control) {
                    controls.push(control);
                }
            }
        }
        controls
    }

    fn components(&self, at: usize) -> Vec<AssessmentLink> {
        let mut links: Vec<AssessmentLink> = Vec::new();
        let near = [at].into_iter().chain(self.near(at));
        for node in near.map(|at| &self.graph.nodes[at]) {
            for subject in node.stated.subjects.iter().take(MAX_LINKS) {
                let known = self.subjects.get(&subject.uuid);
                let (kind, known) = *known.unwrap_or(&(subject.kind, ""));
                if links.len() < MAX_LINKS && !links.iter().any(|link| link.id == subject.uuid) {
                    links.push(AssessmentLink {
                        kind,
                        id: subject.uuid.clone(),
                        title: subject.title.as_deref().unwrap_or(known).to_owned(),
                    });
                }
            }
        }
        links
    }

    fn related(&self, at: usize) -> Vec<AssessmentLink> {
        let related = self.graph.named_by(at).chain(self.naming(at));
        let links = related.take(MAX_LINKS).map(|other| {
            let node = &self.graph.nodes[other];
            AssessmentLink {
                kind: node.entry.kind,
                id: node.entry.id.as_ref().to_owned(),
                title: stated::title(&value(node.document, node.entry)),
            }
        });
        links.collect()
    }

    /// What shares its controls and components: what it names, and the findings that name it. For
    /// a risk also the observations of those findings, and for a POA&M item all of this.
    fn near(&self, at: usize) -> Vec<usize> {
        let mut near = self.directly_near(at);
        let kind = self.graph.kind(at);
        if matches!(kind, EntryKind::PoamItem | EntryKind::Risk) {
            let further = near.iter().flat_map(|at| self.directly_near(*at));
            let further = further.filter(|other| {
                kind == EntryKind::PoamItem || self.graph.kind(*other) == EntryKind::Observation
            });
            near.extend(further.take(MAX_LINKS).collect::<Vec<_>>());
        }
        near
    }

    fn directly_near(&self, at: usize) -> Vec<usize> {
        let findings = self.naming(at);
        let findings = findings.filter(|other| self.graph.kind(*other) == EntryKind::Finding);
        let near = self.graph.named_by(at).chain(findings);
        near.take(MAX_LINKS).collect()
    }

    fn naming(&self, at: usize) -> impl Iterator<Item = usize> {
        let start = self.reversed.partition_point(|(to, _)| *to < at);
        let edges = self.reversed[start..].iter();
        edges
            .take_while(move |(to, _)| *to == at)
            .map(|(_, from)| *from)
    }
}
