//! Writes JSON text.

use std::fmt::Write;

/// Appends a string in quotes.
pub(super) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let is_special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'\\');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            other => drop(write!(out, "\\u{other:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_are_read_back(text in any::<String>(), odd in "[\u{0}-\u{20}\"\\\\a\u{e9}]{0,9}") {
            for text in [text, odd] {
                let mut json = String::new();
                push_string(&mut json, &text);
                prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
            }
        }
    }
}
