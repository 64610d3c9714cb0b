//! What a schema says about a value and its contents.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::validation::definition::{Definitions, short_name};
use crate::validation::finding::shortened;
use crate::validation::schema::Schema;

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaMember {
    /// The name.
    pub name: String,
    /// Whether it must be present.
    pub required: bool,
    /// What it is.
    #[serde(flatten)]
    pub shape: SchemaShape,
}

/// What the schema says about a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SchemaShape {
    /// `object`, one of OSCAL's data types such as `token`, or `array of` these.
    #[serde(rename = "type")]
    pub kind: String,
    /// The first sentence of the description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// For objects: the definition to request for more detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// For arrays: the minimum number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// For arrays: the maximum number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The allowed values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Common values; others are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub usual_values: Vec<String>,
    /// For objects: the members, down to the requested depth. A definition that occurs several
    /// times is shown only the first time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<SchemaMember>,
    /// For objects: groups of members that exclude each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub either: Vec<Vec<String>>,
}

impl SchemaShape {
    fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            ..Self::default()
        }
    }
}

/// Builds the shapes of one outline.
pub(super) struct Shaper<'s> {
    pub(super) schema: &'s Schema,
    pub(super) definitions: &'s Definitions<'s>,
    /// The objects whose members have already been shown.
    pub(super) shown: HashSet<*const Value>,
    /// At 0, descriptions are left out.
    pub(super) level_of_detail: u32,
}

impl<'s> Shaper<'s> {
    fn member(&mut self, name: &str, value: &'s Value, depth: u32) -> SchemaShape {
        let mut shape = self.shape(value, depth);
        // An object defined inline can be requested by the name of its member, unless that name
        // means another one.
        let object = value.get("items").unwrap_or(value);
        if shape.definition.is_none()
            && object["type"] == "object"
            && let Ok((name, found)) = self.definitions.named(name)
            && std::ptr::eq(found, object)
        {
            shape.definition = Some(name.to_owned());
        }
        shape
    }

    pub(super) fn shape(&mut self, value: &'s Value, depth: u32) -> SchemaShape {
        let referenced = self.schema.referenced(value);
        let resolved = self.schema.resolved(value);
        let mut shape = match resolved["type"].as_str() {
            Some("array") => self.array(resolved, depth),
            Some("object") => self.object(resolved, depth),
            _ => scalar(self.schema, value),
        };
        if let ("object", Some((name, _))) = (shape.kind.as_str(), referenced) {
            shape.definition = Some(short_name(name).to_owned());
        }
        let description = value["description"].as_str();
        // The description of a data type says nothing about the member.
        let general = resolved["description"].as_str();
        let general = general.filter(|_| resolved["type"] == "object");
        if let Some(description) = description.or(general)
            && self.level_of_detail > 0
        {
            shape.description = first_sentence(description);
        }
        shape
    }

    fn array(&mut self, array: &'s Value, depth: u32) -> SchemaShape {
        let items = self.shape(&array["items"], depth);
        SchemaShape {
            kind: format!("array of {}", items.kind),
            min_items: array["minItems"].as_u64(),
            max_items: array["maxItems"].as_u64(),
            ..items
        }
    }

    fn object(&mut self, object: &'s Value, depth: u32) -> SchemaShape {
        let mut shape = SchemaShape::of_kind("object");
        if depth == 0 || !self.shown.insert(std::ptr::from_ref(object)) {
            return shape;
        }
        let branches = object["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        let parts: Vec<&Value> = [object].into_iter().chain(branches).collect();
        for part in &parts {
            for (name, value) in part["properties"].as_object().into_iter().flatten() {
                if shape.members.iter().any(|member| member.name == *name) {
                    continue;
                }
                let requires = |part: &Value| {
                    let required = part["required"].as_array();
                    required.is_some_and(|required| required.iter().any(|other| other == name))
                };
                let in_all = !branches.is_empty() && branches.iter().all(requires);
                shape.members.push(SchemaMember {
                    name: name.clone(),
                    required: requires(object) || in_all,
                    shape: self.member(name, value, depth - 1),
                });
            }
        }
        shape.either = exclusive(branches);
        shape
    }
}

/// The shape of a text, number or boolean: its data type and values.
fn scalar(schema: &Schema, value: &Value) -> SchemaShape {
    let mut shape = SchemaShape::of_kind(value["type"].as_str().unwrap_or("any"));
    if let Some((name, definition)) = schema.referenced(value) {
        shape = scalar(schema, definition);
        if let Some(name) = name.strip_suffix("Datatype") {
            shape.kind = kebab_case(name);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for part in value[keyword].as_array().into_iter().flatten() {
            let part = scalar(schema, part);
            if part.kind != "any" && shape.kind == "any" {
                shape.kind = part.kind;
            }
            let values = if keyword == "allOf" {
                &mut shape.values
            } else {
                &mut shape.usual_values
            };
            values.extend(part.values);
            shape.usual_values.extend(part.usual_values);
        }
    }
    let values = value["enum"].as_array().into_iter().flatten();
    let values = values.map(|value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    });
    shape.values.extend(values);
    shape
}

/// The members that only one alternative of an object has, by alternative.
fn exclusive(branches: &[Value]) -> Vec<Vec<String>> {
    let has = |branch: &Value, name: &str| branch["properties"].get(name).is_some();
    let only_in = |branch: &Value| {
        let members = branch["properties"].as_object().into_iter().flatten();
        let names = members.map(|(name, _)| name);
        names
            .filter(|name| branches.iter().filter(|other| has(other, name)).count() == 1)
            .cloned()
            .collect::<Vec<_>>()
    };
    let groups = branches.iter().map(only_in);
    groups.filter(|group| !group.is_empty()).collect()
}

/// `URIReference` becomes `uri-reference`.
fn kebab_case(name: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let after_lower = at > 0 && letters[at - 1].is_lowercase();
        let before_lower = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_lower || before_lower) {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn first_sentence(text: &str) -> String {
    const MAX_SENTENCE: usize = 160;
    let mut stops = text.match_indices(". ").map(|(at, _)| at + 1);
    // Do not stop after `i.e.`
    let end = stops.find(|end| text[*end..].trim_start().starts_with(char::is_uppercase));
    shortened(text[..end.unwrap_or(text.len())].trim(), MAX_SENTENCE)
}
