//! `about`: which server this is, what it has loaded, and who asks.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use rmcp::{
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use rmcp_resource_server::{AccessToken, CryptographicModule};
use serde::Serialize;

use crate::mcp::{
    answer::{Json, ToolError, advice, markdown},
    documents::{Caller, Operation},
    server::OscalServer,
};

/// The most load problems listed.
const MAX_PROBLEMS: usize = 50;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct About {
    name: String,
    version: &'static str,
    cryptographic_module: String,
    /// OSCAL version of the schemas, if loaded
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
    /// Loaded documents by model
    documents: BTreeMap<&'static str, usize>,
    /// Controls of all catalogs
    controls: usize,
    /// How to load more documents, if few are loaded
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    /// Files that are not loaded, or only in part
    problem_count: usize,
    /// The first of them
    problems: Vec<Problem>,
    /// The caller; absent without authorization
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<CallerIdentity>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Problem {
    file: String,
    message: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CallerIdentity {
    /// user: the client acts for a user; client: the client itself
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    scopes: Vec<String>,
}

#[tool_router(router = about_router, vis = "pub(super)")]
impl OscalServer {
    /// This server: version, loaded documents, files that are not loaded, and how it identifies you.
    /// Use it when something seems to be missing
    #[tool(annotations(
        title = "About this server",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn about(&self, caller: Caller) -> Result<Json<About>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let documents = access.documents();
        let mut by_model = BTreeMap::new();
        for document in documents.documents() {
            *by_model
                .entry(document.info().model.root_key())
                .or_default() += 1;
        }
        // A problem may name a document that this caller cannot see.
        let (library, schemas) = (&access.state.library, &access.state.schemas);
        let problems: Vec<_> = match access.sees_all() {
            true => library
                .problems()
                .iter()
                .chain(schemas.problems())
                .chain(library.skipped())
                .collect(),
            false => Vec::new(),
        };
        let about = About {
            name: self.shared.name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            cryptographic_module: CryptographicModule::linked().to_string(),
            schema_version: schemas
                .models()
                .into_iter()
                .find_map(|model| model.schema_version),
            documents: by_model,
            controls: documents
                .documents()
                .map(|document| document.controls().len())
                .sum(),
            note: advice(&documents),
            problem_count: problems.len(),
            problems: problems
                .into_iter()
                .take(MAX_PROBLEMS)
                .map(|problem| Problem {
                    file: problem.file.clone(),
                    message: problem.message.clone(),
                })
                .collect(),
            caller: caller.token().map(CallerIdentity::of),
        };
        let text = about.markdown();
        Ok(Json::with_text(&about, text))
    }
}

impl About {
    fn markdown(&self) -> String {
        markdown::written(|out| self.write(out))
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "{} {}\n", self.name, self.version)?;
        let documents: Vec<_> = (self.documents.iter())
            .map(|(model, count)| format!("{count} {model}"))
            .collect();
        match documents[..] {
            [] => writeln!(out, "- Documents: none")?,
            _ => writeln!(out, "- Documents: {}", documents.join(", "))?,
        }
        writeln!(out, "- Controls in catalogs: {}", self.controls)?;
        match &self.schema_version {
            Some(version) => writeln!(out, "- Schemas: OSCAL {version}")?,
            None => writeln!(out, "- Schemas: none, so nothing can be validated")?,
        }
        writeln!(out, "- Cryptography: {}", self.cryptographic_module)?;
        if let Some(note) = self.note {
            writeln!(out, "- Note: {note}")?;
        }
        if let Some(caller) = &self.caller {
            write!(out, "- You: {}", caller.kind)?;
            for name in [&caller.subject, &caller.client_id].into_iter().flatten() {
                write!(out, " {name}")?;
            }
            writeln!(out, ", scopes {}", caller.scopes.join(" "))?;
        }
        if self.problem_count > 0 {
            writeln!(
                out,
                "\nNot loaded, or only in part: {}\n",
                self.problem_count
            )?;
        }
        for Problem { file, message } in &self.problems {
            writeln!(out, "- {file}: {message}")?;
        }
        Ok(())
    }
}

impl CallerIdentity {
    fn of(token: &AccessToken) -> Self {
        let kind = match token.user() {
            Some(_) => "user",
            None => "client",
        };
        Self {
            kind,
            subject: token.subject().map(str::to_owned),
            client_id: token.client_id().map(str::to_owned),
            scopes: token.scopes().iter().map(str::to_owned).collect(),
        }
    }
}
