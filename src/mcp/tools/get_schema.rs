//! `get_schema`: what a model consists of.

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
        if asked.full {
            let schema = schemas.raw(model, definition)?;
            let size = schema.to_string().len();
            if size > MAX_RAW {
                let advice = "ask for one definition, or for the outline";
                return Err(ToolError::AnswerTooLarge { size, advice });
            }
            answer.schema = Some(schema.clone());
        } else {
            let outline = schemas.outline(model, definition, asked.depth)?;
            answer.outline = serde_json::to_value(outline).ok();
        }
        Ok(Json::of(&answer))
    }
}
