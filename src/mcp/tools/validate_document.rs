//! `validate_document`: whether content is valid OSCAL, and what looks wrong.

use std::fmt::Write;

use oscal_documents::{Caps, Findings, Model, Source};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::Instrument;

use crate::mcp::{
    answer::{Json, ToolError, document, model},
    documents::{Access, Caller, Operation},
    server::OscalServer,
};
use crate::traces::validation;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidateDocument {
    /// The document: JSON, or JSON as text
    content: Option<Value>,
    /// Or the id of a loaded document
    document: Option<String>,
    /// Expected model, such as catalog; default: the model that it declares
    model: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verdict {
    /// Absent if no matching schema is loaded
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'static str>,
    /// OSCAL version that the document names
    #[serde(skip_serializing_if = "Option::is_none")]
    oscal_version: Option<String>,
    /// Version of OSCAL of the schema
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
    /// Why there is no verdict
    #[serde(skip_serializing_if = "Option::is_none")]
    no_verdict: Option<String>,
    /// In document order, the first 50
    errors: Vec<Finding>,
    error_count: usize,
    /// Allowed by the schema, and yet suspicious: duplicates, references to nothing, unused
    /// parameters
    warnings: Vec<Finding>,
    warning_count: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Finding {
    /// JSON pointer
    path: String,
    message: String,
    rule: String,
}

#[tool_router(router = validate_document_router, vis = "pub(super)")]
impl OscalServer {
    /// Whether a document is valid OSCAL: errors with their path, and warnings
    #[tool(annotations(
        title = "Validate document",
        read_only_hint = true,
        open_world_hint = false
    ))]
    async fn validate_document(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<ValidateDocument>,
    ) -> Result<Json<Verdict>, ToolError> {
        let access = self.admit(&caller, Operation::Validate)?;
        let bytes = match &asked.content {
            Some(Value::String(text)) => text.len(),
            Some(tree) => Caps::default().bytes_of(tree)?,
            None => 0,
        };
        let workers = &self.shared.workers;
        let work = move || {
            let verdict = verdict(&access, &asked)?;
            Ok(Json::with_text(&verdict, verdict.text()))
        };
        let run = workers.run(&workers.validations, bytes, work);
        run.instrument(validation(bytes)).await?
    }
}

fn verdict(access: &Access, asked: &ValidateDocument) -> Result<Verdict, ToolError> {
    let documents = access.documents();
    let source = match (&asked.content, &asked.document) {
        (Some(Value::String(content)), None) => Source::Text(content),
        (Some(content), None) => Source::Tree(content),
        (None, Some(id)) => Source::Document(document(&documents, id)?),
        _ => return Err(ToolError::EitherOr("content", "document")),
    };
    let schemas = &access.state.schemas;
    let model = asked.model.as_deref().map(model).transpose()?;
    let found = schemas.validate(source, model, &documents, Caps::default())?;
    let valid = found.is_valid();
    let (errors, no_verdict) = match found.errors {
        Ok(errors) => (Some(errors), None),
        Err(no_schema) => (None, Some(no_schema.to_string())),
    };
    let (errors, error_count) = errors.map_or((Vec::new(), 0), listed);
    let (warnings, warning_count) = listed(found.warnings);
    Ok(Verdict {
        valid,
        model: found.model.map(Model::root_key),
        oscal_version: found.oscal_version,
        schema_version: found.schema_version,
        no_verdict,
        errors,
        error_count,
        warnings,
        warning_count,
    })
}

impl Verdict {
    /// The verdict, then the findings, one per line.
    fn text(&self) -> String {
        let model = self.model.unwrap_or("OSCAL document");
        let mut text = match (self.valid, &self.no_verdict) {
            (Some(true), _) => format!("Valid {model}"),
            (Some(false), _) => format!("Not a valid {model}"),
            (None, Some(why)) => format!("No verdict: {why}"),
            (None, None) => "No verdict".to_owned(),
        };
        match (&self.schema_version, &self.oscal_version) {
            (Some(schema), Some(version)) if schema != version => {
                text += &format!(
                    ", by the schema of OSCAL {schema}; it names OSCAL {version}, of which no \
                     schema is loaded"
                );
            }
            (Some(schema), _) => text += &format!(", by the schema of OSCAL {schema}"),
            (None, _) => {}
        }
        text += ".\n";
        for (kind, findings, count) in [
            ("Errors", &self.errors, self.error_count),
            ("Warnings", &self.warnings, self.warning_count),
        ] {
            if count == 0 {
                continue;
            }
            let shown = findings.len();
            let which = match shown < count {
                true => format!(", the first {shown}"),
                false => String::new(),
            };
            let _ = writeln!(text, "\n## {kind}: {count}{which}\n");
            for Finding {
                path,
                message,
                rule,
            } in findings
            {
                let path = if path.is_empty() {
                    "the document"
                } else {
                    path
                };
                let _ = writeln!(text, "- {path}: {message} [{rule}]");
            }
        }
        text
    }
}

fn listed(findings: Findings) -> (Vec<Finding>, usize) {
    let listed = findings.items.into_iter().map(|finding| Finding {
        path: finding.path,
        message: finding.message,
        rule: finding.rule,
    });
    (listed.collect(), findings.total)
}
