//! The texts, links and properties of a control in two editions.

use std::collections::{BTreeSet, HashMap};

use crate::comparison::params::{own_list, words};
use crate::comparison::words::word_diff;
use crate::control::Control;
use crate::control::substitution::ParamValues;
use crate::document::element::{self, Part, Prop};

/// A text that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextDifference {
    /// The part: `statement`, `guidance` and so on; or the member of an object.
    pub name: String,
    /// The change as a [word diff](word_diff), with parameters filled in.
    pub diff: String,
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
    props
        .map(|prop| format!("{}: {}", prop.name, words(&prop.value)))
        .collect()
}

/// A part whose text changed.
pub(super) struct Changed {
    name: String,
    old: String,
    new: String,
}

impl Changed {
    pub(super) fn shown(self) -> TextDifference {
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
    let (old, new): (HashMap<_, _>, HashMap<_, _>) = (
        before.iter().cloned().collect(),
        after.iter().cloned().collect(),
    );
    let added = after.iter().filter(|(key, _)| !old.contains_key(key));
    let (mut texts, mut assessment) = (Vec::new(), Vec::new());
    for (key, _) in before.iter().chain(added) {
        let template = |texts: &HashMap<Key, String>| {
            texts.get(key).map(|text| words(text)).unwrap_or_default()
        };
        let text = |texts: &HashMap<Key, String>| texts.get(key).cloned().unwrap_or_default();
        let same_template = template(&old) == template(&new);
        if (same_template && by_parameters) || words(&text(&old_texts)) == words(&text(&new_texts))
        {
            continue;
        }
        let list = if key.is_assessment {
            &mut assessment
        } else {
            &mut texts
        };
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
    parts
        .map(|part| (keys.next(&part.name), part.text))
        .collect()
}
