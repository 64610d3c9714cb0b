//! `search`: finds controls and other entries by words.

use std::fmt::{self, Write};

use oscal_documents::{Document, Hit, LibraryView, Query};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};

use crate::mcp::{
    answer::{Json, ToolError, advice, document, markdown, model},
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
    /// Only the document with this id, title or file name
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
    document_title: String,
    document_version: String,
    model: &'static str,
}

#[tool_router(router = search_router, vis = "pub(super)")]
impl OscalServer {
    /// Ranked search over controls (title, statement, guidance), components, implemented
    /// requirements and other entries of all documents. Start here with words; with an id, use
    /// get_control or get_object
    #[tool(annotations(title = "Search", read_only_hint = true, open_world_hint = false))]
    async fn search(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<Search>,
    ) -> Result<Json<SearchResult>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let find = move |access: &Access| {
            let result = asked.answer(&access.documents())?;
            let text = result.markdown();
            Ok(Json::with_text(&result, text))
        };
        self.pass_over(&access, find).await
    }
}

impl Search {
    fn answer(&self, documents: &LibraryView<'_>) -> Result<SearchResult, ToolError> {
        let within = self.document.as_deref();
        let within = within.map(|name| document(documents, name)).transpose()?;
        let hits = documents.search(&Query {
            text: &self.query,
            model: self.model.as_deref().map(model).transpose()?,
            document: within.map(|document| &*document.info().id),
            limit: self.limit.unwrap_or(10).clamp(1, 50),
        });
        Ok(SearchResult {
            items: hits
                .items
                .into_iter()
                .map(|hit| SearchHit::of(hit, documents))
                .collect(),
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

impl SearchResult {
    /// The hits, and at the end the documents that they are in.
    fn markdown(&self) -> String {
        markdown::written(|out| self.write(out))
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        match (self.items.len(), self.total) {
            (0, _) => writeln!(out, "Nothing found.")?,
            (shown, total) if shown < total => {
                writeln!(out, "The best {shown} of {total} hits:\n")?;
            }
            (_, total) => writeln!(out, "Hits: {total}\n")?,
        }
        let mut documents: Vec<&SearchHit> = Vec::new();
        for (at, hit) in self.items.iter().enumerate() {
            let known = documents
                .iter()
                .position(|one| one.document == hit.document);
            let source = known.unwrap_or(documents.len());
            if known.is_none() {
                documents.push(hit);
            }
            let label = hit.label.as_deref().unwrap_or_default();
            let name = format!("{label} {}", hit.title);
            write!(out, "{}. {} ", at + 1, name.trim())?;
            // The label of a control serves as well as its id.
            if label.is_empty() || hit.kind != "control" {
                write!(out, "({} {}) ", hit.kind, hit.id)?;
            }
            write!(out, "[{}]", source + 1)?;
            match hit.snippet.trim() {
                "" => writeln!(out)?,
                snippet => writeln!(out, ": {snippet}")?,
            }
        }
        if !documents.is_empty() {
            writeln!(out)?;
        }
        for (at, hit) in documents.iter().enumerate() {
            let (title, model, id) = (&hit.document_title, hit.model, &hit.document);
            let name = format!("{title} {}", hit.document_version);
            writeln!(out, "[{}] {} ({model} {id})", at + 1, name.trim_end())?;
        }
        if let Some(note) = &self.note {
            writeln!(out, "\n{note}")?;
        }
        Ok(())
    }
}

impl SearchHit {
    fn of(hit: Hit, documents: &LibraryView<'_>) -> Self {
        let info = documents.document(&hit.document).map(Document::info);
        Self {
            kind: hit.kind.to_string(),
            id: hit.id,
            label: hit.label,
            title: hit.title,
            snippet: hit.snippet,
            document_title: info.map(|info| info.title.clone()).unwrap_or_default(),
            document_version: info.map(|info| info.version.clone()).unwrap_or_default(),
            document: hit.document,
            model: hit.model.root_key(),
        }
    }
}
