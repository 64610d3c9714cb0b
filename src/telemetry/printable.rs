//! Text from outside, made safe to print.

use std::fmt::{self, Debug, Display, Formatter, Write};

/// The longest text that is printed whole, in characters: enough for an explanation, too little to
/// flood a log.
pub(super) const LIMIT: usize = 1_000;

/// Writes a value on one line, for a terminal or a log: characters that would end the line, steer
/// the terminal or reorder the text are escaped, and a long text is cut.
///
/// Scopes, paths, claims and whatever an authorization server says come from outside. A line break
/// in one of them must not forge a log line, nor an escape sequence hide one.
pub struct Printable<T>(pub T);

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = OneLine::new(f, LIMIT);
        text.finish_with(|text| write!(text, "{}", self.0))
    }
}

impl<T: Debug> Debug for Printable<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = OneLine::new(f, LIMIT);
        text.finish_with(|text| write!(text, "{:?}", self.0))
    }
}

/// Passes text on, escaped, until `left` characters are written.
struct OneLine<'a, W> {
    to: &'a mut W,
    left: usize,
}

impl<'a, W: Write> OneLine<'a, W> {
    fn new(to: &'a mut W, left: usize) -> Self {
        Self { to, left }
    }

    /// Writes what `value` writes. The error at the limit only ends the value early.
    fn finish_with(&mut self, value: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        match value(self) {
            Err(_) if self.left == 0 => self.to.write_char('…'),
            written => written,
        }
    }
}

impl<W: Write> Write for OneLine<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            escape(self.to, character)?;
        }
        Ok(())
    }
}

/// Escapes everything but visible characters and the space, as Rust does: controls, line and
/// paragraph separators, direction marks, zero-width characters.
fn escape(to: &mut impl Write, character: char) -> fmt::Result {
    match character {
        // Quotes and backslashes stay: they are part of values that are already escaped.
        ' '..='~' => to.write_char(character),
        _ => write!(to, "{}", character.escape_debug()),
    }
}

/// Whether [`escape`] leaves it unchanged.
pub(super) fn is_harmless(character: char) -> bool {
    matches!(character, ' '..='~') || character.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_ends_a_line() {
        for (text, printed) in [
            ("Ünïcödé, 日本語 \"a\\b\"", "Ünïcödé, 日本語 \"a\\b\""),
            ("a\nb\r\tc", r"a\nb\r\tc"),
            (
                "\u{1b}[31mred\u{7}\u{8}\u{7f}",
                r"\u{1b}[31mred\u{7}\u{8}\u{7f}",
            ),
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            (
                "\u{202e}\u{2066}\u{200f}\u{61c}",
                r"\u{202e}\u{2066}\u{200f}\u{61c}",
            ),
            (
                "\u{200b}\u{feff}\u{e0041}\0",
                r"\u{200b}\u{feff}\u{e0041}\0",
            ),
        ] {
            assert_eq!(Printable(text).to_string(), printed);
            assert_eq!(format!("{:?}", Printable(format_args!("{text}"))), printed);
        }
        assert_eq!(
            format!("{:?}", Printable("a\nb")),
            r#""a\nb""#,
            "escaped once"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let whole = "x".repeat(LIMIT);
        assert_eq!(Printable(&whole).to_string(), whole);
        let cut = Printable(format!("{whole}y\n")).to_string();
        assert_eq!(cut, format!("{whole}…"));
    }

    proptest! {
        #[test]
        fn any_text_is_one_harmless_line(text in "\\PC{0,20}|.{0,20}|[\\x00-\\x1f\\x7f-\\xa0\\u{2000}-\\u{206f}]{0,20}") {
            let printed = Printable(&text).to_string();
            prop_assert!(printed.chars().all(is_harmless), "{printed:?}");
            if text.chars().all(is_harmless) {
                prop_assert_eq!(printed, text);
            }
        }
    }
}
