//! What exactly changed in a control.

use std::collections::BTreeSet;

use crate::comparison::catalogs::ControlChange;
use crate::comparison::change::ChangeKind;
use crate::comparison::params::{ParameterDifference, compared};
use crate::comparison::parts::{Changed, TextDifference, links, props, texts};
use crate::comparison::words::word_diff;
use crate::control::{Control, ControlName};
use crate::document::element;

/// What exactly changed in a control.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ControlDifference {
    /// The title, as a [word diff](word_diff).
    pub title: Option<String>,
    /// Group and control above it, before and after a move.
    pub moved: Option<(String, String)>,
    /// Where a withdrawn control went.
    pub moved_to: Vec<ControlName>,
    /// The parts whose text changed, except assessment.
    pub texts: Vec<TextDifference>,
    /// The assessment parts whose text changed.
    pub assessment: Vec<TextDifference>,
    /// The parameters that changed.
    pub parameters: Vec<ParameterDifference>,
    /// Links that are gone, as `relation target`.
    pub links_removed: Vec<String>,
    /// New links.
    pub links_added: Vec<String>,
    /// Properties that are gone, as `name: value`.
    pub properties_removed: Vec<String>,
    /// New properties.
    pub properties_added: Vec<String>,
}

impl ControlChange<'_> {
    /// What exactly changed; nothing for a control that was added or removed.
    pub fn detail(&self) -> ControlDifference {
        let (Some(old), Some(new)) = (self.old, self.new) else {
            return ControlDifference::default();
        };
        let has = |kind| self.kinds.contains(&kind);
        let parameters = compared(old, new);
        let (texts, assessment) = match has(ChangeKind::Text) || has(ChangeKind::Assessment) {
            true => texts(old, new, &parameters),
            false => (Vec::new(), Vec::new()),
        };
        let shown = |changed: Vec<Changed>| changed.into_iter().map(Changed::shown).collect();
        let lists = |kind, of: fn(Control<'_>) -> BTreeSet<String>| match has(kind) {
            true => only(&of(old), &of(new)),
            false => (Vec::new(), Vec::new()),
        };
        let (links_removed, links_added) = lists(ChangeKind::Links, links);
        let (properties_removed, properties_added) = lists(ChangeKind::Properties, props);
        ControlDifference {
            title: has(ChangeKind::Title).then(|| word_diff(old.title(), new.title())),
            moved: has(ChangeKind::Moved).then(|| (place(old), place(new))),
            moved_to: match has(ChangeKind::Withdrawn) {
                true => successors(new),
                false => Vec::new(),
            },
            texts: shown(texts),
            assessment: shown(assessment),
            parameters: match has(ChangeKind::Parameters) {
                true => parameters.differences,
                false => Vec::new(),
            },
            links_removed,
            links_added,
            properties_removed,
            properties_added,
        }
    }
}

/// The group and the control above a control.
fn place(control: Control<'_>) -> String {
    let group = control.group().map(|(id, title)| match title {
        "" => id.to_owned(),
        title => format!("{id} {title}"),
    });
    let parent = control.parent().map(|parent| parent.id().to_owned());
    let place: Vec<_> = group.into_iter().chain(parent).collect();
    match place.is_empty() {
        true => "no group".to_owned(),
        false => place.join(", "),
    }
}

fn successors(control: Control<'_>) -> Vec<ControlName> {
    let links = control
        .links()
        .into_iter()
        .filter(element::Link::is_successor);
    let targets = links.filter_map(|link| {
        let target = link.href.strip_prefix('#')?;
        control
            .document()
            .control_of_fragment(target)
            .map(Control::name)
    });
    targets.collect()
}

/// What only the first has, and what only the second has.
fn only(old: &BTreeSet<String>, new: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let gone = old.difference(new).cloned().collect();
    (gone, new.difference(old).cloned().collect())
}
