//! A place in a schema, and how well a value fits there.

use serde_json::{Map, Value};

use crate::validation::finding::{closest, listed, quoted_text};

/// A place in the schema.
#[derive(Clone, Copy)]
pub(super) struct At<'s> {
    pub(super) schema: &'s Value,
    /// The definition that contains it.
    pub(super) definition: &'s str,
    /// The alternatives that it belongs to.
    pub(super) branches: &'s [Value],
}

impl<'s> At<'s> {
    pub(super) fn inner(self, schema: &'s Value) -> Self {
        Self {
            schema,
            branches: &[],
            ..self
        }
    }

    pub(super) fn member(self, name: &str) -> Option<&'s Value> {
        self.schema["properties"].get(name)
    }

    fn members(self) -> impl Iterator<Item = &'s str> + Clone {
        let members = self.schema["properties"].as_object();
        members.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    pub(super) fn required(self) -> impl Iterator<Item = &'s str> + Clone {
        let required = self.schema["required"].as_array();
        required.into_iter().flatten().filter_map(Value::as_str)
    }

    pub(super) fn is_closed(self) -> bool {
        self.schema["additionalProperties"] == Value::Bool(false)
    }

    pub(super) fn array(self, keyword: &str) -> &'s [Value] {
        self.schema[keyword].as_array().map_or(&[], Vec::as_slice)
    }

    /// How badly a value fits a schema, as far as can be told without looking into its members.
    pub(super) fn misfit(self, value: &Value) -> usize {
        let wrong_type = self.schema["type"]
            .as_str()
            .is_some_and(|wanted| !is_of_type(value, wanted));
        if wrong_type {
            return usize::MAX;
        }
        match value {
            Value::Object(members) => {
                let missing = self.required().filter(|name| !members.contains_key(*name));
                let unknown = members
                    .keys()
                    .filter(|name| self.is_closed() && self.member(name).is_none());
                missing.count() + unknown.count()
            }
            // `anyOf` with a data type and a list of values: the list is only a suggestion.
            _ => usize::from(self.schema.get("enum").is_some()),
        }
    }

    /// Says what to write instead of an unknown member.
    pub(super) fn unknown_member(self, name: &str, members: &Map<String, Value>) -> String {
        let shown = quoted_text(name);
        let allows = |branch: &&Value| branch["properties"].get(name).is_some();
        if let Some(other) = self.branches.iter().find(allows) {
            let mut beside = members.keys().filter(|name| {
                self.member(name).is_some() && other["properties"].get(name.as_str()).is_none()
            });
            if let Some(beside) = beside.next() {
                let beside = quoted_text(beside);
                return format!("{shown} is not allowed beside {beside}; use only one of them");
            }
        }
        let all = self.members().filter(|name| !name.starts_with('$'));
        match closest(name, all.clone()) {
            Some(meant) if members.contains_key(meant) => {
                format!("{shown} is not a known member; `{meant}` is, and it is present too")
            }
            Some(meant) => format!("{shown} is not a known member; did you mean `{meant}`?"),
            None => format!("{shown} is not a known member; allowed: {}", listed(all)),
        }
    }
}

/// Whether a value has this JSON Schema type.
pub(super) fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        other => type_of(value) == other,
    }
}

/// The JSON type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The name of a type with its article, for a sentence.
pub(super) fn with_article(name: &str) -> String {
    match name {
        "null" => name.to_owned(),
        "array" | "object" | "integer" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}
