//! OSCAL's markup, which is based on CommonMark, as plain text.

use std::borrow::Cow;

/// The text without links into its document and without escapes.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match without_fragment_links(text) {
        Cow::Borrowed(text) => unescaped(text),
        Cow::Owned(text) => Cow::Owned(unescaped(&text).into_owned()),
    }
}

/// Replaces links within the document, such as `[AC-3](#ac-3)`, with their text.
pub(crate) fn without_fragment_links(prose: &str) -> Cow<'_, str> {
    const MIDDLE: &str = "](#";
    let mut out = String::new();
    let mut rest = prose;
    while let Some(middle) = rest.find(MIDDLE) {
        let Some(length) = rest[middle..].find(')') else {
            break;
        };
        if let Some(open) = open_bracket(&rest[..middle]) {
            out.push_str(&rest[..open]);
            out.push_str(&rest[open + 1..middle]);
        } else {
            out.push_str(&rest[..=middle + length]);
        }
        rest = &rest[middle + length + 1..];
    }
    if out.is_empty() && rest.len() == prose.len() {
        return Cow::Borrowed(prose);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The bracket in front of a link's text, which ends where `text` does. Brackets within the text
/// come in pairs, or are escaped.
fn open_bracket(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_escaped = |at: usize| {
        let backslashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\');
        backslashes.count() % 2 == 1
    };
    let mut inner = 0_usize;
    for at in (0..bytes.len()).rev() {
        match bytes[at] {
            b']' if !is_escaped(at) => inner += 1,
            b'[' if !is_escaped(at) => match inner.checked_sub(1) {
                Some(outer) => inner = outer,
                None => return Some(at),
            },
            _ => {}
        }
    }
    None
}

/// Replaces escapes such as `\[` with what they stand for (CommonMark section 2.4). Code between
/// backticks has none.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let last_backtick = text.rfind('`').unwrap_or(0);
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '`' => in_code = !in_code && at < last_backtick,
            '\\' if !in_code => {
                let escaped = characters.next_if(|(_, next)| next.is_ascii_punctuation());
                out.push(escaped.map_or('\\', |(_, escaped)| escaped));
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_links_into_the_document_lose_their_target() {
        for (prose, expected) in [
            ("[AC-3](#ac-3), [PE](#pe)", "AC-3, PE"),
            ("[site](https://example.org)", "[site](https://example.org)"),
            ("x](#y) [z](#w)", "x](#y) z"),
            ("[open](#never", "[open](#never"),
            ("see [K-1 [a]](#k-1)", "see K-1 [a]"),
            (r"[K-01\[02\]](#k-1), [b](#b)", r"K-01\[02\], b"),
        ] {
            assert_eq!(without_fragment_links(prose), expected, "{prose}");
        }
    }

    #[test]
    fn escapes_are_undone_except_in_code() {
        for (text, expected) in [
            (r"K-01_ODP\[02\]", "K-01_ODP[02]"),
            (r#"\"high\" \* \\"#, r#""high" * \"#),
            (r"C:\users\é, a\", r"C:\users\é, a\"),
            (r"`\d+\.` and \_", r"`\d+\.` and _"),
            (r"a ` alone \*", "a ` alone *"),
            (r"\`\*\`", "`*`"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
        assert_eq!(plain(r"[K-1 \(a\)](#k-1)"), "K-1 (a)");
    }

    proptest! {
        #[test]
        fn takes_any_text(text in r"[\[\]()#`a\\é ]{0,40}") {
            prop_assert!(plain(&text).len() <= text.len());
        }
    }
}
