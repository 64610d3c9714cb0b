//! The schemas loaded from a directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::document::model::Model;
use crate::formats::Format;
use crate::json::wellformed;
use crate::library::listing::limits::Limits;
use crate::library::listing::source_file::SourceFile;
use crate::library::listing::{Listing, LoadError};
use crate::library::problem::Problem;
use crate::validation::schema::{NotOfOneModel, Schema, numbers};

/// NIST's schemas are up to 210 KB.
const LIMITS: Limits = Limits {
    file_bytes: 4 << 20,
    // All models in all versions of OSCAL take 20 MB.
    total_bytes: 64 << 20,
    files: 400,
    directory_depth: 2,
};

/// NIST's JSON schemas of the models. Clones share them.
#[derive(Clone, Default)]
pub struct Schemas {
    schemas: Arc<[Schema]>,
    problems: Arc<[Problem]>,
}

/// The schemas directory cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SchemasError {
    #[error("the schemas directory `{}` does not exist; create it or name another one", .0.display())]
    Missing(PathBuf),
    #[error("the schemas directory `{}` is not a directory; name the directory that the files are in", .0.display())]
    NotADirectory(PathBuf),
    #[error("the schemas directory `{}` cannot be read: {source}; give this user permission to read it", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

impl From<LoadError> for SchemasError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Missing(path) => Self::Missing(path),
            LoadError::NotADirectory(path) => Self::NotADirectory(path),
            LoadError::Unreadable { path, source } => Self::Unreadable { path, source },
        }
    }
}

/// There is no schema for checking a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum NoSchema {
    #[error(
        "no schemas are loaded; put NIST's JSON schemas, the files `oscal_*_schema.json` of a \
         release of github.com/usnistgov/OSCAL, into a directory and start the server with \
         `--schemas-dir` set to it"
    )]
    NoneLoaded,
    #[error(
        "no schema of the model {0} is loaded; put NIST's JSON schema of that model into the \
         directory of `--schemas-dir` and start the server again"
    )]
    OfModel(Model),
    #[error("the schema in `{file}` cannot be used: {cause:.300}; replace it with NIST's own file")]
    Broken { file: String, cause: String },
}

/// A model of OSCAL, and whether its schema is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// The model; also the key at the root of its documents.
    pub model: Model,
    /// Its name for people.
    pub title: &'static str,
    /// Its purpose.
    pub description: &'static str,
    /// `control`, `implementation` or `assessment`.
    pub layer: &'static str,
    /// The OSCAL version of its schema, if that is loaded.
    pub schema_version: Option<String>,
}

impl Schemas {
    /// Loads the schemas in a directory, whatever the file names. A model may have schemas of several
    /// versions of OSCAL: each document is checked against that of its own version. A file that is
    /// not the schema of a model becomes a [`Problem`]; if several files are for one model and
    /// version, the first by name counts. A schema is compiled on first use.
    ///
    /// # Errors
    ///
    /// The directory does not exist, is not a directory or cannot be read.
    pub fn load(directory: &Path) -> Result<Self, SchemasError> {
        let Listing {
            files,
            mut problems,
            ..
        } = Listing::of(directory, LIMITS)?;
        let mut schemas: Vec<Schema> = Vec::new();
        let mut left = LIMITS.total_bytes;
        // A release of NIST's has its schemas in XML, too.
        let is_json = |file: &&SourceFile| Format::of_file(&file.name) == Some(Format::Json);
        for file in files.iter().filter(is_json) {
            let loaded = file.read(LIMITS.file_bytes.min(left)).and_then(|text| {
                left -= text.len() as u64;
                schema(&file.name, &text)
            });
            match loaded {
                Ok(Some(schema)) => match schemas.iter().find(|s| s.is_like(&schema)) {
                    None => schemas.push(schema),
                    Some(first) => {
                        let (model, first) = (schema.model, &first.file);
                        let message = format!("left out: `{first}` is also a schema of {model}");
                        problems.push(Problem::new(&*file.name, message));
                    }
                },
                Ok(None) => {}
                Err(message) => problems.push(Problem::new(&*file.name, message)),
            }
        }
        Ok(Self {
            schemas: schemas.into(),
            problems: problems.into(),
        })
    }

