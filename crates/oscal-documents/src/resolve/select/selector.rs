//! Which controls a profile selects.

use std::collections::HashMap;

use crate::resolve::directives::select::{ById, Select, YesNo};
use crate::resolve::select::glob;

/// A selection by ids and patterns, prepared for checking many controls.
pub(crate) struct Selector<'p> {
    /// Whether to select every control except the excluded ones.
    pub(crate) all: bool,
    pub(crate) include: Names<'p>,
    pub(crate) exclude: Names<'p>,
    /// The total length of all patterns.
    pattern_bytes: usize,
}

impl<'p> Selector<'p> {
    /// A selection that names nothing to include selects everything, as the specification says.
    pub(crate) fn of(select: &'p Select) -> Self {
        let include = Names::of(select.include.as_deref().unwrap_or_default());
        let exclude = Names::of(&select.exclude);
        let patterns = include.patterns.iter().chain(&exclude.patterns);
        Self {
            all: select.include.is_none(),
            pattern_bytes: patterns.map(|(pattern, _)| pattern.len()).sum(),
            include,
            exclude,
        }
    }

    /// The cost of checking one control.
    pub(crate) fn cost(&self, id: &str) -> usize {
        self.pattern_bytes.saturating_mul(id.len())
    }
}

/// Ids and patterns, each with whether it brings along nested controls.
pub(crate) struct Names<'p> {
    ids: HashMap<&'p str, bool>,
    patterns: Vec<(&'p str, bool)>,
    /// The ids in the profile's order.
    pub(crate) in_order: Vec<&'p str>,
}

impl<'p> Names<'p> {
    fn of(selections: &'p [ById]) -> Self {
        let mut names = Self {
            ids: HashMap::new(),
            patterns: Vec::new(),
            in_order: Vec::new(),
        };
        for selection in selections {
            let children = selection.with_child_controls == Some(YesNo::Yes);
            for id in &selection.with_ids {
                let known = names.ids.entry(id).or_insert_with(|| {
                    names.in_order.push(id);
                    false
                });
                *known |= children;
            }
            for matching in &selection.matching {
                names.patterns.push((&matching.pattern, children));
            }
        }
        names
    }

    /// Whether the control is named, and if so, whether nested controls come along.
    pub(crate) fn name(&self, id: &str) -> Option<bool> {
        let by_id = self.ids.get(id).copied();
        let by_pattern = self
            .patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, id))
            .map(|(_, children)| *children);
        by_id.into_iter().chain(by_pattern).reduce(|a, b| a || b)
    }
}
