//! `search`: finds controls and other entries by words.

use oscal_documents::{Hit, LibraryView, Query};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, ToolError, advice, document, model},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// Plain words, abbreviations such as MFA, or a control's id or label in any common notation
    query: String,
    /// Only documents of this model, such as catalog
    model: Option<String>,
    /// Only the document with this id
    document: Option<String>,
    /// At most 50; 10 by default
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SearchResult {
    /// Best first
    items: Vec<SearchHit>,
    /// Total number of hits
    total: usize,
    /// Why there may be none
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SearchHit {
    /// control, component, implemented-requirement and so on
    kind: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    title: String,
    /// Text around the best match
    snippet: String,
    /// Id of the document it is in
    document: String,
    model: &'static str,
}

#[tool_router(router = search_router, vis = "pub(super)")]
impl OscalServer {
    /// Ranked search over controls (title, statement, guidance), components, implemented
    /// requirements and other entries of all documents
    #[tool(annotations(title = "Search", read_only_hint = true, open_world_hint = false))]
    async fn search(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<Search>,
    ) -> Result<Json<SearchResult>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let find = move |access: &Access| Ok(Json::of(&asked.answer(&access.documents())?));
        self.pass_over(&access, find).await
    }
}

impl Search {
    fn answer(&self, documents: &LibraryView<'_>) -> Result<SearchResult, ToolError> {
        if let Some(id) = &self.document {
            document(documents, id)?;
        }
        let hits = documents.search(&Query {
            text: &self.query,
            model: self.model.as_deref().map(model).transpose()?,
            document: self.document.as_deref(),
            limit: self.limit.unwrap_or(10).clamp(1, 50),
        });
        Ok(SearchResult {
            items: hits.items.into_iter().map(SearchHit::of).collect(),
            total: hits.total,
            note: (hits.total == 0).then(|| self.why_nothing(documents)),
        })
    }

    fn why_nothing(&self, documents: &LibraryView<'_>) -> String {
        if let Some(advice) = advice(documents) {
            return advice.to_owned();
        }
        let restriction = if self.document.is_some() || self.model.is_some() {
            "; search without `document` and `model`, or with other words"
        } else {
            "; try other words, or list_controls"
        };
        let near = documents.near_words(&self.query);
        if near.is_empty() {
            format!("no entry has any of these words{restriction}")
        } else {
            let near = near.join(", ");
            format!("no entry has any of these words; documents have: {near}")
        }
    }
}

impl SearchHit {
    fn of(hit: Hit) -> Self {
        Self {
            kind: hit.kind.to_string(),
            id: hit.id,
            label: hit.label,
            title: hit.title,
            snippet: hit.snippet,
            document: hit.document,
            model: hit.model.root_key(),
        }
    }
}
