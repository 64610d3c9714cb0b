//! Two editions of a document with components, requirements, findings and so on.

mod fields;

use std::collections::HashMap;

use crate::comparison::change::{ChangeCounts, ChangeKind};
use crate::comparison::objects::fields::{Names, fields};
use crate::comparison::pairs::Pairs;
use crate::comparison::parts::TextDifference;
use crate::comparison::words::word_diff;
use crate::document::Document;
use crate::document::control_key::control_key;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;

/// What differs between two documents.
#[derive(Debug)]
#[non_exhaustive]
pub struct ObjectComparison<'a> {
    /// How many objects changed, and how. The document itself is one.
    pub counts: ChangeCounts,
    /// How many objects of each kind were added, removed and changed.
    pub by_kind: Vec<(EntryKind, [usize; 3])>,
    /// The objects that changed, in the order of the new document, and then those that it lacks.
    pub changes: Vec<ObjectChange<'a>>,
}

/// An object that differs between two documents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ObjectChange<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// Its uuid in the new document; for a removed one, in the old.
    pub id: &'a str,
    /// Its title, or what it is about.
    pub title: String,
    /// The control of an implemented requirement.
    pub control: Option<&'a str>,
    /// How it differs.
    pub kinds: Vec<ChangeKind>,
    old: Option<(&'a Document, &'a Entry)>,
    new: Option<(&'a Document, &'a Entry)>,
}

/// Compares two documents of one model, object by object: system security plans, component
/// definitions and so on.
///
/// Objects are the same if they have the same uuid; or else, for a requirement, if it is about the
/// same control, and for others, if they have the same title.
///
/// ```
/// use oscal_documents::{Document, compare_objects};
///
/// # fn plan(text: &str) -> Result<Document, oscal_documents::DocumentError> {
/// #     Document::parse("plan.json", format!(r#"{{"system-security-plan": {{
/// #         "uuid": "00000000-0000-4000-8000-000000000001", "metadata": {{"title": "Plan"}},
/// #         "control-implementation": {{"implemented-requirements": [
/// #             {{"uuid": "r", "control-id": "ac-1", "remarks": "{text}"}}]}}}}}}"#), false)
/// # }
/// let (old, new) = (plan("Keys are counted.")?, plan("Keys are numbered.")?);
/// let comparison = compare_objects(&old, &new);
/// let change = &comparison.changes[0];
/// assert_eq!(change.control, Some("ac-1"));
/// assert_eq!(change.detail()[0].diff, "Keys are [-counted.-]{+numbered.+}");
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
pub fn compare_objects<'a>(old: &'a Document, new: &'a Document) -> ObjectComparison<'a> {
    let before: Vec<&Entry> = old.entries().iter().collect();
    let after: Vec<&Entry> = new.entries().iter().collect();
    let pairs = paired(old, &before, new, &after);
    let mut counts = ChangeCounts {
        old: before.len(),
        new: after.len(),
        ..ChangeCounts::default()
    };
    let names = [Names::of(old), Names::of(new)];
    let mut changes = Vec::new();
    let mut by_kind: HashMap<EntryKind, [usize; 3]> = HashMap::new();
    for (one, other) in pairs.all() {
        let one = one.map(|at| (old, before[at]));
        let other = other.map(|at| (new, after[at]));
        let Some((document, entry)) = other.or(one) else {
            continue;
        };
        let kinds = match (one, other) {
            (Some(one), Some(other)) => differing(one, other, &names),
            (None, _) => vec![ChangeKind::Added],
            (_, None) => vec![ChangeKind::Removed],
        };
        counts.count(&kinds);
        let Some(first) = kinds.first() else {
            continue;
        };
        let column = match first {
            ChangeKind::Added => 0,
            ChangeKind::Removed => 1,
            _ => 2,
        };
        by_kind.entry(entry.kind).or_default()[column] += 1;
        changes.push(ObjectChange {
            kind: entry.kind,
            id: &entry.id,
            title: document.entries().title(entry),
            control: entry.control.as_deref(),
            kinds,
            old: one,
            new: other,
        });
    }
    let mut by_kind: Vec<_> = by_kind.into_iter().collect();
    by_kind.sort_unstable();
    ObjectComparison {
        counts,
        by_kind,
        changes,
    }
}

