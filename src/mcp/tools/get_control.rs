//! `get_control`: one control to read.

use oscal_documents::{
    Control, ControlView, Document, LibraryView, LinkedControl, Model, ParamValues, ParamView,
    PartView,
};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::{
    answer::{ControlName, Json, ToolError, cut, document, document_of, preference},
    documents::{Caller, Operation},
    server::OscalServer,
};

/// The most bytes of text of all parts together.
const MAX_TEXT: usize = 8_000;

/// The largest JSON of a control that is sent.
const MAX_RAW: usize = 64 << 10;

/// The most entries of each list of a control.
const MAX_LISTED: usize = 40;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetControl {
    /// Id or label in any common notation: AC-2(1), ac-2.1, AC-02 (01)
    control: String,
    /// Id of the catalog; default: the largest catalog that contains the control
    document: Option<String>,
    /// Id of a profile: the control as in its baseline, with its parameter values
    profile: Option<String>,
    /// Kinds of text to return; default: statement and guidance
    parts: Option<Vec<Parts>>,
    /// Also return the control's OSCAL JSON
    #[serde(default)]
    raw: bool,
}

// Kinds of text. Plain comments, because doc comments would go into the schema.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Parts {
    Statement,
    Guidance,
    Assessment,
    All,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ControlDetail {
    /// Id of the catalog it is from
    document: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    withdrawn: bool,
    /// Where a withdrawn control went
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    moved_to: Vec<Linked>,
    /// Text with parameters filled in
    parts: Vec<Part>,
    parameters: Vec<Parameter>,
    /// The control that this one enhances
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<ControlName>,
    enhancements: Vec<ControlName>,
    related: Vec<Linked>,
    /// Titles of publications
    references: Vec<String>,
    /// Other documents with a control of this id
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    also_in: Vec<String>,
    /// OSCAL JSON
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Value>,
    /// Whether something was cut to keep the answer small
    truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Part {
    /// statement, guidance, assessment-objective and so on
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Parameter {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// The text that replaces it
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    choices: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Linked {
    /// The relation, such as related or required
    rel: String,
    /// Id of the control or of a part of it
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

#[tool_router(router = get_control_router, vis = "pub(super)")]
impl OscalServer {
    /// One control by id or label: its text with parameters filled in, its enhancements and related
    /// controls
    #[tool(annotations(title = "Get control", read_only_hint = true, open_world_hint = false))]
    async fn get_control(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<GetControl>,
    ) -> Result<Json<ControlDetail>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let catalog = match (&asked.document, &asked.profile) {
            (Some(_), Some(_)) => return Err(ToolError::EitherOr("document", "profile")),
            (None, Some(profile)) => Some(self.resolved_catalog(&access, profile, None).await?),
            (_, None) => None,
        };
        asked.answer(&access.documents(), catalog.as_deref())
    }
}

impl GetControl {
    /// Shows the control as it is in `resolved`, what the profile makes, if one is named.
    fn answer(
        &self,
        documents: &LibraryView<'_>,
        resolved: Option<&Document>,
    ) -> Result<Json<ControlDetail>, ToolError> {
        let (found, place) = match (resolved, &self.document) {
            (Some(catalog), _) => {
                let place = format!("is in the baseline {:?}", catalog.info().title);
                (catalog.find_controls(&self.control), place)
            }
            (None, Some(id)) => {
                let document = document(documents, id)?;
                let place = format!("is in the document {:?}", document.info().id);
                (document.find_controls(&self.control), place)
            }
            (None, None) => {
                let place = "is in any loaded catalog".to_owned();
                (documents.find_controls(&self.control), place)
            }
        };
        let mut detail = ControlDetail::of(found, place, self, documents)?;
        if let Some(profile) = &self.profile {
            // The resolved catalog is not among the documents.
            let profile = document_of(documents, profile, Model::Profile)?;
            detail.document.clone_from(&profile.info().id);
        }
        Ok(Json::of(&detail))
    }
}

impl ControlDetail {
    /// The best of the controls found: that of the most complete catalog, for a control may stand
    /// in resolved baselines too.
    fn of(
        mut found: Vec<Control<'_>>,
        place: String,
        asked: &GetControl,
        documents: &LibraryView<'_>,
    ) -> Result<Self, ToolError> {
        found.sort_by_key(|control| preference(control.document()));
        let Some((&control, others)) = found.split_first() else {
            let control = &asked.control;
            return Err(ToolError::unknown_control(control, place, documents));
        };
        let wanted = asked
            .parts
            .as_deref()
            .unwrap_or(&[Parts::Statement, Parts::Guidance]);
        let view: ControlView = control.view(&ParamValues::new());
        let raw = match control.json().len() {
            size if asked.raw && size > MAX_RAW => {
                let advice = "ask for it without raw";
                return Err(ToolError::AnswerTooLarge { size, advice });
            }
            _ if asked.raw => control.value().ok(),
            _ => None,
        };
        let mut truncated = false;
        let mut left = MAX_TEXT;
        let parts = view
            .parts
            .into_iter()
            .filter(|part| wanted.iter().any(|parts| parts.cover(&part.name)))
            .map(|part| Part::of(part, &mut left, &mut truncated))
            .collect();
        let other_documents = others
            .iter()
            .map(|other| other.document().info().id.clone());
        Ok(Self {
            document: view.document,
            id: view.id,
            label: view.label,
            title: view.title,
            group: view.group_title.or(view.group),
            withdrawn: view.withdrawn,
            moved_to: first(view.moved_to, &mut truncated),
            parts,
            parameters: first(view.params, &mut truncated),
            parent: view.parent.map(ControlName::from),
            enhancements: first(view.enhancements, &mut truncated),
            related: first(view.related, &mut truncated),
            references: view
                .references
                .into_iter()
                .map(|reference| reference.title)
                .take(MAX_LISTED)
                .collect(),
            also_in: other_documents.take(MAX_LISTED).collect(),
            raw,
            truncated,
        })
    }
}

/// The first entries of a list, in the form that is sent.
fn first<T, U: From<T>>(list: Vec<T>, truncated: &mut bool) -> Vec<U> {
    *truncated |= list.len() > MAX_LISTED;
    list.into_iter().take(MAX_LISTED).map(U::from).collect()
}

impl Parts {
    fn cover(self, part: &str) -> bool {
        match self {
            Self::Statement => part == "statement",
            Self::Guidance => part == "guidance",
            Self::Assessment => part.starts_with("assessment"),
            Self::All => true,
        }
    }
}

impl Part {
    fn of(part: PartView, left: &mut usize, truncated: &mut bool) -> Self {
        let mut text = part.text;
        *truncated |= cut(&mut text, *left);
        *left = left.saturating_sub(text.len());
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
