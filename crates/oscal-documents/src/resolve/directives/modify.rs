//! The changes of a profile (`modify`) as OSCAL writes them.

use serde::Deserialize;
use serde_json::Value;

use crate::resolve::json::{self, Object};

/// What is changed in the selected controls (`modify`), as written: one malformed change must not
/// cost the others.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Modify {
    #[serde(default)]
    set_parameters: Vec<Value>,
    #[serde(default)]
    alters: Vec<Value>,
}

impl Modify {
    /// The changes of parameters and of controls. Calls `left_out` with the reason why a change
    /// cannot be made.
    pub(crate) fn read(self, mut left_out: impl FnMut(String)) -> (Vec<SetParameter>, Vec<Alter>) {
        let mut sets: Vec<SetParameter> = readable(
            self.set_parameters,
            ("parameter", "param-id"),
            &mut left_out,
        );
        sets.retain(|set| {
            let contradicts = set.values.is_some() && set.select.is_some();
            if contradicts {
                let id = &set.param_id;
                left_out(format!(
                    "leaves the parameter `{id:.60}` as it is: both values and select are set"
                ));
            }
            !contradicts
        });
        let alters = readable(self.alters, ("control", "control-id"), &mut left_out);
        (sets, alters)
    }
}

fn readable<T: serde::de::DeserializeOwned>(
    changes: Vec<Value>,
    (kind, id): (&str, &str),
    left_out: &mut impl FnMut(String),
) -> Vec<T> {
    let mut read = Vec::with_capacity(changes.len());
    for change in changes {
        let target = json::text(&change, id).to_owned();
        match serde_json::from_value(change) {
            Ok(change) => read.push(change),
            Err(error) => left_out(format!(
                "leaves the {kind} `{target:.60}` as it is, for its change is not OSCAL 1.2: {error}"
            )),
        }
    }
    read
}

/// A change of a parameter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct SetParameter {
    pub(crate) param_id: String,
    class: Option<Value>,
    depends_on: Option<Value>,
    label: Option<Value>,
    usage: Option<Value>,
    pub(crate) values: Option<Value>,
    pub(crate) select: Option<Value>,
    props: Option<Value>,
    links: Option<Value>,
    constraints: Option<Value>,
    guidelines: Option<Value>,
}

impl SetParameter {
    /// The members that replace those of the parameter.
    pub(crate) fn replacing(&self) -> Object {
        members([
            ("class", &self.class),
            ("depends-on", &self.depends_on),
            ("label", &self.label),
            ("usage", &self.usage),
            ("values", &self.values),
            ("select", &self.select),
        ])
    }

    /// The approximate length of its text.
    pub(crate) fn weight(&self) -> usize {
        let (replacing, added) = (self.replacing(), self.added());
        let values = replacing.values().chain(added.values());
        values.map(json::weight).sum::<usize>() + 64
    }

    /// The lists that are added to those of the parameter.
    pub(crate) fn added(&self) -> Object {
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
pub(crate) struct Alter {
    pub(crate) control_id: String,
    #[serde(default)]
    pub(crate) removes: Vec<Remove>,
    #[serde(default)]
    pub(crate) adds: Vec<Add>,
}

/// What is removed from a control: whatever matches all given members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Remove {
    pub(crate) by_name: Option<String>,
    pub(crate) by_class: Option<String>,
    pub(crate) by_id: Option<String>,
    pub(crate) by_item_name: Option<ItemName>,
    pub(crate) by_ns: Option<String>,
    #[serde(default, rename = "remarks")]
    _remarks: serde::de::IgnoredAny,
}

/// The kinds of things that can be removed. OSCAL also lists `mapping` and `map`, which catalogs do
/// not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ItemName {
    Param,
    Prop,
    Link,
    Part,
}

/// What is added to a control.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Add {
    pub(crate) position: Option<Position>,
    pub(crate) by_id: Option<String>,
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) params: Vec<Value>,
    #[serde(default)]
    pub(crate) props: Vec<Value>,
    #[serde(default)]
    pub(crate) links: Vec<Value>,
    #[serde(default)]
    pub(crate) parts: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Position {
    Before,
    After,
    Starting,
    Ending,
}

/// The members that are given.
pub(crate) fn members<const N: usize>(members: [(&str, &Option<Value>); N]) -> Object {
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect()
}
