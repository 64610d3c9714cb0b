//! Limits on text.

/// What a caller sent, short enough to send back.
pub(in crate::mcp) fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Cuts `text` to `limit` bytes at a character boundary. Returns whether anything was cut.
pub(in crate::mcp) fn cut(text: &mut String, limit: usize) -> bool {
    let too_long = text.len() > limit;
    if too_long {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    too_long
}
