//! The data of a control.

use std::collections::BTreeMap;

use oscal_documents::{Control, LinkedControl, ParamValues, ParamView, PartView};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;
use serde_json::Value;

use super::asked::{GetControl, Parts};
use crate::mcp::answer::{ControlName, Room, ToolError, cut};

/// The most bytes of text of all parts together.
const MAX_TEXT: usize = 8_000;

/// The most bytes of hints on parameters.
const MAX_HINTS: usize = 6_000;

/// The largest JSON of a control that is sent.
const MAX_RAW: usize = 64 << 10;

/// The most entries of each list of a control.
const MAX_LISTED: usize = 40;

/// The most other versions of a control.
const MAX_VERSIONS: usize = 4;

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::mcp::tools) struct ControlDetail {
    /// Id of the catalog or profile it is from
    pub(super) document: String,
    pub(super) document_title: String,
    pub(super) document_version: String,
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    pub(super) withdrawn: bool,
    /// Where a withdrawn control went
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) moved_to: Vec<Linked>,
    /// Text with parameters filled in
    pub(super) parts: Vec<Part>,
    pub(super) parameters: Vec<Parameter>,
    /// The control that this one enhances
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<ControlName>,
    pub(super) enhancements: Vec<ControlName>,
    pub(super) related: Vec<Linked>,
    /// Titles of publications
    pub(super) references: Vec<String>,
    /// Kinds of parts left out, for which parts asks
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) other_parts: Vec<String>,
    /// Other versions of it that the baseline keeps as well
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) versions: Vec<Version>,
    /// Other documents with a control of this id
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) also_in: Vec<String>,
    /// OSCAL JSON
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) raw: Option<Value>,
    /// Whether something was cut to keep the answer small
    pub(super) truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Part {
    /// statement, guidance, assessment-objective and so on
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    pub(super) text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parameter {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// The text that replaces it
    pub(super) text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) choices: Vec<String>,
    /// Limits on its values
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) constraints: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub(super) guidelines: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Version {
    pub(super) title: String,
    /// Its statement
    pub(super) text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Linked {
    /// The relation, such as related or required
    pub(super) rel: String,
    /// Id of the control or of a part of it
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
}

impl ControlDetail {
    /// The first of the controls found. The others are other versions of it, or in other documents.
    pub(super) fn of(found: &[Control<'_>], asked: &GetControl) -> Result<Self, ToolError> {
        let (control, others) = (found[0], &found[1..]);
        let document = control.document();
        let view = control.view(&ParamValues::new());
        let raw = match control.json().len() {
            size if asked.raw && size > MAX_RAW => {
                let advice = "ask for it without raw";
                return Err(ToolError::AnswerTooLarge { size, advice });
            }
            _ if asked.raw => control.value().ok(),
            _ => None,
        };
        let mut truncated = false;
        let wanted = asked.parts.as_deref().unwrap_or(Parts::DEFAULT);
        let covers = |part: &PartView| wanted.iter().any(|parts| parts.cover(part));
        let (parts, left_out): (Vec<_>, Vec<_>) = view.parts.into_iter().partition(covers);
        let (here, elsewhere): (Vec<&Control<'_>>, Vec<&Control<'_>>) = others
            .iter()
            .partition(|other| std::ptr::eq(other.document(), document));
        Ok(Self {
            document: view.document,
            document_title: document.info().title.clone(),
            document_version: document.info().version.clone(),
            id: view.id,
            label: view.label,
            title: view.title,
            group: view.group_title.or(view.group),
            withdrawn: view.withdrawn,
            moved_to: first(view.moved_to, &mut truncated),
            parts: fitting(parts, &mut truncated),
            parameters: hinted(first(view.params, &mut truncated), &mut truncated),
            parent: view.parent.map(ControlName::from),
            enhancements: first(view.enhancements, &mut truncated),
            related: first(view.related, &mut truncated),
            references: view
                .references
                .into_iter()
                .map(|reference| reference.title)
                .take(MAX_LISTED)
                .collect(),
            other_parts: named(&left_out),
            versions: here
                .into_iter()
                .filter(|other| other.id() == control.id())
                .take(MAX_VERSIONS)
                .map(Version::of)
                .collect(),
            also_in: elsewhere
                .into_iter()
                .map(|other| {
                    let info = other.document().info();
                    format!("{:.100} {:.40} ({})", info.title, info.version, info.id)
                })
                .take(MAX_LISTED)
                .collect(),
            raw,
            truncated,
        })
    }
}

/// The texts of parts in their order, as much as fits: first that of the statement, then that of the
/// guidance.
fn fitting(parts: Vec<PartView>, truncated: &mut bool) -> Vec<Part> {
    let mut parts: Vec<_> = parts.into_iter().enumerate().collect();
    parts.sort_by_key(|(_, part)| match part.name.as_str() {
        "statement" => 0,
        "guidance" => 1,
        _ => 2,
    });
    let mut room = Room::new(MAX_TEXT);
    let fitted = parts
        .into_iter()
        .map(|(at, part)| (at, Part::of(part, &mut room)));
    let mut fitted: Vec<_> = fitted.collect();
    *truncated |= room.truncated;
    fitted.sort_by_key(|(at, _)| *at);
    fitted.into_iter().map(|(_, part)| part).collect()
}

/// The parameters with as many hints as fit.
fn hinted(mut parameters: Vec<Parameter>, truncated: &mut bool) -> Vec<Parameter> {
    let mut left = MAX_HINTS;
    for parameter in &mut parameters {
        for hints in [&mut parameter.constraints, &mut parameter.guidelines] {
            hints.retain_mut(|hint| {
                let is_cut = cut(hint, left);
                *truncated |= is_cut;
                left = left.saturating_sub(hint.len());
                !is_cut || hint.len() > '…'.len_utf8()
            });
        }
    }
    parameters
}

/// The kinds of parts, each once, with how many there are.
fn named(parts: &[PartView]) -> Vec<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for part in parts {
        *kinds.entry(&part.name).or_default() += 1;
    }
    kinds
        .into_iter()
        .take(MAX_LISTED)
        .map(|(kind, count)| match count {
            1 => format!("{kind:.60}"),
            count => format!("{kind:.60} ({count})"),
        })
        .collect()
}

impl Version {
    fn of(control: &Control<'_>) -> Self {
        let view = control.view(&ParamValues::new());
        let mut text = view.statement().unwrap_or_default().to_owned();
        cut(&mut text, MAX_TEXT / MAX_VERSIONS);
        Self {
            title: view.title,
            text,
        }
    }
}

/// The first entries of a list, in the form that is sent.
fn first<T, U: From<T>>(list: Vec<T>, truncated: &mut bool) -> Vec<U> {
    *truncated |= list.len() > MAX_LISTED;
    list.into_iter().take(MAX_LISTED).map(U::from).collect()
}

impl Part {
    fn of(part: PartView, room: &mut Room) -> Self {
        let mut text = part.text;
        room.fit(&mut text);
        Self {
            name: part.name,
            label: part.label,
            title: part.title,
            text,
        }
    }
}

impl From<ParamView> for Parameter {
    fn from(param: ParamView) -> Self {
        Self {
            id: param.id,
            label: param.label,
            text: param.text,
            values: param.values,
            choices: param.choices,
            constraints: param.constraints,
            guidelines: param.guidelines,
        }
    }
}

impl From<LinkedControl> for Linked {
    fn from(link: LinkedControl) -> Self {
        let (label, title) = match link.control {
            Some(control) => (control.label, Some(control.title)),
            None => (None, None),
        };
        Self {
            rel: link.rel,
            id: link.target,
            label,
            title,
        }
    }
}
