//! Keeps the diffs of an answer small.

use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use crate::mcp::answer::Room;

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
    room: Room,
    whole: bool,
}

impl Fit {
    /// With `whole`, each diff may take all the room.
    pub(super) fn new(whole: bool) -> Self {
        Self {
            room: Room::new(MAX_TEXT),
            whole,
        }
    }

    /// Whether anything was cut.
    pub(super) fn truncated(&self) -> bool {
        self.room.truncated
    }

    /// Whether assessment text is shown as well.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn add(&mut self, list: &mut Vec<Difference>, of: String, mut diff: String) {
        if self.room.is_full() {
            self.room.truncated = true;
            return;
        }
        let most = if self.whole { usize::MAX } else { MAX_DIFF };
        self.room.fit_within(&mut diff, most);
        self.room.take(of.len());
        list.push(Difference { of, diff });
    }
}
