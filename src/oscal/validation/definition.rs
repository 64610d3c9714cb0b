//! Finds a definition of a schema by any usual writing of its name.

use serde_json::Value;

use super::super::model::Model;
use super::finding::{closest, listed, shortened};
use super::schema::Schema;

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

/// The definition with this name: `control`, `Control`, `controls`, `assembly_oscal-catalog_control`
/// or `oscal-catalog-oscal-catalog:control`. Objects that the schema defines in place, such as
/// `role`, count as well.
///
/// # Errors
///
/// There is none; see [`UnknownDefinition`].
pub(super) fn find<'s>(
    schema: &'s Schema,
    name: &str,
) -> Result<(&'s str, &'s Value), UnknownDefinition> {
    let name = name.trim();
    let known = known(schema);
    let after = |separator| name.rsplit(separator).next().unwrap_or(name);
    [name, after(':'), after('_'), after('/')]
        .into_iter()
        .find_map(|name| {
            let key = key(name);
            known.iter().find(|(known, ..)| self::key(known) == key)
        })
        .map(|(_, name, definition)| (*name, *definition))
        .ok_or_else(|| UnknownDefinition {
            model: schema.model,
            name: shortened(name, 60),
            suggestions: suggestions(after(':'), known.iter().map(|(known, ..)| *known)),
        })
}

/// The last part of a definition's name, which is unique in NIST's schemas.
pub(super) fn short_name(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// What a definition is called, its short name, and the definition; the more binding names first.
fn known(schema: &Schema) -> Vec<(&str, &str, &Value)> {
    let mut known: Vec<_> = schema
        .definitions()
        .map(|(name, definition)| (short_name(name), short_name(name), definition))
        .collect();
    let mut by_title = Vec::new();
    let mut by_member = Vec::new();
    for (name, definition) in schema.definitions() {
        if let Some(title) = definition["title"].as_str() {
            by_title.push((title, short_name(name), definition));
        }
        each_member(definition, &mut |member, value| {
            let value = match value.get("items") {
                Some(items) => items,
                None => value,
            };
            if let Some((name, definition)) = schema.referenced(value) {
                by_member.push((member, short_name(name), definition));
            } else if value["type"] == "object" {
                by_member.push((member, member, value));
                if let Some(title) = value["title"].as_str() {
                    by_member.push((title, member, value));
                }
            }
        });
    }
    known.extend(by_title);
    known.extend(by_member);
    known
}

/// Visits the members that a definition has, at any depth.
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

/// The names that are like a mistyped one, or have it in them.
fn suggestions<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone) -> Vec<String> {
    const MAX_SUGGESTIONS: usize = 5;
    let part = key(name);
    let containing = known
        .clone()
        .filter(|known| part.len() > 2 && key(known).contains(&part));
    let mut names: Vec<String> = Vec::new();
    for known in closest(name, known).into_iter().chain(containing) {
        if names.len() < MAX_SUGGESTIONS && !names.iter().any(|name| name == known) {
            names.push(known.to_owned());
        }
    }
    names
}
