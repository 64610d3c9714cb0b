//! The texts, links and properties of a control in two editions.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::comparison::params::{Parameters, own_list, words};
use crate::comparison::words::word_diff;
use crate::control::Control;
use crate::control::substitution::insert::Insert;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::element::{self, Part, Prop};
use crate::json::budget::Budget;

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

/// Properties, as `name: value`, except those for sorting and variants of the label.
pub(super) fn props(control: Control<'_>) -> BTreeSet<String> {
    let props: Vec<Prop> = own_list(control, "props");
    let props = props.iter().filter(|prop| match prop.name.as_str() {
        "sort-id" | "alt-identifier" => false,
        "label" => prop.class.is_none(),
        _ => true,
    });
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
    let (before, after) = (parts(old), parts(new));
    let known: HashSet<&Key> = before.iter().map(|(key, _)| key).collect();
    let now: HashMap<&Key, &Part> = after.iter().map(|(key, part)| (key, part)).collect();
    let pairs = before
        .iter()
        .map(|(key, part)| (key, Some(part), now.get(key).copied()));
    let added = after.iter().filter(|(key, _)| !known.contains(key));
    let pairs = pairs.chain(added.map(|(key, part)| (key, None, Some(part))));
    let (none, budgets) = (ParamValues::new(), [Budget::for_item(), Budget::for_item()]);
    let renderers = [
        Renderer::new(old.document(), &none, &budgets[0]),
        Renderer::new(new.document(), &none, &budgets[1]),
    ];
    let (mut texts, mut assessment) = (Vec::new(), Vec::new());
    for (key, was, is) in pairs {
        let template = |part: Option<&Part>| part.map(template).unwrap_or_default();
        let (before, after) = (template(was), template(is));
        let is_same = words(&before) == words(&with_old_ids(&after, &parameters.old_ids));
        // The parameters tell what differs, or there are none.
        if is_same && (!parameters.differences.is_empty() || !before.contains("{{")) {
            continue;
        }
        let text = |at: usize, part: Option<&Part>| {
            part.map(|part| renderers[at].part(part))
                .unwrap_or_default()
        };
        let (was, is) = (text(0, was), text(1, is));
        if words(&was) == words(&is) {
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

/// The parts with their keys.
fn parts(control: Control<'_>) -> Vec<(Key, Part)> {
    let mut keys = Keys::default();
    let parts = control.parts().into_iter();
    parts.map(|part| (keys.next(&part.name), part)).collect()
}

/// The text of all parts as the document writes it, with its places for parameters.
pub(super) fn templates(control: Control<'_>) -> String {
    let templates: Vec<_> = control.parts().iter().map(template).collect();
    templates.join("\n")
}

fn template(part: &Part) -> String {
    let mut text = String::new();
    add(&mut text, part);
    text
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
