//! Limits on text.

/// The room for the texts of one answer, in bytes.
pub(in crate::mcp) struct Room {
    left: usize,
    /// Whether anything was cut.
    pub(in crate::mcp) truncated: bool,
}

impl Room {
    pub(in crate::mcp) fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            truncated: false,
        }
    }

    pub(in crate::mcp) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Cuts `text` to the room that is left.
    pub(in crate::mcp) fn fit(&mut self, text: &mut String) {
        self.fit_within(text, usize::MAX);
    }

    /// Cuts `text` to the room that is left, and to `most` bytes.
    pub(in crate::mcp) fn fit_within(&mut self, text: &mut String, most: usize) {
        self.truncated |= cut(text, most.min(self.left));
        self.take(text.len());
    }

    /// Uses room for something that is not cut.
    pub(in crate::mcp) fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

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
        text += &format!(" and {more} more");
    }
    text
}