    /// The files that are not used, and why.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All models of OSCAL.
    pub fn models(&self) -> Vec<ModelInfo> {
        let info = |model: Model| {
            let (title, description) = described(model);
            ModelInfo {
                model,
                title,
                description,
                layer: model.layer(),
                schema_version: self.schema(model).ok().map(|schema| schema.version.clone()),
            }
        };
        Model::ALL.map(info).into()
    }

    /// The newest schema of a model.
    pub(super) fn schema(&self, model: Model) -> Result<&Schema, NoSchema> {
        if self.schemas.is_empty() {
            return Err(NoSchema::NoneLoaded);
        }
        let of_model = self.schemas.iter().filter(|schema| schema.model == model);
        let schema = of_model.max_by_key(|schema| schema.numbers());
        schema.ok_or(NoSchema::OfModel(model))
    }

    /// The schema of a model in a version of OSCAL; else the next newer one, for newer versions
    /// allow what older ones do; else the newest.
    pub(super) fn schema_of(&self, model: Model, version: &str) -> Result<&Schema, NoSchema> {
        let newest = self.schema(model)?;
        let Some(wanted) = numbers(version) else {
            return Ok(newest);
        };
        let of_model = self.schemas.iter().filter(|schema| schema.model == model);
        let not_older = of_model.filter(|schema| {
            let numbers = schema.numbers();
            numbers.is_some_and(|numbers| numbers >= wanted && numbers[0] == wanted[0])
        });
        Ok(not_older
            .min_by_key(|schema| schema.numbers())
            .unwrap_or(newest))
    }
}

impl std::fmt::Debug for Schemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = self.schemas.iter().map(|schema| &schema.file);
        f.debug_list().entries(files).finish()
    }
}

/// Reads a schema. `None` if it covers all models, because each model has a schema of its own.
fn schema(file: &str, text: &str) -> Result<Option<Schema>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let not_json = |error: serde_json::Error| format!("not JSON: {error}");
    wellformed::check(text).map_err(not_json)?;
    let root = serde_json::from_str(text).map_err(not_json)?;
    match Schema::of(file.to_owned(), text, &root) {
        Ok(schema) => Ok(Some(schema)),
        Err(NotOfOneModel::Complete) => Ok(None),
        Err(NotOfOneModel::NoSchema) => {
            Err("not the JSON schema of an OSCAL model; remove it".to_owned())
        }
        Err(NotOfOneModel::UnknownDraft) => {
            Err("not JSON Schema draft 7, which NIST's schemas use; replace it".to_owned())
        }
    }
}

fn described(model: Model) -> (&'static str, &'static str) {
    match model {
        Model::Catalog => ("Catalog", "Controls, in groups."),
        Model::Profile => (
            "Profile",
            "A selection and adjustment of controls: a baseline or overlay.",
        ),
        Model::MappingCollection => (
            "Mapping Collection",
            "Relations between the controls of several catalogs.",
        ),
        Model::ComponentDefinition => (
            "Component Definition",
            "How components implement controls, whatever the system.",
        ),
        Model::SystemSecurityPlan => (
            "System Security Plan (SSP)",
            "How a system implements the controls of its baseline.",
        ),
        Model::AssessmentPlan => (
            "Assessment Plan (AP)",
            "What an assessment is going to do, and how.",
        ),
        Model::AssessmentResults => (
            "Assessment Results (AR)",
            "What an assessment found: observations, findings and risks.",
        ),
        Model::PlanOfActionAndMilestones => (
            "Plan of Action and Milestones (POA&M)",
            "What needs to be fixed, and by when.",
        ),
    }
}
