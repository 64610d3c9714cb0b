//! One value, one hygiene: what tools and editors add to a secret, a client id or a key is taken
//! off, wherever the value came from.

/// Why a text is not one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOneLine {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// A line end inside: which line would be meant?
    #[error("it has more than one line; it must be the value alone")]
    SeveralLines,
    /// Neither a client id nor a secret has any (RFC 6749 appendix A.1 and A.2).
    #[error("it has a control character, such as a tab, which no such value has")]
    ControlCharacter,
}

/// `text` without a byte order mark in front (Windows editors), and without one line end after it
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

/// The same for a text of several lines, such as PEM.
pub(crate) fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
