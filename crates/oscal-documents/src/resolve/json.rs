//! The JSON objects of controls and groups.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;

use serde_json::{Map, Value};

use crate::control::substitution::insert::Insert;
use crate::json::cursor::{Cursor, decoded};

pub(crate) type Object = Map<String, Value>;

/// The text of an object without some of its members. `text` is compact.
pub(crate) fn text_without(text: &str, omitted: &[&str]) -> String {
    let mut out = String::with_capacity(text.len().min(1 << 16));
    out.push('{');
    let Ok(()) = Cursor::new(text).object(|cursor, name| {
        if !omitted.contains(&name) {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&Value::from(name).to_string());
            out.push(':');
            out.push_str(cursor.skip().of(text));
        }
        Ok::<_, Infallible>(())
    });
    out.push('}');
    out
}

/// The same as a tree.
pub(crate) fn without(text: &str, omitted: &[&str]) -> Object {
    serde_json::from_str(&text_without(text, omitted)).unwrap_or_default()
}

/// The approximate length of a value's text.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.len() + 4 + weight(value);
            members.iter().map(member).sum::<usize>() + 2
        }
        _ => 5,
    }
}

/// The list in this member, if there is one with elements.
pub(crate) fn list<'o>(object: &'o mut Object, member: &str) -> &'o mut [Value] {
    match object.get_mut(member) {
        Some(Value::Array(items)) => items,
        _ => &mut [],
    }
}

/// Adds to the list in this member, at its start or its end.
pub(crate) fn extend(object: &mut Object, member: &str, items: &[Value], at_start: bool) {
    if items.is_empty() {
        return;
    }
    let list = object
        .entry(member)
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        let at = if at_start { 0 } else { list.len() };
        list.splice(at..at, items.iter().cloned());
    }
}

/// Adds what another version of an object has and this one lacks. Lists are merged, and elements
/// with the same id are merged in turn. Of two texts the first wins, and likewise for the values
/// and choices of a parameter.
pub(crate) fn unite(object: &mut Object, other: Object) {
    let is_set = object.contains_key("values") || object.contains_key("select");
    for (name, value) in other {
        match (object.get_mut(&name), value) {
            _ if is_set && matches!(name.as_str(), "values" | "select") => {}
            (Some(Value::Object(object)), Value::Object(other)) => unite(object, other),
            (_, Value::Array(others)) => unite_member(object, name, others),
            (None, value) => {
                object.insert(name, value);
            }
            _ => {}
        }
    }
}

/// Merges the list in this member with another one.
pub(crate) fn unite_member(object: &mut Object, name: String, others: Vec<Value>) {
    let list = object
        .entry(name)
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(items) = list else { return };
    let key = |item: &Value| match text(item, "id") {
        "" => item.to_string(),
        id => id.to_owned(),
    };
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        known.entry(key(item)).or_insert(at);
    }
    for other in others {
        let next = items.len();
        let at = *known.entry(key(&other)).or_insert(next);
        match (items.get_mut(at), other) {
            (None, other) => items.push(other),
            (Some(Value::Object(item)), Value::Object(other)) if item.contains_key("id") => {
                unite(item, other);
            }
            _ => {}
        }
    }
}

/// The text in this member; empty if there is none.
pub(crate) fn text<'v>(object: &'v Value, member: &str) -> &'v str {
    object.get(member).and_then(Value::as_str).unwrap_or("")
}

/// Calls `found` with the id of each parameter that a string in the JSON text inserts.
pub(crate) fn inserted_params(json: &str, mut found: impl FnMut(&str)) {
    for string in strings(json) {
        let mut rest = string.as_ref();
        while let Some(insert) = Insert::first_in(rest) {
            found(insert.id);
            rest = &rest[insert.end..];
        }
    }
}

/// The strings in JSON text that contain braces, decoded.
fn strings(json: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('"')?;
            let mut end = start + 1;
            let bytes = rest.as_bytes();
            while *bytes.get(end)? != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let string = &rest[start..=end];
            rest = &rest[end + 1..];
            if string.contains("{{") || string.contains("\\u") {
                return Some(decoded(string));
            }
        }
    })
}

/// Calls `found` with each uuid that is referenced as `#uuid`, in lower case.
pub(crate) fn referenced_uuids(json: &str, mut found: impl FnMut(String)) {
    for (at, _) in json.match_indices('#') {
        if let Some(uuid) = json.get(at + 1..at + 37)
            && uuid
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        {
            found(uuid.to_ascii_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json::any::any_json;

    #[test]
    fn uniting_keeps_each_distinct_element_once() {
        let object = |value: Value| match value {
            Value::Object(object) => object,
            _ => Object::new(),
        };
        let mut first = object(json!({
            "id": "a", "title": "A",
            "props": [{"name": "label", "value": "A-1"}, {"name": "status", "value": "pending"}],
            "params": [{"id": "p", "values": ["1"]}],
            "parts": [{"id": "s", "name": "statement", "prose": "first"}],
        }));
        let second = object(json!({
            "id": "a", "title": "B",
            "props": [{"name": "label", "value": "A-1"}, {"name": "status", "value": "ready"}],
            "params": [{"id": "p", "label": "number", "select": {}}, {"id": "q"}],
            "parts": [{"id": "s", "name": "statement", "prose": "second", "links": [{"href": "#x"}]}],
            "links": [{"href": "#y"}],
        }));
        unite(&mut first, second);
        assert_eq!(
            Value::Object(first),
            json!({
                "id": "a", "title": "A",
                "props": [{"name": "label", "value": "A-1"}, {"name": "status", "value": "pending"},
                          {"name": "status", "value": "ready"}],
                "params": [{"id": "p", "values": ["1"], "label": "number"}, {"id": "q"}],
                "parts": [{"id": "s", "name": "statement", "prose": "first", "links": [{"href": "#x"}]}],
                "links": [{"href": "#y"}],
            })
        );
    }

    fn inserted(json: &str) -> Vec<String> {
        let mut ids = Vec::new();
        inserted_params(json, |id| ids.push(id.to_owned()));
        ids
    }

    #[test]
    fn inserts_are_found_in_strings_only() {
        let json =
            r#"{"a":"{{ insert: param, p }} \" {{q}}","b":{"c":["\u007b{ r }}"]},"{{":"}}"}"#;
        assert_eq!(inserted(json), ["p", "q", "r"]);
    }

    #[test]
    fn references_are_uuids() {
        let mut found = Vec::new();
        let uuid = "0A1B2C3D-0000-4000-8000-000000000001";
        referenced_uuids(&format!("#ac-1 #{uuid}) #é #"), |uuid| found.push(uuid));
        assert_eq!(found, [uuid.to_ascii_lowercase()]);
    }

    proptest! {
        #[test]
        fn members_are_left_out(value in any_json()) {
            let json = value.to_string();
            if let Value::Object(mut members) = value {
                let omitted: Vec<_> = members.keys().take(1).cloned().collect();
                let names: Vec<_> = omitted.iter().map(String::as_str).collect();
                let rest = without(&json, &names);
                members.retain(|name, _| !omitted.contains(name));
                prop_assert_eq!(rest, members);
            }
        }

        #[test]
        fn take_any_text(json in r#"[{}"\\a #u0-9:,]{0,60}"#) {
            inserted(&json);
            referenced_uuids(&json, drop);
            text_without(&json, &["a"]);
        }
    }
}
