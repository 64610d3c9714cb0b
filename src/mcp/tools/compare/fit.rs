//! Keeps the diffs of an answer small.

use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use crate::mcp::answer::cut;

/// The most bytes of all diffs together.
const MAX_TEXT: usize = 12_000;

/// The most bytes of one diff, unless a single control is asked for.
const MAX_DIFF: usize = 1_200;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Difference {
    /// statement, parameter ac-1_prm_1 values and so on
    pub(super) of: String,
    /// A word diff: [-removed-] and {+added+}
    pub(super) diff: String,
}

/// Keeps the diffs of an answer small.
pub(super) struct Fit {
    left: usize,
    whole: bool,
    pub(super) truncated: bool,
}

impl Fit {
    /// With `whole`, each diff may take all the room.
    pub(super) fn new(whole: bool) -> Self {
        Self {
            left: MAX_TEXT,
            whole,
            truncated: false,
        }
    }

    /// Whether assessment text is shown as well.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn add(&mut self, list: &mut Vec<Difference>, of: String, mut diff: String) {
        if self.left == 0 {
            self.truncated = true;
            return;
        }
        let most = if self.whole {
            self.left
        } else {
            self.left.min(MAX_DIFF)
        };
        self.truncated |= cut(&mut diff, most);
        self.left = self.left.saturating_sub(diff.len() + of.len());
        list.push(Difference { of, diff });
    }
}
