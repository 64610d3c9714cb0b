//! `list_documents`: what is loaded.

use std::collections::BTreeMap;

use oscal_documents::Document;
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

/// The most files listed of a document.
const MAX_FILES: usize = 8;

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
    /// For the `document` argument of other tools, which takes titles and file names too
    id: String,
    uuid: String,
    model: &'static str,
    title: String,
    version: String,
    oscal_version: String,
    last_modified: String,
    /// Id of the newest revision, if this is an older one
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<String>,
    /// Its files, the first 8; only for callers who see all documents
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    files: Vec<String>,
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
            .filter(|document| model.is_none_or(|model| model == document.info().model));
        let page = Page::cut(summaries, asked.offset, asked.limit, 20);
        let with_files = access.sees_all();
        let page = page.map(|document| DocumentSummary::of(document, with_files));
        let text = markdown(&page);
        Ok(Json::with_text(&page, text))
    }
}

fn markdown(page: &Page<DocumentSummary>) -> String {
    let first = page.offset + 1;
    let last = page.offset + page.items.len();
    let mut text = match page.items.len() {
        0 => format!("None of {} documents.\n", page.total),
        shown if shown == page.total => format!("Documents: {shown}\n\n"),
        _ => format!("Documents {first} to {last} of {}\n\n", page.total),
    };
    for document in &page.items {
        text += &document.line();
    }
    text
}

impl DocumentSummary {
    fn of(document: &Document, with_files: bool) -> Self {
        let info = document.info();
        let files = document.files().filter(|_| with_files).take(MAX_FILES);
        Self {
            superseded_by: info.superseded_by.clone(),
            files: files.map(str::to_owned).collect(),
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

    /// One item of a Markdown list.
    fn line(&self) -> String {
        let date = self.last_modified.get(..10).unwrap_or_default();
        let mut text = format!("- {}", self.title);
        for (before, what) in [
            (" ", &*self.version),
            (", ", self.model),
            (" ", &*self.id),
            (", modified ", date),
            (", OSCAL ", &*self.oscal_version),
        ] {
            if !what.is_empty() {
                text += before;
                text += what;
            }
        }
        let counts = self
            .counts
            .iter()
            .map(|(what, count)| format!("{count} {what}"));
        let counts: Vec<_> = counts.collect();
        if !counts.is_empty() {
            text += "; ";
            text += &counts.join(", ");
        }
        if let Some(newer) = &self.superseded_by {
            text += &format!("; an older revision of {newer}");
        }
        if !self.files.is_empty() {
            text += "; ";
            text += &self.files.join(", ");
        }
        if self.built_in {
            text += "; built in";
        }
        text.push('\n');
        text
    }
}
