//! `list_documents`: what is loaded.

use std::collections::BTreeMap;

use oscal_documents::{Document, DocumentInfo};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, Page, ToolError, model},
    documents::{Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListDocuments {
    /// Only this model, such as catalog, profile or component-definition
    model: Option<String>,
    offset: Option<usize>,
    /// 20 by default
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DocumentSummary {
    /// For the `document` argument of other tools
    id: String,
    uuid: String,
    model: &'static str,
    title: String,
    version: String,
    oscal_version: String,
    last_modified: String,
    /// How many controls, components and so on it has
    counts: BTreeMap<&'static str, usize>,
    built_in: bool,
}

#[tool_router(router = list_documents_router, vis = "pub(super)")]
impl OscalServer {
    /// The loaded OSCAL documents: catalogs, profiles, component definitions, system security plans
    /// and others, with their ids
    #[tool(annotations(
        title = "List documents",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn list_documents(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<ListDocuments>,
    ) -> Result<Json<Page<DocumentSummary>>, ToolError> {
        let model = asked.model.as_deref().map(model).transpose()?;
        let access = self.admit(&caller, Operation::Read)?;
        let documents = access.documents();
        let summaries = documents
            .documents()
            .map(Document::info)
            .filter(|info| model.is_none_or(|model| model == info.model));
        let page = Page::cut(summaries, asked.offset, asked.limit, 20);
        Ok(Json::of(&page.map(DocumentSummary::of)))
    }
}

impl DocumentSummary {
    fn of(info: &DocumentInfo) -> Self {
        Self {
            id: info.id.clone(),
            uuid: info.uuid.clone(),
            model: info.model.root_key(),
            title: info.title.clone(),
            version: info.version.clone(),
            oscal_version: info.oscal_version.clone(),
            last_modified: info.last_modified.clone(),
            counts: info.counts.clone(),
            built_in: info.built_in,
        }
    }
}
