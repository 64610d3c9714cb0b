//! `get_control`: one control to read.

mod asked;
mod detail;
mod text;

use oscal_documents::{Control, Document, LibraryView, Model};
use rmcp::{handler::server::wrapper::Parameters, tool, tool_router};

use self::{asked::GetControl, detail::ControlDetail};
use crate::mcp::{
    answer::{Json, ToolError, document, document_of, preference},
    documents::{Caller, Operation},
    server::OscalServer,
};

#[tool_router(router = get_control_router, vis = "pub(super)")]
impl OscalServer {
    /// One control by id or label: its text with parameters filled in, its enhancements and related
    /// controls. With profile, as in its baseline
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
        found.sort_by_key(|control| preference(control.document()));
        if found.is_empty() {
            return Err(self.unknown(documents, resolved, named));
        }
        let mut detail = ControlDetail::of(&found, self)?;
        if let Some(profile) = &self.profile {
            // The resolved catalog is not among the documents.
            let profile = document_of(documents, profile, Model::Profile)?;
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
