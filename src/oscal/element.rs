//! The members of a control as OSCAL writes them, as far as they are read here.

use serde::Deserialize;

/// A property (`props`).
#[derive(Debug, Deserialize)]
pub(super) struct Prop {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) class: Option<String>,
}

/// A link (`links`).
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    #[serde(default)]
    pub(super) rel: String,
    pub(super) text: Option<String>,
}

impl Link {
    /// Whether the link says where a withdrawn control went.
    pub(super) fn is_successor(&self) -> bool {
        matches!(self.rel.as_str(), "incorporated-into" | "moved-to")
    }
}

/// A part of a control (`parts`): its statement, an item of that, its guidance and so on.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    pub(super) name: String,
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) props: Vec<Prop>,
    #[serde(default)]
    pub(super) prose: String,
    #[serde(default)]
    pub(super) parts: Vec<Part>,
}

/// A parameter (`params`).
#[derive(Debug, Deserialize)]
pub(super) struct Param {
    pub(super) id: String,
    pub(super) label: Option<String>,
    #[serde(default)]
    pub(super) props: Vec<Prop>,
    #[serde(default)]
    pub(super) values: Vec<String>,
    pub(super) select: Option<Select>,
    #[serde(default)]
    pub(super) guidelines: Vec<Guideline>,
}

/// The choices of a parameter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Select {
    pub(super) how_many: Option<String>,
    #[serde(default)]
    pub(super) choice: Vec<String>,
}

/// A hint on how to set a parameter.
#[derive(Debug, Deserialize)]
pub(super) struct Guideline {
    #[serde(default)]
    pub(super) prose: String,
}

/// A parameter that a component definition or system security plan sets.
#[derive(Debug, Deserialize)]
pub(super) struct SetParameter {
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// A resource of the back matter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Resource {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) citation: Option<Citation>,
    #[serde(default)]
    pub(super) rlinks: Vec<ResourceLink>,
}

/// How to cite a resource.
#[derive(Debug, Deserialize)]
pub(super) struct Citation {
    #[serde(default)]
    pub(super) text: String,
}

/// Where a resource is.
#[derive(Debug, Deserialize)]
pub(super) struct ResourceLink {
    pub(super) href: String,
}

/// The label among properties: the one without a class if there is one, since classed labels are
/// variants for other purposes (`zero-padded`, `sp800-53a`).
pub(super) fn label(props: &[Prop]) -> Option<&str> {
    let mut labels = props.iter().filter(|prop| prop.name == "label");
    let first = labels.clone().next()?;
    let plain = labels.find(|prop| prop.class.is_none());
    Some(&plain.unwrap_or(first).value)
}

/// The values of the properties with this name.
pub(super) fn values<'p>(props: &'p [Prop], name: &'p str) -> impl Iterator<Item = &'p str> {
    props
        .iter()
        .filter(move |prop| prop.name == name)
        .map(|prop| prop.value.as_str())
}
