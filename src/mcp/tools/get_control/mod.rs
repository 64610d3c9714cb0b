//! `get_control`: one control to read.

mod detail;
mod text;

use std::cmp::Reverse;

use oscal_documents::{Control, Document, LibraryView, PartView};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::Deserialize;

use self::detail::ControlDetail;
use crate::mcp::{
    answer::{Json, ToolError, document},
    documents::{Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetControl {
    /// Id or label in any common notation: AC-2(1), ac-2.1, AC-02 (01)
    control: String,
    /// Id of the catalog; default: the largest catalog that contains the control
    document: Option<String>,
    /// Id of a profile: the control as in its baseline, with its parameter values
    profile: Option<String>,
    /// Kinds of text to return; default: all but assessment
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
    Other,
    All,
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
        let named = match &self.document {
            Some(id) => Some(document(documents, id)?),
            None => None,
        };
        let mut found = match resolved.or(named) {
            Some(document) => document.find_controls(&self.control),
            None => documents.find_controls(&self.control),
        };
        // A control may stand in resolved baselines too; the most complete catalog comes first.
        found.sort_by_key(|control| Reverse(control.document().controls().len()));
        if found.is_empty() {
            return Err(self.unknown(documents, resolved, named));
        }
        let mut detail = ControlDetail::of(&found, self)?;
        if let Some(profile) = &self.profile {
            // The resolved catalog is not among the documents.
            let profile = document(documents, profile)?;
            detail.document.clone_from(&profile.info().id);
        }
        let markdown = text::of(&detail);
        Ok(Json::with_text(&detail, markdown))
    }

    fn unknown(
        &self,
        documents: &LibraryView<'_>,
        resolved: Option<&Document>,
        named: Option<&Document>,
    ) -> ToolError {
        let control = &self.control;
        if let Some(baseline) = resolved {
            return ToolError::not_in_baseline(control, baseline, documents);
        }
        let (place, scope): (_, Box<dyn Iterator<Item = Control<'_>>>) = match named {
            Some(document) => {
                let place = format!("is in the document {:?}", document.info().id);
                (place, Box::new(document.controls()))
            }
            None => {
                let all = documents.documents().flat_map(Document::controls);
                ("is in any loaded catalog".to_owned(), Box::new(all))
            }
        };
        ToolError::unknown_control(control, place, scope, documents)
    }
}

impl Parts {
    /// What is returned by default. Catalogs have parts of many other names, such as `item` for
    /// what FedRAMP adds; nobody who does not know of them could ask for them.
    const DEFAULT: &[Self] = &[Self::Statement, Self::Guidance, Self::Other];

    fn cover(self, part: &PartView) -> bool {
        let is_other = !part.is_assessment() && !matches!(&*part.name, "statement" | "guidance");
        match self {
            Self::Statement => part.name == "statement",
            Self::Guidance => part.name == "guidance",
            Self::Assessment => part.is_assessment(),
            Self::Other => is_other,
            Self::All => true,
        }
    }
}
