//! What findings, risks, POA&M items, tasks and mappings state in a word or two: targets, states,
//! deadlines, and which control relates to which.

use crate::document::entry_kind::EntryKind;
use crate::json::cursor::{Cursor, Span, decoded};

/// The most facts that an entry takes over from others.
const MAX_SHARED: usize = 16;

/// What a fact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactKind {
    /// The number that people give it, such as a POA&M id.
    Label,
    /// The control, or the part of one, that was assessed.
    Target,
    State,
    Reason,
    Deadline,
    /// A control that a mapping starts from.
    Source,
    /// How the two sides of a mapping relate.
    Relation,
    /// A control that a mapping leads to.
    Counterpart,
}

/// A short string of an entry, and what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub(crate) kind: FactKind,
    span: Span,
}

/// The facts of an entry.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<Fact>);

impl FactKind {
    /// What a string member of an entry of this kind says, if it is a fact.
    pub(crate) fn of_member(kind: EntryKind, member: &str) -> Option<Self> {
        use EntryKind as K;
        match (kind, member) {
            (K::Finding, "target-id") => Some(Self::Target),
            (K::Finding, "state" | "status") | (K::Risk, "status") => Some(Self::State),
            (K::Finding, "reason") => Some(Self::Reason),
            (K::Risk, "deadline") | (K::Task, "end" | "date") => Some(Self::Deadline),
            (K::Mapping, "relationship") => Some(Self::Relation),
            _ => None,
        }
    }

    /// What a property of an entry says, if it is a fact.
    pub(crate) fn of_prop(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match &*name {
            "poam-id" | "weakness-id" => Some(Self::Label),
            _ if name.ends_with("control-id") => Some(Self::Target),
            _ if is_deadline(&name) => Some(Self::Deadline),
            _ => None,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Label => "Id",
            Self::Target => "Target",
            Self::State => "State",
            Self::Reason => "Reason",
            Self::Deadline => "Deadline",
            Self::Source | Self::Relation | Self::Counterpart => "",
        }
    }
}

/// Whether a property of this name holds the date by which something has to be done.
pub(crate) fn is_deadline(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["completion-date", "due-date", "deadline"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether entries of this kind have facts.
pub(crate) fn has_facts(kind: EntryKind) -> bool {
    use EntryKind as K;
    matches!(
        kind,
        K::Finding | K::Mapping | K::Observation | K::PoamItem | K::Risk | K::Task
    )
}

impl Facts {
    /// Reads a string as a fact, and returns what it says.
    pub(crate) fn read(&mut self, kind: FactKind, cursor: &mut Cursor<'_>, text: &str) -> String {
        let span = cursor.skip();
        self.0.push(Fact { kind, span });
        decoded(span.of(text)).into_owned()
    }

    pub(crate) fn of_kind(&self, kind: FactKind) -> impl Iterator<Item = Fact> {
        self.0.iter().copied().filter(move |fact| fact.kind == kind)
    }

    /// Takes over what a related entry states, each fact once. Returns the targets among them.
    pub(crate) fn share(&mut self, facts: Vec<Fact>, text: &str) -> Vec<String> {
        let mut targets = Vec::new();
        for fact in facts.into_iter().take(MAX_SHARED) {
            let is_same =
                |own: &Fact| own.kind == fact.kind && own.span.of(text) == fact.span.of(text);
            if self.0.len() >= 2 * MAX_SHARED || self.0.iter().any(is_same) {
                continue;
            }
            self.0.push(fact);
            if fact.kind == FactKind::Target {
                targets.push(decoded(fact.span.of(text)).into_owned());
            }
        }
        targets
    }

    /// `k-1 subset-of a.5.15, a.5.18`, or `Target: k-1_smt; State: not-satisfied`.
    pub(crate) fn line(&self, text: &str) -> String {
        let all = |kind| {
            let values = self.of_kind(kind).map(|fact| decoded(fact.span.of(text)));
            values.collect::<Vec<_>>().join(", ")
        };
        let (sources, targets) = (all(FactKind::Source), all(FactKind::Counterpart));
        if !sources.is_empty() || !targets.is_empty() {
            let relation = Some(all(FactKind::Relation)).filter(|relation| !relation.is_empty());
            let relation = relation.as_deref().unwrap_or("relates to");
            return format!("{sources} {relation} {targets}");
        }
        let kinds = [
            FactKind::Label,
            FactKind::Target,
            FactKind::State,
            FactKind::Reason,
            FactKind::Deadline,
        ];
        let stated = kinds.into_iter().map(|kind| (kind.heading(), all(kind)));
        let stated = stated.filter(|(_, values)| !values.is_empty());
        let stated: Vec<_> = stated
            .map(|(heading, values)| format!("{heading}: {values}"))
            .collect();
        stated.join("; ")
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }
}
