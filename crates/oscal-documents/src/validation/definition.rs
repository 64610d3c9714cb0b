//! Finds a definition in a schema by any common form of its name.

use serde_json::Value;

use crate::document::model::Model;
use crate::validation::finding::{closest, listed, shortened};
use crate::validation::schema::Schema;

/// A schema has no definition of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the schema of {model} defines no `{name}`; {}",
    if suggestions.is_empty() {
        format!("leave the definition out to see what {model} consists of")
    } else {
        format!("did you mean {}?", listed(suggestions.iter().map(String::as_str)))
    }
)]
#[expect(missing_docs, reason = "the message says it")]
pub struct UnknownDefinition {
    pub model: Model,
    pub name: String,
    pub suggestions: Vec<String>,
}

/// The definitions of a schema with their names, more authoritative names first.
pub(super) struct Definitions<'s> {
    schema: &'s Schema,
    known: Vec<Known<'s>>,
}

struct Known<'s> {
    key: String,
    name: &'s str,
    definition: &'s Value,
}

impl<'s> Definitions<'s> {
    pub(super) fn of(schema: &'s Schema) -> Self {
        let known = |called, name, definition| Known {
            key: key(called),
            name,
            definition,
        };
        let mut by_name = Vec::new();
        let mut by_title = Vec::new();
        let mut by_member = Vec::new();
        for (name, definition) in schema.definitions() {
            let name = short_name(name);
            by_name.push(known(name, name, definition));
            if let Some(title) = definition["title"].as_str() {
                by_title.push(known(title, name, definition));
            }
            each_member(definition, &mut |member, value| {
                let value = value.get("items").unwrap_or(value);
                if let Some((name, definition)) = schema.referenced(value) {
                    by_member.push(known(member, short_name(name), definition));
                } else if value["type"] == "object" {
                    by_member.push(known(member, member, value));
                    if let Some(title) = value["title"].as_str() {
                        by_member.push(known(title, member, value));
                    }
                }
            });
        }
        Self {
            schema,
            known: by_name
                .into_iter()
                .chain(by_title)
                .chain(by_member)
                .collect(),
        }
    }

    /// The definition with this name: `control`, `Control`, `controls`,
    /// `assembly_oscal-catalog_control` or `oscal-catalog-oscal-catalog:control`. Objects defined
    /// inline, such as `roles`, count as well.
    ///
    /// # Errors
    ///
    /// There is none; see [`UnknownDefinition`].
    pub(super) fn named(&self, name: &str) -> Result<(&'s str, &'s Value), UnknownDefinition> {
        let after = |separator| name.rsplit(separator).next().unwrap_or(name);
        [name, after(':'), after('_'), after('/')]
            .into_iter()
            .find_map(|name| {
                let key = key(name);
                self.known.iter().find(|known| known.key == key)
            })
            .map(|known| (known.name, known.definition))
            .ok_or_else(|| UnknownDefinition {
                model: self.schema.model,
                name: shortened(name, 60),
                suggestions: self.suggestions(name),
            })
    }

    /// The names that are similar to a mistyped one, or contain it.
    fn suggestions(&self, name: &str) -> Vec<String> {
        const MAX_SUGGESTIONS: usize = 5;
        let part = key(shortened(name, 60).as_str());
        let names = self.known.iter().map(|known| known.name);
        let containing = self
            .known
            .iter()
            .filter(|known| part.len() > 2 && known.key.contains(&part));
        let containing = containing.map(|known| known.name);
        let mut suggestions: Vec<String> = Vec::new();
        for name in closest(name, names).into_iter().chain(containing) {
            if suggestions.len() < MAX_SUGGESTIONS && !suggestions.iter().any(|s| s == name) {
                suggestions.push(name.to_owned());
            }
        }
        suggestions
    }
}

/// The last part of a definition's name, which is unique in NIST's schemas.
pub(super) fn short_name(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Visits the members of a definition, at any depth.
fn each_member<'s>(schema: &'s Value, visit: &mut impl FnMut(&'s str, &'s Value)) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                if let ("properties", Some(members)) = (keyword.as_str(), value.as_object()) {
                    for (name, member) in members {
                        visit(name, member);
                        each_member(member, visit);
                    }
                } else {
                    each_member(value, visit);
                }
            }
        }
        Value::Array(schemas) => schemas.iter().for_each(|schema| each_member(schema, visit)),
        _ => {}
    }
}

fn key(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
