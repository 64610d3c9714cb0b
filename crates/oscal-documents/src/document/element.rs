//! The members of a control as OSCAL writes them. Unused members are left out.

use std::borrow::Cow;

use serde::Deserialize;

/// A property (`props`).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Prop {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) class: Option<String>,
}

/// A link (`links`).
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    #[serde(default)]
    pub(crate) rel: String,
    pub(crate) text: Option<String>,
}

impl Link {
    /// Whether the link says where a withdrawn control went.
    pub(crate) fn is_successor(&self) -> bool {
        matches!(self.rel.as_str(), "incorporated-into" | "moved-to")
    }
}

/// A part of a control (`parts`): its statement, an item of that, its guidance and so on.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) props: Vec<Prop>,
    #[serde(default)]
    pub(crate) prose: String,
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
}

/// A parameter (`params`).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Param {
    pub(crate) id: String,
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) props: Vec<Prop>,
    #[serde(default)]
    pub(crate) values: Vec<String>,
    pub(crate) select: Option<Select>,
    #[serde(default)]
    pub(crate) constraints: Vec<Constraint>,
    #[serde(default)]
    pub(crate) guidelines: Vec<Guideline>,
}

impl Param {
    /// What an unset parameter stands for: its label, or else its id. A parameter of SP 800-53 is
    /// an organization-defined parameter (ODP); there the catalog leaves out words that the
    /// publication has.
    pub(crate) fn placeholder(&self) -> Cow<'_, str> {
        placeholder(&self.id, self.label.as_deref())
    }
}

/// What an unset parameter with this id and label stands for.
pub(crate) fn placeholder<'p>(id: &'p str, label: Option<&'p str>) -> Cow<'p, str> {
    const WORDS: &str = "organization-defined";
    match label {
        Some(label) if id.contains("_odp") && !label.contains(WORDS) => {
            Cow::Owned(format!("{WORDS} {label}"))
        }
        Some(label) => Cow::Borrowed(label),
        None => Cow::Borrowed(id),
    }
}

/// The choices of a parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Select {
    pub(crate) how_many: Option<String>,
    #[serde(default)]
    pub(crate) choice: Vec<String>,
}

/// A limit on the values of a parameter.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Constraint {
    #[serde(default)]
    description: String,
    #[serde(default)]
    tests: Vec<ConstraintTest>,
}

#[derive(Debug, Clone, Deserialize)]
struct ConstraintTest {
    #[serde(default)]
    expression: String,
}

impl Constraint {
    /// What it says, on one line: its description, or else its formal tests.
    pub(crate) fn text(&self) -> String {
        let tests = self.tests.iter().map(|test| test.expression.as_str());
        let tests = tests.filter(|_| self.description.trim().is_empty());
        let texts = std::iter::once(self.description.as_str()).chain(tests);
        let words = texts.flat_map(str::split_whitespace);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A hint on how to set a parameter.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Guideline {
    #[serde(default)]
    pub(crate) prose: String,
}

/// A parameter that a component definition or system security plan sets.
#[derive(Debug, Deserialize)]
pub(crate) struct SetParameter {
    #[serde(default)]
    pub(crate) values: Vec<String>,
}

/// A resource of the back matter.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Resource {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) citation: Option<Citation>,
    #[serde(default)]
    pub(crate) rlinks: Vec<ResourceLink>,
}

/// How to cite a resource.
#[derive(Debug, Deserialize)]
pub(crate) struct Citation {
    #[serde(default)]
    pub(crate) text: String,
}

/// Where a resource is.
#[derive(Debug, Deserialize)]
pub(crate) struct ResourceLink {
    pub(crate) href: String,
}

/// The label among properties: the one without a class if there is one, since classed labels are
/// variants for other purposes (`zero-padded`, `sp800-53a`).
pub(crate) fn label(props: &[Prop]) -> Option<&str> {
    let mut labels = props.iter().filter(|prop| prop.name == "label");
    let first = labels.clone().next()?;
    let plain = labels.find(|prop| prop.class.is_none());
    Some(&plain.unwrap_or(first).value)
}

/// The values of the properties with this name.
pub(crate) fn values<'p>(props: &'p [Prop], name: &'p str) -> impl Iterator<Item = &'p str> {
    props
        .iter()
        .filter(move |prop| prop.name == name)
        .map(|prop| prop.value.as_str())
}
