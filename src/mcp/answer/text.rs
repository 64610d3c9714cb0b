//! Limits on text.

use std::fmt::Write;

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

/// Joins the first items of a list that has `total` of them.
pub(in crate::mcp) fn listed(first: impl ExactSizeIterator<Item = String>, total: usize) -> String {
    let more = total.saturating_sub(first.len());
    let mut text = first.collect::<Vec<_>>().join(", ");
    if more > 0 {
        let written = write!(text, " and {more} more");
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    text
}
