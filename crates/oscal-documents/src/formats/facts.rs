//! The names and types of OSCAL's models.

use std::collections::HashMap;
use std::sync::OnceLock;

/// What `scripts/oscal-facts` wrote; it says what the lines mean.
const MODEL: &str = include_str!("model.txt");

/// The names and types of OSCAL's models.
pub(crate) struct Facts {
    definitions: Vec<Definition>,
    #[cfg(feature = "validation")]
    numbers: HashMap<&'static str, usize>,
    document: usize,
}

/// What an element or an object consists of.
#[derive(Default)]
pub(crate) struct Definition {
    flags: Vec<(&'static str, Scalar)>,
    /// The member for the text of an element that has attributes, and its type.
    pub(crate) text: Option<(&'static str, Scalar)>,
    children: Vec<Child>,
}

/// An element in another one.
pub(crate) struct Child {
    /// Its name in XML; `*` for prose without an element around it.
    pub(crate) element: &'static str,
    /// The element around several of them, which JSON does not have.
    wrapper: Option<&'static str>,
    /// Its name in JSON.
    pub(crate) member: &'static str,
    /// Whether JSON has an array.
    pub(crate) is_array: bool,
    pub(crate) of: Kind,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    /// Number of a definition.
    Object(usize),
}

/// A type of simple values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text,
    Base64,
    Integer,
    Decimal,
    Boolean,
    /// Prose in one line.
    Line,
    /// Prose of several paragraphs.
    Prose,
}

/// What an element in XML stands for.
pub(crate) enum Element {
    /// It is itself a value.
    Child(&'static Child),
    /// It is around several values, and JSON does not have it.
    Wrapper(&'static Child),
}

impl Facts {
    /// The facts, which are read once.
    pub(crate) fn get() -> &'static Self {
        static FACTS: OnceLock<Facts> = OnceLock::new();
        FACTS.get_or_init(|| Self::read(MODEL))
    }

    fn read(lines: &'static str) -> Self {
        let lines = lines.lines().filter(|line| !line.starts_with('#'));
        let names = lines.clone().filter_map(|line| line.strip_prefix("= "));
        let numbers: HashMap<&str, usize> = names.zip(0..).collect();
        let mut definitions: Vec<Definition> = Vec::with_capacity(numbers.len());
        for line in lines {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let (first, second) = (word(), word());
            if first == "=" {
                definitions.push(Definition::default());
            }
            let Some(definition) = definitions.last_mut() else {
                continue;
            };
            match first.split_at(1) {
                ("=", _) => {}
                ("@", name) => definition.flags.push((name, Scalar::named(second))),
                ("$", member) => definition.text = Some((member, Scalar::named(second))),
                _ => {
                    let of = word();
                    let (wrapper, element) = match first.split_once('/') {
                        Some((wrapper, element)) => (Some(wrapper), element),
                        None => (None, first),
                    };
                    definition.children.push(Child {
                        element,
                        wrapper,
                        member: second.trim_end_matches("[]"),
                        is_array: second.ends_with("[]"),
                        of: match of.strip_prefix('=') {
                            Some(name) => Kind::Object(numbers[name]),
                            None => Kind::Scalar(Scalar::named(of)),
                        },
                    });
                }
            }
        }
        Self {
            definitions,
            document: numbers["document"],
            #[cfg(feature = "validation")]
            numbers,
        }
    }

    /// What a whole document is.
    pub(crate) fn document(&self) -> &Definition {
        &self.definitions[self.document]
    }

    pub(crate) fn definition(&self, number: usize) -> &Definition {
        &self.definitions[number]
    }
}

impl Definition {
    /// The type of an attribute.
    pub(crate) fn flag(&self, name: &str) -> Option<Scalar> {
        let mut flags = self.flags.iter();
        flags.find_map(|(known, of)| (*known == name).then_some(*of))
    }

    /// What an element in it stands for.
    pub(crate) fn element(&'static self, name: &str) -> Option<Element> {
        self.children.iter().find_map(|child| match child.wrapper {
            Some(wrapper) => (wrapper == name).then_some(Element::Wrapper(child)),
            None => (child.element == name).then_some(Element::Child(child)),
        })
    }

