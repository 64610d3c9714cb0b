//! The members of mapping collections as OSCAL writes them. Members of an unexpected type are
//! passed over, so that one of them does not hide the others.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One entry of `maps`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct MapElement {
    #[serde(deserialize_with = "text")]
    pub(super) uuid: String,
    #[serde(deserialize_with = "text")]
    pub(super) relationship: String,
    #[serde(deserialize_with = "text")]
    pub(super) matching_rationale: String,
    #[serde(deserialize_with = "list")]
    pub(super) sources: Vec<ItemElement>,
    #[serde(deserialize_with = "list")]
    pub(super) targets: Vec<ItemElement>,
    #[serde(deserialize_with = "list")]
    pub(super) qualifiers: Vec<QualifierElement>,
    pub(super) confidence_score: Value,
    pub(super) coverage: Value,
    #[serde(deserialize_with = "text")]
    pub(super) remarks: String,
}

/// A control or statement that a map names.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct ItemElement {
    #[serde(rename = "type", deserialize_with = "text")]
    pub(super) item_type: String,
    #[serde(deserialize_with = "text")]
    pub(super) id_ref: String,
    #[serde(deserialize_with = "text")]
    pub(super) remarks: String,
}

/// What restricts a map.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct QualifierElement {
    #[serde(deserialize_with = "text")]
    pub(super) subject: String,
    #[serde(deserialize_with = "text")]
    pub(super) predicate: String,
    #[serde(deserialize_with = "text")]
    pub(super) category: String,
    #[serde(deserialize_with = "text")]
    pub(super) description: String,
    #[serde(deserialize_with = "text")]
    pub(super) remarks: String,
}

/// A catalog or profile that a mapping is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ResourceElement {
    #[serde(deserialize_with = "text")]
    pub(super) href: String,
    #[serde(deserialize_with = "list")]
    pub(super) props: Vec<PropElement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PropElement {
    #[serde(deserialize_with = "text")]
    pub(super) value: String,
}

/// Controls that a mapping declares to be without a counterpart.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct GapElement {
    #[serde(deserialize_with = "list")]
    pub(super) unmapped_controls: Vec<SelectElement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct SelectElement {
    #[serde(deserialize_with = "list")]
    pub(super) with_ids: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub(super) matching: Vec<PatternElement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PatternElement {
    #[serde(deserialize_with = "text")]
    pub(super) pattern: String,
}

/// The text of a string or number. Drafts of the model have objects with a `type` for
/// relationships.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let value = value.get("type").unwrap_or(&value);
    Ok(shown(value).unwrap_or_default())
}

/// The elements of an array that can be read.
fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let Value::Array(elements) = Value::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    let read = elements.into_iter().map(serde_json::from_value);
    Ok(read.filter_map(Result::ok).collect())
}

/// A string, number or truth value as text.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
