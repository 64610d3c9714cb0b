//! `validate_document`: whether content is valid OSCAL, and what looks wrong.

use std::fmt::Write;

use oscal_documents::{Caps, Constraints, Findings, Format, Model, Source, UnknownFormat, to_yaml};
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

/// The largest converted document that is sent.
const MAX_CONVERTED: usize = 1 << 20;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidateDocument {
    /// The document: JSON, or JSON, YAML or XML as text
    content: Option<Value>,
    /// Or the id of a loaded document
    document: Option<String>,
    /// json, yaml or xml, if the text does not tell
    format: Option<String>,
    /// json or yaml: also return the document in this format
    convert_to: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
    /// yaml or xml: errors and warnings have the paths of the JSON form
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    /// Why there is no verdict
    #[serde(skip_serializing_if = "Option::is_none")]
    no_verdict: Option<String>,
    /// In document order, the first 50
    errors: Vec<Finding>,
    error_count: usize,
    /// NIST's constraints beyond the schema; `valid` does not cover them
    #[serde(skip_serializing_if = "Option::is_none")]
    constraints: Option<Beyond>,
    /// FedRAMP's list of values, for its documents; only warnings
    #[serde(skip_serializing_if = "Option::is_none")]
    fedramp: Option<Beyond>,
    /// Valid, and yet suspicious: duplicates, references to nothing, unused parameters
    warnings: Vec<Finding>,
    warning_count: usize,
    /// The document in the format asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    converted: Option<String>,
}

/// What was checked beyond the schema.
#[derive(Debug, Serialize, JsonSchema)]
struct Beyond {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    checked: usize,
    not_checked: Vec<&'static str>,
    /// The first 50; the rule is the id of the constraint
    findings: Vec<Finding>,
    finding_count: usize,
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
    let format = asked.format.as_deref().map(|name| format("format", name));
    let source = match (&asked.content, &asked.document) {
        (Some(Value::String(content)), None) => match format.transpose()? {
            Some(format) => Source::TextIn(format, content),
            None => Source::Text(content),
        },
        (Some(content), None) => Source::Tree(content),
        (None, Some(id)) => Source::Document(document(&documents, id)?),
        _ => return Err(ToolError::EitherOr("content", "document")),
    };
    let to = asked.convert_to.as_deref().map(written).transpose()?;
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
    let fedramp = found.fedramp.map(|found| Beyond {
        version: Some(found.version),
        ..Beyond::of(found.values)
    });
    let tree = match source {
        Source::Tree(tree) => Some(tree),
        _ => found.document.as_ref(),
    };
    let converted = match (tree, to) {
        (Some(tree), Some(to)) => Some(converted(tree, to)?),
        _ => None,
    };
    Ok(Verdict {
        format: (found.format != Format::Json).then(|| found.format.name()),
        constraints: found.constraints.map(Beyond::of),
        fedramp,
        converted,
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

/// A format by its name.
fn format(field: &'static str, name: &str) -> Result<Format, ToolError> {
    name.parse()
        .map_err(|error: UnknownFormat| ToolError::Argument {
            field,
            problem: error.to_string(),
        })
}

/// The format that a document is to be written in.
fn written(name: &str) -> Result<Format, ToolError> {
    const FIELD: &str = "convert_to";
    match format(FIELD, name)? {
        format @ (Format::Json | Format::Yaml) => Ok(format),
        _ => Err(ToolError::Argument {
            field: FIELD,
            problem: "only json and yaml can be written".to_owned(),
        }),
    }
}

/// The document in another format.
fn converted(tree: &Value, to: Format) -> Result<String, ToolError> {
    let text = match to {
        Format::Yaml => to_yaml(tree),
        _ => tree.to_string(),
    };
    if text.len() > MAX_CONVERTED {
        return Err(ToolError::AnswerTooLarge {
            size: text.len(),
            advice: "use the command oscal-mcp-server convert",
        });
    }
    Ok(text)
}

impl Beyond {
    fn of(constraints: Constraints) -> Self {
        let (findings, finding_count) = listed(constraints.findings);
        Self {
            version: None,
            checked: constraints.checked,
            not_checked: constraints.not_checked,
            findings,
            finding_count,
        }
    }

    fn counts(&self) -> String {
        format!(
            "{} checked, {} findings, {} not checked",
            self.checked,
            self.finding_count,
            self.not_checked.len()
        )
    }
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
        if let Some(beyond) = &self.constraints {
            let _ = writeln!(text, "Constraints beyond the schema: {}.", beyond.counts());
        }
        if let Some(beyond) = &self.fedramp {
            let version = beyond.version.unwrap_or_default();
            let _ = writeln!(
                text,
                "FedRAMP's value sets, experimental ({version}): {}.",
                beyond.counts()
            );
        }
        if let Some(format) = self.format {
            let _ = writeln!(
                text,
                "It is {format}; the paths below are those of its JSON form."
            );
        }
        let (nists, fedramps) = (found(&self.constraints), found(&self.fedramp));
        for (kind, findings, count) in [
            ("Errors", &self.errors[..], self.error_count),
            ("Constraints that do not hold", nists.0, nists.1),
            ("Values that FedRAMP does not allow", fedramps.0, fedramps.1),
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
        if let Some(converted) = &self.converted {
            let _ = writeln!(text, "\n## Converted\n\n{converted}");
        }
        text
    }
}

/// The findings that are listed, and how many there are.
fn found(beyond: &Option<Beyond>) -> (&[Finding], usize) {
    beyond.as_ref().map_or((&[], 0), |beyond| {
        (&beyond.findings[..], beyond.finding_count)
    })
}

fn listed(findings: Findings) -> (Vec<Finding>, usize) {
    let listed = findings.items.into_iter().map(|finding| Finding {
        path: finding.path,
        message: finding.message,
        rule: finding.rule,
    });
    (listed.collect(), findings.total)
}
