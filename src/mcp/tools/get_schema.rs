//! `get_schema`: what a model consists of.

use std::fmt::Write;

use oscal_documents::{SchemaMember, SchemaOutline, SchemaShape};
use rmcp::{
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mcp::{
    answer::{Json, ToolError, model},
    documents::{Caller, Operation},
    server::OscalServer,
};

/// The largest schema sent as it is: NIST's largest has some 120 KB.
const MAX_RAW: usize = 256 << 10;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetSchema {
    /// Such as catalog or system-security-plan
    model: String,
    /// Only this definition, such as control
    definition: Option<String>,
    /// Levels of members, 1 to 6; 2 by default
    depth: Option<u32>,
    /// Return the unchanged JSON schema; large
    #[serde(default)]
    full: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Schema {
    model: &'static str,
    /// Members with type, description, cardinality and allowed values
    #[serde(skip_serializing_if = "Option::is_none")]
    outline: Option<Value>,
    /// As NIST publishes it
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
}

#[tool_router(router = get_schema_router, vis = "pub(super)")]
impl OscalServer {
    /// What a model, or one definition of it, consists of: members, types, required members,
    /// allowed values
    #[tool(annotations(title = "Get schema", read_only_hint = true, open_world_hint = false))]
    async fn get_schema(
        &self,
        caller: Caller,
        Parameters(asked): Parameters<GetSchema>,
    ) -> Result<Json<Schema>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let schemas = &access.state.schemas;
        let model = model(&asked.model)?;
        let definition = asked.definition.as_deref();
        let mut answer = Schema {
            model: model.root_key(),
            outline: None,
            schema: None,
        };
        let text;
        if asked.full {
            let schema = schemas.raw(model, definition)?;
            let size = schema.to_string().len();
            if size > MAX_RAW {
                let advice = "ask for one definition, or for the outline";
                return Err(ToolError::AnswerTooLarge { size, advice });
            }
            answer.schema = Some(schema.clone());
            text = format!("The JSON schema of {model} is in the structured content.");
        } else {
            let outline = schemas.outline(model, definition, asked.depth)?;
            text = shown(&outline);
            answer.outline = serde_json::to_value(outline).ok();
        }
        Ok(Json::with_text(&answer, text))
    }
}

/// The members as nested lists.
fn shown(outline: &SchemaOutline) -> String {
    let SchemaOutline {
        model,
        schema_version,
        definition,
        constraints,
        shape,
        ..
    } = outline;
    let mut text = format!("# {definition}, in {model} of OSCAL {schema_version}\n\n");
    let _ = writeln!(text, "{}\n", described(shape, definition));
    push_members(&mut text, shape, 0);
    if !constraints.is_empty() {
        text += "\nConstraints beyond the schema:\n";
    }
    for constraint in constraints {
        let _ = writeln!(text, "- {constraint}");
    }
    text
}

fn push_members(out: &mut String, shape: &SchemaShape, level: usize) {
    let indent = "  ".repeat(level);
    for alternatives in &shape.either {
        let names = alternatives.join(", ");
        let _ = writeln!(out, "{indent}- either: {names}");
    }
    for SchemaMember {
        name,
        required,
        shape,
    } in &shape.members
    {
        let required = if *required { " (required)" } else { "" };
        // What is deeper is described when its own definition is asked for.
        let shown = match level {
            0 => described(shape, name),
            _ => of_shape(shape, name),
        };
        let _ = writeln!(out, "{indent}- `{name}`{required}: {shown}");
        push_members(out, shape, level + 1);
    }
}

/// The same as [`of_shape`], and the description.
fn described(shape: &SchemaShape, name: &str) -> String {
    match of_shape(shape, name) {
        text if shape.description.is_empty() => text,
        text => format!("{text}. {}", shape.description),
    }
}

/// Type, definition and allowed values. A definition of the member's own name needs no mention.
fn of_shape(shape: &SchemaShape, name: &str) -> String {
    let mut text = shape.kind.clone();
    let definition = shape.definition.as_deref();
    if let Some(definition) = definition.filter(|definition| *definition != name) {
        text += &format!(" `{definition}`");
    }
    match (shape.min_items, shape.max_items) {
        (Some(min), Some(max)) => text += &format!(", {min} to {max}"),
        (Some(min), None) if min > 1 => text += &format!(", at least {min}"),
        (_, Some(max)) => text += &format!(", at most {max}"),
        _ => {}
    }
    if !shape.values.is_empty() {
        text += &format!("; one of {}", shape.values.join(", "));
    }
    if !shape.usual_values.is_empty() {
        text += &format!("; such as {}", shape.usual_values.join(", "));
    }
    text
}
