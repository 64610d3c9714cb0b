//! `list_models`: the models of OSCAL.

use rmcp::{
    schemars::{self, JsonSchema},
    tool, tool_router,
};
use serde::Serialize;

use crate::mcp::{
    answer::{Json, ToolError},
    documents::{Caller, Operation},
    server::OscalServer,
};

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Models {
    items: Vec<ModelSummary>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ModelSummary {
    /// Key at the root of its documents
    model: &'static str,
    title: &'static str,
    description: &'static str,
    /// control, implementation or assessment
    layer: &'static str,
    /// Absent if no schema is loaded
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<String>,
}

#[tool_router(router = list_models_router, vis = "pub(super)")]
impl OscalServer {
    /// The models of OSCAL: what each is for, and whether its schema is loaded
    #[tool(annotations(title = "List models", read_only_hint = true, open_world_hint = false))]
    async fn list_models(&self, caller: Caller) -> Result<Json<Models>, ToolError> {
        let access = self.admit(&caller, Operation::Read)?;
        let items = access.state.schemas.models();
        let items = items.into_iter().map(|info| ModelSummary {
            model: info.model.root_key(),
            title: info.title,
            description: info.description,
            layer: info.layer,
            schema_version: info.schema_version,
        });
        let models = Models {
            items: items.collect(),
        };
        Ok(Json::with_text(&models, models.text()))
    }
}

impl Models {
    fn text(&self) -> String {
        let lines = self.items.iter().map(|model| {
            let schema = match &model.schema_version {
                Some(version) => format!("schema {version}"),
                None => "no schema loaded".to_owned(),
            };
            let (key, layer, description) = (model.model, model.layer, model.description);
            format!("- `{key}` ({layer}, {schema}): {description}\n")
        });
        lines.collect()
    }
}
