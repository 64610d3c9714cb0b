//! The outline of a schema: what a definition consists of, in a form that fits a model's context.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use crate::document::model::Model;
use crate::validation::constraints;
use crate::validation::definition::{Definitions, UnknownDefinition};
use crate::validation::schema_shape::{SchemaShape, Shaper};
use crate::validation::schemas::{NoSchema, Schemas};

/// The largest outline as JSON, in bytes. The depth is reduced until it fits.
const MAX_BYTES: usize = 15_000;

/// The default depth of nested members.
const DEFAULT_DEPTH: u32 = 2;

/// The greatest depth that can be requested.
const MAX_DEPTH: u32 = 6;

/// What a definition of a schema consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaOutline {
    /// The model that the schema describes.
    pub model: Model,
    /// The version of OSCAL.
    pub schema_version: String,
    /// The definition.
    pub definition: String,
    /// The levels of members shown; fewer than requested if the outline would be too large.
    pub depth: u32,
    /// NIST's constraints of the definition beyond the schema, each with its id, and the values that
    /// FedRAMP allows its members to have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// The definition itself.
    #[serde(flatten)]
    pub shape: SchemaShape,
}

/// There is no such outline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum OutlineError {
    #[error(transparent)]
    NoSchema(#[from] NoSchema),
    #[error(transparent)]
    UnknownDefinition(#[from] UnknownDefinition),
}

impl Schemas {
    /// The outline of a model's documents, or of one definition in its schema, such as `control`,
    /// with `depth` levels of members (default 2, at most 6). As JSON it is smaller than 16 KB.
    ///
    /// # Errors
    ///
    /// There is no schema for the model, or no such definition in it.
    pub fn outline(
        &self,
        model: Model,
        definition: Option<&str>,
        depth: Option<u32>,
    ) -> Result<SchemaOutline, OutlineError> {
        let schema = self.schema(model)?;
        let definitions = Definitions::of(schema);
        let (name, value) = definitions.named(name_of(model, definition))?;
        let mut depth = depth.unwrap_or(DEFAULT_DEPTH).clamp(1, MAX_DEPTH);
        loop {
            let mut shaper = Shaper {
                schema,
                definitions: &definitions,
                shown: HashSet::new(),
                level_of_detail: depth,
            };
            let outline = SchemaOutline {
                model,
                schema_version: schema.version.clone(),
                definition: name.to_owned(),
                depth: depth.max(1),
                constraints: constraints::described(name),
                shape: shaper.shape(value, depth.max(1)),
            };
            let size = serde_json::to_string(&outline).map_or(0, |json| json.len());
            if size <= MAX_BYTES || depth == 0 {
                return Ok(outline);
            }
            depth -= 1;
        }
    }

    /// The schema of a model, or one definition in it, as in the file; a definition with
    /// `combine.method`, which NIST's schemas lack, also has that. Schemas are up to 120 KB.
    ///
    /// # Errors
    ///
    /// There is no schema for the model, or no such definition in it.
    pub fn raw(&self, model: Model, definition: Option<&str>) -> Result<&Value, OutlineError> {
        let schema = self.schema(model)?;
        match definition {
            None => Ok(schema.published()),
            Some(_) => {
                let definitions = Definitions::of(schema);
                Ok(definitions.named(name_of(model, definition))?.1)
            }
        }
    }
}

/// The name of the requested definition, or else of the document's.
fn name_of(model: Model, definition: Option<&str>) -> &str {
    let given = definition.map(str::trim).filter(|name| !name.is_empty());
    given.unwrap_or(model.root_key())
}
