//! The changes of a profile (`modify`) as OSCAL writes them.

use serde::Deserialize;
use serde_json::Value;

use super::json::{self, Object};

/// What is changed in the selected controls (`modify`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Modify {
    #[serde(default)]
    pub(super) set_parameters: Vec<SetParameter>,
    #[serde(default)]
    pub(super) alters: Vec<Alter>,
}

/// A change of a parameter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SetParameter {
    pub(super) param_id: String,
    class: Option<Value>,
    depends_on: Option<Value>,
    label: Option<Value>,
    usage: Option<Value>,
    pub(super) values: Option<Value>,
    pub(super) select: Option<Value>,
    props: Option<Value>,
    links: Option<Value>,
    constraints: Option<Value>,
    guidelines: Option<Value>,
}

impl SetParameter {
    /// The members that replace those of the parameter.
    pub(super) fn replacing(&self) -> Object {
        members([
            ("class", &self.class),
            ("depends-on", &self.depends_on),
            ("label", &self.label),
            ("usage", &self.usage),
            ("values", &self.values),
            ("select", &self.select),
        ])
    }

    /// About how long its text is.
    pub(super) fn weight(&self) -> usize {
        let (replacing, added) = (self.replacing(), self.added());
        let values = replacing.values().chain(added.values());
        values.map(json::weight).sum::<usize>() + 64
    }

    /// The lists that are added to those of the parameter.
    pub(super) fn added(&self) -> Object {
        members([
            ("props", &self.props),
            ("links", &self.links),
            ("constraints", &self.constraints),
            ("guidelines", &self.guidelines),
        ])
    }
}

/// A change of a control.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Alter {
    pub(super) control_id: String,
    #[serde(default)]
    pub(super) removes: Vec<Remove>,
    #[serde(default)]
    pub(super) adds: Vec<Add>,
}

/// What is removed from a control: what all given members apply to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Remove {
    pub(super) by_name: Option<String>,
    pub(super) by_class: Option<String>,
    pub(super) by_id: Option<String>,
    pub(super) by_item_name: Option<ItemName>,
    pub(super) by_ns: Option<String>,
    #[serde(default, rename = "remarks")]
    _remarks: serde::de::IgnoredAny,
}

/// The kinds of things that can be removed. OSCAL also lists `mapping` and `map`, which catalogs
/// do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ItemName {
    Param,
    Prop,
    Link,
    Part,
}

/// What is added to a control.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Add {
    pub(super) position: Option<Position>,
    pub(super) by_id: Option<String>,
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) params: Vec<Value>,
    #[serde(default)]
    pub(super) props: Vec<Value>,
    #[serde(default)]
    pub(super) links: Vec<Value>,
    #[serde(default)]
    pub(super) parts: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Position {
    Before,
    After,
    Starting,
    Ending,
}

/// The members that are given.
pub(super) fn members<const N: usize>(members: [(&str, &Option<Value>); N]) -> Object {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect()
}
