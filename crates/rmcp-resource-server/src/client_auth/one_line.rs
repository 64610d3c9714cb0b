//! One cleanup for every secret, client id and key, wherever it came from: removes what tools and
//! editors add.

/// Why a text is not a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOneLine {
    /// Nothing is left.
    #[error("it is empty")]
    Empty,
    /// It contains a line end, so it is unclear which line is meant.
    #[error("it has more than one line; it must contain only the value")]
    SeveralLines,
    /// It contains a control character, which no client id or secret may (RFC 6749 appendix A.1 and
    /// A.2).
    #[error("it has a control character, such as a tab, which is not allowed")]
    ControlCharacter,
}

/// `text` without a leading byte order mark (Windows editors), and without one trailing line end
/// (`echo secret | base64`).
pub(crate) fn one_line(text: &str) -> Result<&str, NotOneLine> {
    let text = without_byte_order_mark(text);
    let line = text
        .strip_suffix("\r\n")
        .or_else(|| text.strip_suffix('\n'))
        .unwrap_or(text);
    if line.contains('\n') || line.contains('\r') {
        Err(NotOneLine::SeveralLines)
    } else if line.contains(char::is_control) {
        Err(NotOneLine::ControlCharacter)
    } else if line.is_empty() {
        Err(NotOneLine::Empty)
    } else {
        Ok(line)
    }
}

/// The same cleanup for text of several lines, such as PEM.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
