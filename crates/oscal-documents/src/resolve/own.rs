//! The names that a control has in a baseline, where they differ from those in its catalog.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::document::element::{self, Prop};
use crate::markup;
use crate::resolve::json::Object;
use crate::resolve::tree::Group;

/// Ids and titles of the groups around a control, from the inside out.
pub(super) type Groups = Arc<[(Option<String>, String)]>;

/// The names that a control has in a baseline.
#[derive(Debug, Default)]
pub(crate) struct OwnNames {
    /// Title, label, and whether it is withdrawn, if the control differs from the catalog.
    pub(super) altered: Option<Altered>,
    /// The groups around it, if the profile makes groups of its own.
    pub(super) groups: Option<Groups>,
}

#[derive(Debug)]
pub(super) struct Altered {
    pub(super) title: String,
    pub(super) label: Option<String>,
    pub(super) withdrawn: bool,
}

impl Altered {
    pub(super) fn of(control: &Object) -> Self {
        let props = control.get("props").and_then(Value::as_array);
        let props = props.into_iter().flatten();
        let props: Vec<_> = props
            .filter_map(|prop| Prop::deserialize(prop).ok())
            .collect();
        let title = control.get("title").and_then(Value::as_str);
        Self {
            title: markup::plain(title.unwrap_or_default()).into_owned(),
            label: element::label(&props).map(str::to_owned),
            withdrawn: element::values(&props, "status")
                .any(|status| status.eq_ignore_ascii_case("withdrawn")),
        }
    }
}

impl OwnNames {
    /// Their approximate size in memory, in bytes, without the groups, which controls share.
    pub(crate) fn memory(&self) -> usize {
        let altered = self.altered.as_ref();
        let texts = altered.map_or(0, |own| {
            own.title.len() + own.label.as_ref().map_or(0, String::len)
        });
        size_of::<Self>() + texts + 16
    }
}

/// The group's own id and title, followed by those of the groups around it.
pub(super) fn groups_within(group: &Group<'_>, outer: Option<&Groups>) -> Groups {
    let outer = outer.into_iter().flat_map(|outer| outer.iter().cloned());
    std::iter::once(group.own.names()).chain(outer).collect()
}
