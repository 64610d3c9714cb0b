//! Writes JSON text.

use std::fmt::Write;

/// Appends a string in quotes.
pub(super) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let is_special = |c: char| c < ' ' || matches!(c, '"' | '\\');
    let mut rest = text;
    while let Some(at) = rest.find(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            // Writing to a string cannot fail.
            Some(other) => drop(write!(out, "\\u{:04x}", u32::from(other))),
            None => {}
        }
        rest = characters.as_str();
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
