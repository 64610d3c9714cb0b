//! A limit on text that is built from untrusted content.

use std::cell::Cell;

/// How much may be written, counting bytes of text and of parameter definitions read. A catalog
/// whose parameters multiply each other exceeds it; the text then ends with `…`.
pub(crate) struct Budget {
    /// `None` once the limit was exceeded.
    left: Cell<Option<usize>>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            left: Cell::new(Some(bytes)),
        }
    }

    /// For one control or entry. The largest control of SP 800-53 needs 30 KB.
    pub(crate) fn for_item() -> Self {
        Self::new(2 << 20)
    }

    /// Whether nothing more can be written.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get().is_none_or(|left| left == 0)
    }

    /// Counts bytes that were read.
    pub(crate) fn spend(&self, bytes: usize) {
        let left = self.left.get();
        self.left.set(left.map(|left| left.saturating_sub(bytes)));
    }

    /// Appends as much text as fits, and `…` the first time that some does not.
    pub(crate) fn push(&self, out: &mut String, text: &str) {
        let Some(left) = self.left.get() else {
            return;
        };
        if text.len() <= left {
            out.push_str(text);
        } else {
            out.push_str(&text[..floor_char_boundary(text, left)]);
            out.push('…');
        }
        self.left.set(left.checked_sub(text.len()));
    }
}

/// The last boundary between characters up to `at`.
pub(crate) fn floor_char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_with_one_ellipsis() {
        let budget = Budget::new(6);
        let mut out = String::new();
        budget.push(&mut out, "ab");
        budget.spend(1);
        budget.push(&mut out, "cé");
        assert!(budget.is_spent());
        for _ in 0..2 {
            budget.push(&mut out, "é");
            budget.push(&mut out, "");
        }
        assert_eq!(out, "abcé…");
    }

    #[test]
    fn text_is_cut_between_characters() {
        for (at, expected) in [(0, 0), (1, 1), (2, 1), (3, 3), (9, 3)] {
            assert_eq!(floor_char_boundary("aé", at), expected);
        }
    }
}
