//! Two editions of a catalog, or two baselines.

use std::collections::HashMap;

use crate::comparison::change::{ChangeCounts, ChangeKind};
use crate::comparison::pairs::Pairs;
use crate::comparison::params::{compared, words};
use crate::comparison::parts::{links, props, templates, texts};
use crate::control::Control;
use crate::document::Document;
use crate::document::control_key::control_key;

/// What differs between two catalogs.
#[derive(Debug)]
#[non_exhaustive]
pub struct CatalogComparison<'a> {
    /// How many controls changed, and how.
    pub counts: ChangeCounts,
    /// The controls that changed, in the order of the new catalog, and then those that it lacks.
    pub changes: Vec<ControlChange<'a>>,
}

/// A control that differs between two catalogs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ControlChange<'a> {
    /// The control in the old catalog.
    pub old: Option<Control<'a>>,
    /// The control in the new catalog.
    pub new: Option<Control<'a>>,
    /// How it differs.
    pub kinds: Vec<ChangeKind>,
}

/// Compares two catalogs, or the catalogs that two profiles resolve to.
///
/// A control that only one of them has, and that it marks as withdrawn, is not a change. Controls are
/// the same if they have the same id, or else the same id or label in any notation, or
/// else the same title and text.
///
/// ```
/// use oscal_documents::{ChangeKind, Document, compare_catalogs};
///
/// # fn catalog(controls: &str) -> Result<Document, oscal_documents::DocumentError> {
/// #     Document::parse("rules.json", format!(r#"{{"catalog": {{
/// #         "uuid": "00000000-0000-4000-8000-000000000001",
/// #         "metadata": {{"title": "House rules"}}, "controls": [{controls}]}}}}"#), false)
/// # }
/// let old = catalog(r#"{"id": "ac-1", "title": "Keys",
///     "parts": [{"name": "statement", "prose": "Count the keys weekly."}]}"#)?;
/// let new = catalog(r#"{"id": "ac-1", "title": "Keys",
///     "parts": [{"name": "statement", "prose": "Count the keys daily."}]}, {"id": "ac-2"}"#)?;
/// let comparison = compare_catalogs(&old, &new);
/// let [keys, added] = &comparison.changes[..] else { panic!("two changes") };
/// assert_eq!(keys.kinds, [ChangeKind::Text]);
/// assert_eq!(keys.detail().texts[0].diff, "Count the keys [-weekly.-]{+daily.+}");
/// assert_eq!(added.kinds, [ChangeKind::Added]);
/// # Ok::<(), oscal_documents::DocumentError>(())
/// ```
pub fn compare_catalogs<'a>(old: &'a Document, new: &'a Document) -> CatalogComparison<'a> {
    let (before, after): (Vec<_>, Vec<_>) = (old.controls().collect(), new.controls().collect());
    let pairs = paired(&before, &after);
    let in_force = |controls: &[Control<'_>]| controls.iter().filter(|c| !c.is_withdrawn()).count();
    let mut counts = ChangeCounts {
        old: in_force(&before),
        new: in_force(&after),
        ..ChangeCounts::default()
    };
    let ids: HashMap<&str, &str> = pairs
        .all()
        .filter_map(|(old, new)| Some((before[old?].id(), after[new?].id())))
        .collect();
    let mut changes = Vec::new();
    for (old, new) in pairs.all() {
        let (old, new) = (old.map(|at| before[at]), new.map(|at| after[at]));
        if let (Some(one), None) | (None, Some(one)) = (old, new)
            && one.is_withdrawn()
        {
            continue;
        }
        let change = ControlChange::of(old, new, &ids);
        counts.count(&change.kinds);
        if !change.kinds.is_empty() {
            changes.push(change);
        }
    }
    CatalogComparison { counts, changes }
}

fn paired(old: &[Control<'_>], new: &[Control<'_>]) -> Pairs {
    let mut pairs = Pairs::new(old.len(), new.len());
    pairs.by(|at| vec![old[at].id()], |at| vec![new[at].id()]);
    let keys = |control: Control<'_>| -> Vec<String> {
        let names = [Some(control.id()), control.label()];
        let keys = names.into_iter().flatten().map(control_key);
        keys.filter(|key| !key.is_empty()).collect()
    };
    pairs.by(|at| keys(old[at]), |at| keys(new[at]));
    let text = |control: Control<'_>| -> Vec<(String, String)> {
        let text = words(&templates(control));
        let is_telling = !control.title().is_empty() && !text.is_empty();
        let key = is_telling.then(|| (words(control.title()), text));
        key.into_iter().collect()
    };
    pairs.by(|at| text(old[at]), |at| text(new[at]));
    pairs
}

impl<'a> ControlChange<'a> {
    /// `ids` has the new id of each old one.
    fn of(old: Option<Control<'a>>, new: Option<Control<'a>>, ids: &HashMap<&str, &str>) -> Self {
        let kinds = match (old, new) {
            (Some(old), Some(new)) => differing(old, new, ids),
            (Some(_), None) => vec![ChangeKind::Removed],
            (None, Some(_)) => vec![ChangeKind::Added],
            (None, None) => Vec::new(),
        };
        Self { old, new, kinds }
    }

    /// The control in the new catalog, or else in the old one.
    pub fn control(&self) -> Option<Control<'a>> {
        self.new.or(self.old)
    }
}

fn differing(old: Control<'_>, new: Control<'_>, ids: &HashMap<&str, &str>) -> Vec<ChangeKind> {
    let mut kinds = Vec::new();
    let mut add = |kind, differs: bool| {
        if differs {
            kinds.push(kind);
        }
    };
    let (was, is) = (old.is_withdrawn(), new.is_withdrawn());
    add(ChangeKind::Withdrawn, is && !was);
    add(ChangeKind::Restored, was && !is);
    add(ChangeKind::Moved, is_moved(old, new, ids));
    add(ChangeKind::Renamed, old.id() != new.id());
    add(ChangeKind::Title, words(old.title()) != words(new.title()));
    // What is withdrawn has no text; nothing of that is a change of its own.
    if was || is || (old.json() == new.json() && !old.json().contains("{{")) {
        return kinds;
    }
    let parameters = compared(old, new);
    let (text, assessment) = texts(old, new, &parameters);
    add(ChangeKind::Text, !text.is_empty());
    add(ChangeKind::Parameters, !parameters.differences.is_empty());
    add(ChangeKind::Assessment, !assessment.is_empty());
    add(ChangeKind::Links, links(old) != links(new));
    add(ChangeKind::Properties, props(old) != props(new));
    kinds
}

fn is_moved(old: Control<'_>, new: Control<'_>, ids: &HashMap<&str, &str>) -> bool {
    let parent = old.parent().map(Control::id);
    let expected = parent.map(|id| ids.get(id).copied().unwrap_or(id));
    if expected != new.parent().map(Control::id) {
        return true;
    }
    // Groups are the same if either their ids or their titles are.
    let groups = [old.group(), new.group()]
        .map(|group| group.map(|(id, title)| (control_key(id), words(title).to_lowercase())));
    match groups {
        [Some((id, title)), Some((new_id, new_title))] => {
            id != new_id && (title != new_title || title.is_empty())
        }
        [old, new] => old.is_some() != new.is_some(),
    }
}
