//! What exactly changed in a control.

use std::collections::{BTreeSet, HashMap};

use crate::comparison::catalogs::ControlChange;
use crate::comparison::change::ChangeKind;
use crate::comparison::params::{ParameterDifference, differences, own_list, parameters, words};
use crate::comparison::words::word_diff;
use crate::control::substitution::ParamValues;
use crate::control::{Control, ControlName};
use crate::document::element::{self, Part, Prop};

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

/// A text that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextDifference {
    /// The part: `statement`, `guidance` and so on; or the member of an object.
    pub name: String,
    /// The change as a [word diff](word_diff), with parameters filled in.
    pub diff: String,
}

impl ControlChange<'_> {
    /// What exactly changed; nothing for a control that was added or removed.
    pub fn detail(&self) -> ControlDifference {
        let (Some(old), Some(new)) = (self.old, self.new) else {
            return ControlDifference::default();
        };
        let has = |kind| self.kinds.contains(&kind);
        let parameters = match has(ChangeKind::Parameters) {
            true => differences(&parameters(old), &parameters(new)),
            false => Vec::new(),
        };
        let (texts, assessment) = match has(ChangeKind::Text) || has(ChangeKind::Assessment) {
            true => texts(old, new, !parameters.is_empty()),
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
            parameters,
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
    let links = control.links().into_iter().filter(element::Link::is_successor);
    let targets = links.filter_map(|link| {
        let target = link.href.strip_prefix('#')?;
        control.document().control_of_fragment(target).map(Control::name)
    });
    targets.collect()
}

/// What only the first has, and what only the second has.
fn only(old: &BTreeSet<String>, new: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let gone = old.difference(new).cloned().collect();
    (gone, new.difference(old).cloned().collect())
}

/// Links to controls, as `relation target`.
pub(super) fn links(control: Control<'_>) -> BTreeSet<String> {
    let links = control.links().into_iter().filter_map(|link| {
        let target = link.href.strip_prefix('#')?;
        let found = control.document().control_of_fragment(target)?;
        Some(format!("{} {}", link.rel, found.id()).trim().to_owned())
    });
    links.collect()
}

/// Properties, as `name: value`, except those for sorting.
pub(super) fn props(control: Control<'_>) -> BTreeSet<String> {
    let props: Vec<Prop> = own_list(control, "props");
    let props = props.iter().filter(|prop| prop.name != "sort-id");
    props.map(|prop| format!("{}: {}", prop.name, words(&prop.value))).collect()
}

/// A part whose text changed.
pub(super) struct Changed {
    name: String,
    old: String,
    new: String,
}

impl Changed {
    fn shown(self) -> TextDifference {
        TextDifference {
            diff: word_diff(&self.old, &self.new),
            name: self.name,
        }
    }
}

/// The parts whose text differs, and those for assessment. Text that differs only because a
/// parameter does is the same text, if `by_parameters` tells that some do.
pub(super) fn texts(
    old: Control<'_>,
    new: Control<'_>,
    by_parameters: bool,
) -> (Vec<Changed>, Vec<Changed>) {
    let (before, after) = (templates(old), templates(new));
    let (old_texts, new_texts) = (rendered(old), rendered(new));
    let (old, new): (HashMap<_, _>, HashMap<_, _>) =
        (before.iter().cloned().collect(), after.iter().cloned().collect());
    let added = after.iter().filter(|(key, _)| !old.contains_key(key));
    let (mut texts, mut assessment) = (Vec::new(), Vec::new());
    for (key, _) in before.iter().chain(added) {
        let template = |texts: &HashMap<Key, String>| {
            texts.get(key).map(|text| words(text)).unwrap_or_default()
        };
        let text = |texts: &HashMap<Key, String>| texts.get(key).cloned().unwrap_or_default();
        let same_template = template(&old) == template(&new);
        if (same_template && by_parameters) || words(&text(&old_texts)) == words(&text(&new_texts)) {
            continue;
        }
        let list = if key.is_assessment { &mut assessment } else { &mut texts };
        list.push(Changed {
            name: key.name(),
            old: text(&old_texts),
            new: text(&new_texts),
        });
    }
    (texts, assessment)
}

/// A part of a control: its name, and which of those of this name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    name: String,
    number: usize,
    is_assessment: bool,
}

impl Key {
    fn name(&self) -> String {
        match self.number {
            0 => self.name.clone(),
            number => format!("{} {}", self.name, number + 1),
        }
    }
}

/// Keys of parts in their order.
#[derive(Default)]
struct Keys(HashMap<String, usize>);

impl Keys {
    fn next(&mut self, name: &str) -> Key {
        // The name in OSCAL 1.0.
        let name = match name {
            "objective" => "assessment-objective",
            name => name,
        };
        let next = self.0.entry(name.to_owned()).or_default();
        let number = *next;
        *next += 1;
        Key {
            name: name.to_owned(),
            number,
            is_assessment: name.starts_with("assessment") || name == "objects",
        }
    }
}

/// The text of the parts as the document writes it, with its places for parameters.
pub(super) fn templates(control: Control<'_>) -> Vec<(Key, String)> {
    let mut keys = Keys::default();
    let parts = control.parts();
    parts
        .iter()
        .map(|part| {
            let key = keys.next(&part.name);
            let mut text = String::new();
            add(&mut text, part);
            (key, text)
        })
        .collect()
}

fn add(text: &mut String, part: &Part) {
    let label = element::label(&part.props).unwrap_or_default();
    let title = part.title.as_deref().unwrap_or_default();
    for word in [label, title, &part.prose] {
        text.push_str(word);
        text.push('\n');
    }
    for part in &part.parts {
        add(text, part);
    }
}

/// The text of the parts with parameters filled in.
fn rendered(control: Control<'_>) -> HashMap<Key, String> {
    let mut keys = Keys::default();
    let view = control.view(&ParamValues::new());
    let parts = view.parts.into_iter();
    parts.map(|part| (keys.next(&part.name), part.text)).collect()
}
