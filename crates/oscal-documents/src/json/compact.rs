//! JSON text without insignificant whitespace.

/// Strips the whitespace between the tokens of JSON text, in place. Pretty-printed documents shrink
/// by half.
pub(crate) fn compact(mut text: String) -> Box<str> {
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::any::any_json;

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
