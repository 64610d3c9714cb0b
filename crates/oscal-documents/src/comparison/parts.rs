//! The texts, links and properties of a control in two editions.

use std::collections::{BTreeSet, HashMap};

use crate::comparison::params::{Parameters, own_list, words};
use crate::comparison::words::word_diff;
use crate::control::Control;
use crate::control::substitution::ParamValues;
use crate::control::substitution::insert::Insert;
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
/// parameter does, or has another id, is the same text.
pub(super) fn texts(
    old: Control<'_>,
    new: Control<'_>,
    parameters: &Parameters,
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
        let text = |texts: &HashMap<Key, String>| texts.get(key).cloned().unwrap_or_default();
        let template = words(&with_old_ids(&text(&new), &parameters.old_ids));
        let same_template = words(&text(&old)) == template;
        let (was, is) = (text(&old_texts), text(&new_texts));
        if (same_template && !parameters.differences.is_empty()) || words(&was) == words(&is) {
            continue;
        }
        let list = if key.is_assessment {
            &mut assessment
        } else {
            &mut texts
        };
        list.push(Changed {
            name: key.name(),
            old: was,
            new: is,
        });
    }
    (texts, assessment)
}

/// The text with the ids that parameters had.
fn with_old_ids(template: &str, old_ids: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(insert) = Insert::first_in(rest) {
        out.push_str(&rest[..insert.start]);
        match old_ids.get(insert.id) {
            Some(id) => out.push_str(&insert.verbatim.replace(insert.id, id)),
            None => out.push_str(insert.verbatim),
        }
        rest = &rest[insert.end..];
    }
    out.push_str(rest);
    out
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
