//! Reads what is sound in values that are not as they should be.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::de::DeserializeOwned;

use crate::json::cursor::{Cursor, Span};

/// How many faults of one value are cut out. A value with more is given up, so that hostile text
/// takes linear time.
const MAX_FAULTS: usize = 8;

/// Parses the array at `span`, which is empty if the array is absent. A malformed element loses the
/// smallest object or member around its fault, or is left out. Calls `fault` with the first fault of
/// each.
pub(crate) fn list<T: DeserializeOwned>(
    text: &str,
    span: Span,
    mut fault: impl FnMut(serde_json::Error),
) -> Vec<T> {
    let array = span.of(text);
    if array.is_empty() {
        return Vec::new();
    }
    let error = match serde_json::from_str(array) {
        Ok(list) => return list,
        Err(error) => error,
    };
    if !array.starts_with('[') {
        fault(error);
        return Vec::new();
    }
    let mut list = Vec::new();
    let Ok(()) = Cursor::new(array).array(|cursor| {
        list.extend(value(cursor.skip().of(array), &mut fault));
        Ok::<_, Infallible>(())
    });
    list
}

/// Parses a value, leaving out what is malformed. Calls `fault` with the first fault.
pub(crate) fn value<T: DeserializeOwned>(
    text: &str,
    mut fault: impl FnMut(serde_json::Error),
) -> Option<T> {
    let mut text = Cow::Borrowed(text);
    for number in 0..MAX_FAULTS {
        let error = match serde_json::from_str(&text) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        // The last byte that was read. Compact text has one line.
        let at = error.column().checked_sub(1);
        let rest = at.and_then(|at| without(&text, at));
        if number == 0 {
            fault(error);
        }
        text = Cow::Owned(rest?);
    }
    None
}

/// The text without the smallest member or element around the byte `at`, or right after it: some
/// faults are found before the value is read.
fn without(text: &str, at: usize) -> Option<String> {
    let mut place = None;
    narrow(&mut Cursor::new(text), at, &mut place);
    let (mut start, mut end) = place?;
    let bytes = text.as_bytes();
    if bytes.get(end) == Some(&b',') {
        end += 1;
    } else if bytes.get(start.wrapping_sub(1)) == Some(&b',') {
        start -= 1;
    }
    Some([text.get(..start)?, text.get(end..)?].concat())
}

/// Finds the smallest member or element around or right after the byte `at`: where it starts and
/// ends.
fn narrow(cursor: &mut Cursor<'_>, at: usize, place: &mut Option<(usize, usize)>) {
    let mut from = cursor.offset() + 1;
    let mut look = |cursor: &mut Cursor<'_>| {
        let start = cursor.offset();
        let mut ahead = cursor.clone();
        ahead.skip();
        let end = ahead.offset();
        if (start..end).contains(&at) || at + 1 == start {
            *place = Some((from, end));
            narrow(cursor, at, place);
        }
        from = end + 1;
        Ok::<_, Infallible>(())
    };
    let Ok(()) = match cursor.peek() {
        b'{' => cursor.object(|cursor, _name| look(cursor)),
        b'[' => cursor.array(look),
        _ => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::json::any::any_json;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    struct Node {
        id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        nodes: Vec<Node>,
    }

    fn read(text: &str) -> (String, usize) {
        let mut faults = 0;
        let span = Span::new(0, text.len());
        let nodes: Vec<Node> = list(text, span, |_| faults += 1);
        (nodes.iter().map(shown).collect(), faults)
    }

    fn shown(node: &Node) -> String {
        let nodes: String = node.nodes.iter().map(shown).collect();
        format!("{}{}({nodes})", node.id, node.name)
    }

    #[test]
    fn the_smallest_thing_around_a_fault_is_left_out() {
        for (text, expected, faults) in [
            ("", "", 0),
            (r#"[{"id":"a","name":"x"}]"#, "ax()", 0),
            (r#"[{"id":"a","name":5},{"id":"b"}]"#, "a()b()", 1),
            (r#"[{"name":{"x":1},"id":"a"}]"#, "a()", 1),
            (r#"[{"id":"a","nodes":"none"}]"#, "a()", 1),
            (
                r#"[{"id":"a","nodes":[{"id":"b"},{"name":"no id"},{"id":"c"}]}]"#,
                "a(b()c())",
                1,
            ),
            (r#"[{"name":"no id"},{"id":"b"},7,{"id":true}]"#, "b()", 3),
            (
                r#"[{"id":"a","nodes":[1,{"id":"b","name":[]},null]}]"#,
                "a(b())",
                1,
            ),
            (r#"{"id":"a"}"#, "", 1),
            (
                r#"[{"id":"a","nodes":[1,2,3,4,5,6,7,8,9]},{"id":"b"}]"#,
                "b()",
                1,
            ),
        ] {
            assert_eq!(read(text), (expected.to_owned(), faults), "{text}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_json(value in any_json()) {
            read(&value.to_string());
            read(&serde_json::json!([{"id": "a", "nodes": value}]).to_string());
        }
    }
}
