//! How controls are combined and structured (`merge`), as OSCAL writes it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::resolve::directives::modify::members;
use crate::resolve::directives::select::{ById, Empty, Select};

/// How controls are combined and structured (`merge`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Merge {
    #[serde(default)]
    pub(crate) combine: Combine,
    pub(super) flat: Option<Empty>,
    pub(crate) as_is: Option<bool>,
    pub(crate) custom: Option<Custom>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Combine {
    #[serde(default)]
    pub(crate) method: Method,
}

/// What to do with controls that have the same id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    #[default]
    Keep,
    UseFirst,
    Merge,
}

/// The structure of the result (`custom`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Custom {
    #[serde(default)]
    pub(crate) groups: Vec<CustomGroup>,
    #[serde(default)]
    pub(crate) insert_controls: Vec<InsertControls>,
}

impl Custom {
    pub(super) fn check(&self) -> Result<(), String> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        let mut inserts: Vec<_> = self.insert_controls.iter().collect();
        while let Some(group) = groups.pop() {
            groups.extend(&group.groups);
            inserts.extend(&group.insert_controls);
        }
        inserts
            .into_iter()
            .try_for_each(|insert| insert.select.check("insert-controls"))
    }
}

/// A group of the result.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct CustomGroup {
    id: Option<Value>,
    class: Option<Value>,
    title: Option<Value>,
    params: Option<Value>,
    props: Option<Value>,
    links: Option<Value>,
    parts: Option<Value>,
    #[serde(default)]
    pub(crate) groups: Vec<CustomGroup>,
    #[serde(default)]
    pub(crate) insert_controls: Vec<InsertControls>,
}

impl CustomGroup {
    /// The members of the group other than its groups and controls.
    pub(crate) fn own(&self) -> Map<String, Value> {
        members([
            ("id", &self.id),
            ("class", &self.class),
            ("title", &self.title),
            ("params", &self.params),
            ("props", &self.props),
            ("links", &self.links),
            ("parts", &self.parts),
        ])
    }

    /// The group's name in messages.
    pub(crate) fn name(&self) -> &str {
        let name = self.id.as_ref().or(self.title.as_ref());
        name.and_then(Value::as_str).unwrap_or("untitled")
    }
}

/// Controls that are put into a custom structure.
#[derive(Debug, Deserialize)]
#[serde(from = "InsertMembers")]
pub(crate) struct InsertControls {
    pub(crate) order: Order,
    pub(crate) select: Select,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct InsertMembers {
    #[serde(default)]
    order: Order,
    include_all: Option<Empty>,
    include_controls: Option<Vec<ById>>,
    #[serde(default)]
    exclude_controls: Vec<ById>,
}

impl From<InsertMembers> for InsertControls {
    fn from(members: InsertMembers) -> Self {
        Self {
            order: members.order,
            select: Select {
                all: members.include_all.is_some(),
                include: members.include_controls,
                exclude: members.exclude_controls,
            },
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    #[default]
    Keep,
    Ascending,
    Descending,
}