    /// Its prose that has no element around it.
    pub(crate) fn prose(&self) -> Option<&Child> {
        self.children.iter().find(|child| child.element == "*")
    }

    /// What a member of the JSON object is.
    pub(crate) fn member(&self, name: &str) -> Option<Kind> {
        if let Some(of) = self.flag(name) {
            return Some(Kind::Scalar(of));
        }
        if let Some((_, of)) = self.text.filter(|(member, _)| *member == name) {
            return Some(Kind::Scalar(of));
        }
        let mut children = self.children.iter();
        children.find_map(|child| (child.member == name).then_some(child.of))
    }
}

/// What constraints need to know.
#[cfg(feature = "validation")]
impl Facts {
    /// The number of the definition with this name.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The number of the definition with this name, or of the only one whose name ends with it, as
    /// those of definitions within others do: `metadata.party`.
    pub(crate) fn number_like(&self, name: &str) -> Option<usize> {
        self.number(name).or_else(|| {
            let is_like = |known: &&str| known.rsplit('.').next() == Some(name);
            let mut like = self.numbers.keys().copied().filter(is_like);
            let (only, None) = (like.next()?, like.next()) else {
                return None;
            };
            self.number(only)
        })
    }

    /// The numbers of all definitions.
    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.definitions.len()
    }
}

/// What constraints need to know.
#[cfg(feature = "validation")]
impl Definition {
    /// The attribute that a member of the JSON object is.
    pub(crate) fn flag_name(&self, member: &str) -> Option<&'static str> {
        let mut flags = self.flags.iter();
        flags.find_map(|(known, _)| (*known == member).then_some(*known))
    }

    /// The elements that a member of the JSON object stands for.
    pub(crate) fn child(&self, member: &str) -> Option<&Child> {
        self.children.iter().find(|child| child.member == member)
    }

    /// Its elements.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.iter()
    }
}

impl Child {
    /// Whether it has this name in XML.
    pub(crate) fn is_called(&self, element: &str) -> bool {
        self.element == element
    }
}

impl Scalar {
    /// The class of one of the metaschema's data types.
    fn named(name: &str) -> Self {
        match name {
            "boolean" => Self::Boolean,
            "decimal" => Self::Decimal,
            "integer" | "non-negative-integer" | "positive-integer" => Self::Integer,
            "base64" => Self::Base64,
            "markup-line" => Self::Line,
            "markup-multiline" => Self::Prose,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::model::Model;

    #[test]
    fn every_model_is_known_and_every_definition_is_read() {
        let facts = Facts::get();
        for model in Model::ALL {
            assert!(
                facts.document().member(model.root_key()).is_some(),
                "{model}"
            );
        }
        assert!(facts.definitions.len() > 140);
    }

    #[test]
    fn names_differ_between_xml_and_json() {
        let facts = Facts::get();
        let within = |definition: &'static Definition, member: &str| match definition.member(member)
        {
            Some(Kind::Object(number)) => facts.definition(number),
            other => panic!("{member}: {other:?}"),
        };
        let metadata = within(within(facts.document(), "catalog"), "metadata");
        assert!(
            matches!(metadata.element("party"), Some(Element::Child(child))
            if child.member == "parties" && child.is_array)
        );
        assert!(
            matches!(metadata.element("revisions"), Some(Element::Wrapper(child))
            if child.is_called("revision"))
        );
        let phone = within(within(metadata, "parties"), "telephone-numbers");
        assert_eq!(phone.text, Some(("number", Scalar::Text)));
        assert_eq!(phone.flag("type"), Some(Scalar::Text));
        let part = within(
            within(within(facts.document(), "catalog"), "controls"),
            "parts",
        );
        assert_eq!(part.prose().map(|child| child.member), Some("prose"));
        assert_eq!(part.member("prose"), Some(Kind::Scalar(Scalar::Prose)));
    }
}
