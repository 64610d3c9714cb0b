//! The items of a control's statement, to see whether an implementation addresses all of them.

use std::collections::HashSet;

use serde::Deserialize;

use crate::control::Control;

/// The items that have no items below them, each with the ids of the parts around it.
#[derive(Default)]
pub(super) struct Items {
    leaves: Vec<Vec<String>>,
    ids: HashSet<String>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    parts: Vec<Part>,
}

impl Items {
    /// The items of a control.
    pub(super) fn of(control: Control<'_>) -> Self {
        let mut items = Self::default();
        let Ok(Parts { parts }) = serde_json::from_str(control.json()) else {
            return items;
        };
        let mut around = Vec::new();
        for part in parts.iter().filter(|part| part.name == "statement") {
            items.add(part, &mut around);
        }
        items
    }

    fn add(&mut self, part: &Part, around: &mut Vec<String>) {
        around.push(part.id.clone());
        self.ids.insert(part.id.clone());
        let mut is_leaf = true;
        for item in part.parts.iter().filter(|part| part.name == "item") {
            self.add(item, around);
            is_leaf = false;
        }
        if is_leaf {
            self.leaves.push(around.clone());
        }
        around.pop();
    }

    /// Whether some item is not addressed by statements with these ids. Says nothing of ids that
    /// are not those of the control.
    pub(super) fn lack_any_of(&self, statements: &HashSet<&str>) -> bool {
        let is_known = statements.iter().all(|id| self.ids.contains(*id));
        let is_addressed =
            |ids: &Vec<String>| ids.iter().any(|id| statements.contains(id.as_str()));
        is_known && !statements.is_empty() && !self.leaves.iter().all(is_addressed)
    }
}
