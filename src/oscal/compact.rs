//! JSON text without insignificant whitespace.

/// Strips the whitespace between the tokens of JSON text, in place. Pretty-printed documents lose
/// half of their size.
pub(super) fn compact(mut text: String) -> Box<str> {
    let mut in_string = false;
    let mut escaped = false;
    text.retain(|c| {
        if !in_string {
            in_string = c == '"';
            return !matches!(c, ' ' | '\n' | '\r' | '\t');
        }
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' {
            in_string = false;
        }
        true
    });
    text.into_boxed_str()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Any JSON value of a few levels, with strings full of quotes, backslashes and spaces.
    pub(in super::super) fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ \"\\\\\n\ta-c{}\u{e9}\u{10348}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[ \"\\\\a-c]{0,4}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_what_serde_json_writes(value in any_json()) {
            let pretty = serde_json::to_string_pretty(&value).expect("serializes");
            prop_assert_eq!(compact(pretty).into_string(), value.to_string());
        }

        #[test]
        fn takes_any_text(text in any::<String>()) {
            let once = compact(text).into_string();
            prop_assert_eq!(&*compact(once.clone()), once);
        }
    }
}
