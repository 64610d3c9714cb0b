//! Reads what can be read of malformed JSON objects, member by member.

use serde_json::Value;

/// The text in this member. Numbers and booleans, which people forget to quote, count as text.
pub(crate) fn text(object: &Value, member: &str) -> Option<String> {
    as_text(object.get(member)?)
}

/// The texts in this member.
pub(crate) fn texts(object: &Value, member: &str) -> Vec<String> {
    list(object, member, as_text)
}

/// The elements of this member that can be read.
pub(crate) fn list<T>(object: &Value, member: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let items = object.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(read).collect()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
