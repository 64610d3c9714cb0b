//! Estimates the memory that a JSON-RPC message will take, from its bytes.
//!
//! A value of a few bytes takes hundreds in a tree: `{"":0}` repeated for 4 MiB becomes half a
//! gigabyte. So values are counted before a tree is built.

use memchr::memchr2;

/// What a message consists of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Values and member names.
    pub(super) nodes: usize,
    /// The deepest nesting of arrays and objects.
    pub(super) depth: usize,
    /// Whether it calls `validate_document`.
    pub(super) validates: bool,
}

/// Scans a message once, from start to end. Invalid JSON is counted as if it were valid: never less
/// than a parser builds before it stops.
pub(super) fn shape(message: &[u8]) -> Shape {
    let mut counter = Counter {
        message,
        ..Counter::default()
    };
    counter.run();
    Shape {
        nodes: counter.nodes,
        depth: counter.deepest,
        validates: counter.calls_tool && counter.names_validation == Some(true),
    }
}

#[derive(Default)]
struct Counter<'a> {
    message: &'a [u8],
    at: usize,
    nodes: usize,
    depth: usize,
    deepest: usize,
    /// The names of the current member of the message, and of the current member of its `params`.
    names: [&'a [u8]; 2],
    calls_tool: bool,
    names_validation: Option<bool>,
}

impl<'a> Counter<'a> {
    fn run(&mut self) {
        while let Some(&byte) = self.message.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    self.nodes += 1;
                    if let Some(name) = self.names.get_mut(self.depth) {
                        *name = b"";
                    }
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                    self.nodes += 1;
                    self.skip(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
                }
                _ => {}
            }
        }
    }

    fn string(&mut self) {
        self.nodes += 1;
        let begin = self.at;
        let end = self.end_of_string();
        // Deeper names and texts do not matter.
        let Some(level) = self.depth.checked_sub(1).filter(|level| *level < 2) else {
            return;
        };
        let text = &self.message[begin..end];
        self.skip(u8::is_ascii_whitespace);
        if self.message.get(self.at) == Some(&b':') {
            self.names[level] = text;
            return;
        }
        match (level, self.names) {
            (0, [b"method", _]) => self.calls_tool = text == b"tools/call",
            (1, [b"params", b"name"]) => {
                // If a name is repeated, either the first or the last may count.
                let validates = text == b"validate_document";
                self.names_validation = Some(self.names_validation != Some(false) && validates);
            }
            _ => {}
        }
    }

    /// Moves past the end of a string, and returns where its text ends.
    fn end_of_string(&mut self) -> usize {
        loop {
            let rest = &self.message[self.at..];
            match memchr2(b'"', b'\\', rest) {
                Some(offset) if rest[offset] == b'"' => {
                    let end = self.at + offset;
                    self.at = end + 1;
                    return end;
                }
                Some(offset) => self.at = (self.at + offset + 2).min(self.message.len()),
                None => {
                    self.at = self.message.len();
                    return self.at;
                }
            }
        }
    }

    fn skip(&mut self, belongs: impl Fn(&u8) -> bool) {
        let rest = &self.message[self.at..];
        self.at += rest.iter().take_while(|byte| belongs(byte)).count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn nodes(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(nodes).sum(),
            Value::Object(members) => members.values().map(|value| 1 + nodes(value)).sum(),
            _ => 0,
        }
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn as_many_nodes_as_a_parser_finds(value in any_json(), pretty: bool) {
            let text = if pretty {
                serde_json::to_vec_pretty(&value)
            } else {
                serde_json::to_vec(&value)
            };
            let shape = shape(&text.expect("JSON"));
            prop_assert_eq!(shape.nodes, nodes(&value));
            prop_assert_eq!(shape.depth, depth(&value));
        }

        #[test]
        fn nonsense_is_read_to_its_end(bytes: Vec<u8>) {
            shape(&bytes);
        }
    }

    #[test]
    fn only_a_call_of_the_validation_is_one() {
        let call = |method: &str, params: Value| json!({"method": method, "params": params});
        for (message, validates) in [
            (call("tools/call", json!({"name": "validate_document"})).to_string(), true),
            (
                call("tools/call", json!({"arguments": {"name": "x"}, "name": "validate_document"}))
                    .to_string(),
                true,
            ),
            (
                "{\n \"params\" : {\"name\" : \"validate_document\" },\n\"method\" : \"tools/call\" }"
                    .to_owned(),
                true,
            ),
            (call("tools/call", json!({"name": "about"})).to_string(), false),
            (call("prompts/get", json!({"name": "validate_document"})).to_string(), false),
            (
                call("tools/call", json!({"arguments": {"name": "validate_document"}})).to_string(),
                false,
            ),
            (call("tools/call", json!([{"name": "validate_document"}])).to_string(), false),
            (
                r#"{"method":"tools/call","params":{"name":"about","name":"validate_document"}}"#
                    .to_owned(),
                false,
            ),
            (
                r#"{"method":"tools/call","params":{"name":"validate_document","name":"about"}}"#
                    .to_owned(),
                false,
            ),
            (r#"[{"method":"tools/call","params":{"name":"validate_document"}}]"#.to_owned(), false),
            (r#"{"method":"tools/call","x":{"name":"validate_document"}}"#.to_owned(), false),
        ] {
            assert_eq!(shape(message.as_bytes()).validates, validates, "{message}");
        }
    }

    #[test]
    fn a_flood_of_small_objects_counts_in_full() {
        let flood = format!("[{}", r#"{"":0},"#.repeat(1_000));
        assert_eq!(shape(flood.as_bytes()).nodes, 3_001);
    }
}