fn paired(old: &Document, before: &[&Entry], new: &Document, after: &[&Entry]) -> Pairs {
    let mut pairs = Pairs::new(before.len(), after.len());
    let id = |entry: &Entry| match entry.kind {
        EntryKind::Document => vec![(entry.kind, String::new())],
        _ if entry.id.is_empty() => Vec::new(),
        kind => vec![(kind, entry.id.to_ascii_lowercase())],
    };
    pairs.by(|at| id(before[at]), |at| id(after[at]));
    let about = |document: &Document, entry: &Entry| -> Vec<(EntryKind, String, String)> {
        let outer = match entry.kind {
            // Requirements are in components, or in the plan.
            EntryKind::ImplementedRequirement => owner_title(document, entry),
            _ => String::new(),
        };
        let about = match &entry.control {
            Some(control) => control_key(control),
            None => entry.title.as_ref().to_owned(),
        };
        match about.is_empty() {
            true => Vec::new(),
            false => vec![(entry.kind, outer, about)],
        }
    };
    pairs.by(|at| about(old, before[at]), |at| about(new, after[at]));
    pairs
}

/// The title of the component around an object; empty if it is directly in the document.
fn owner_title(document: &Document, entry: &Entry) -> String {
    match document.entries().outer(entry) {
        outer if outer.kind == EntryKind::Document => String::new(),
        outer => document.entries().title(outer),
    }
}

type Place<'a> = (&'a Document, &'a Entry);

fn differing(old: Place<'_>, new: Place<'_>, names: &[Names; 2]) -> Vec<ChangeKind> {
    let mut kinds = Vec::new();
    if owner_title(old.0, old.1) != owner_title(new.0, new.1) {
        kinds.push(ChangeKind::Moved);
    }
    if old.1.kind != EntryKind::Document && old.1.title != new.1.title {
        kinds.push(ChangeKind::Title);
    }
    let same_text = old.1.kind != EntryKind::Document && json(old) == json(new);
    if !same_text && fields(json(old), &names[0]) != fields(json(new), &names[1]) {
        kinds.push(ChangeKind::Members);
    }
    kinds
}

/// The text of an object; for the document, all of it.
fn json<'a>((document, entry): Place<'a>) -> &'a str {
    match entry.kind {
        EntryKind::Document => document.json(),
        _ => entry.span.of(document.json()),
    }
}

impl ObjectChange<'_> {
    /// What exactly changed: each member with its word diff. Nothing for an object that was added
    /// or removed.
    pub fn detail(&self) -> Vec<TextDifference> {
        let (Some(old), Some(new)) = (self.old, self.new) else {
            return Vec::new();
        };
        let mut details = Vec::new();
        let mut add = |name: String, old: &str, new: &str| {
            let mut diff = word_diff(old, new);
            if diff.is_empty() {
                // Only spaces differ.
                diff = "(spaces)".to_owned();
            }
            details.push(TextDifference { name, diff });
        };
        if self.kinds.contains(&ChangeKind::Moved) {
            add(
                "place".to_owned(),
                &owner_title(old.0, old.1),
                &owner_title(new.0, new.1),
            );
        }
        if self.kinds.contains(&ChangeKind::Title) {
            add("title".to_owned(), &old.1.title, &new.1.title);
        }
        let before = fields(json(old), &Names::of(old.0));
        let after = fields(json(new), &Names::of(new.0));
        let known: HashMap<&str, &str> = pairs(&before).collect();
        let now: HashMap<&str, &str> = pairs(&after).collect();
        for (name, text) in pairs(&after) {
            let was = known.get(name).copied().unwrap_or_default();
            if was != text {
                add(name.to_owned(), was, text);
            }
        }
        for (name, text) in pairs(&before) {
            if !now.contains_key(name) {
                add(name.to_owned(), text, "");
            }
        }
        details
    }
}

fn pairs(fields: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
}
