//! The tools. Each file adds one to the router.

mod about;
mod compare;
mod get_control;
mod get_object;
mod get_schema;
mod list_controls;
mod list_documents;
mod list_models;
mod query_assessments;
mod query_implementations;
mod query_mappings;
mod resolve_profile;
mod search;
mod validate_document;

use std::sync::Arc;

use rmcp::{
    handler::server::router::tool::ToolRouter,
    model::JsonObject,
    schemars::{
        Schema,
        transform::{RecursiveTransform, Transform},
    },
};
use serde_json::Value;

use super::server::OscalServer;

/// All tools.
pub(super) fn router() -> ToolRouter<OscalServer> {
    let mut router = OscalServer::about_router()
        + OscalServer::search_router()
        + OscalServer::get_control_router()
        + OscalServer::list_documents_router()
        + OscalServer::list_controls_router()
        + OscalServer::resolve_profile_router()
        + OscalServer::query_implementations_router()
        + OscalServer::query_mappings_router()
        + OscalServer::compare_router()
        + OscalServer::query_assessments_router()
        + OscalServer::get_object_router()
        + OscalServer::validate_document_router()
        + OscalServer::list_models_router()
        + OscalServer::get_schema_router();
    for route in router.map.values_mut() {
        let tool = &mut route.attr;
        slim(&mut tool.input_schema);
        if let Some(schema) = &mut tool.output_schema {
            slim(schema);
            keep_top_level(schema);
        }
    }
    router
}

/// Takes out of a schema what tells a model nothing, for every client pays for `tools/list` with
/// its context: the dialect, the width of integers, and that an absent member may be null as well.
fn slim(schema: &mut Arc<JsonObject>) {
    let mut slimmed = Schema::from(schema.as_ref().clone());
    RecursiveTransform(drop_noise).transform(&mut slimmed);
    if let Some(members) = slimmed.as_object() {
        *schema = Arc::new(members.clone());
    }
}

fn drop_noise(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    for noise in ["$schema", "format", "minimum", "default"] {
        members.remove(noise);
    }
    if let Some(one) = members.get("type").and_then(not_null) {
        members.insert("type".to_owned(), one);
    }
    if let Some(Value::Object(one)) = members.get("anyOf").and_then(not_null) {
        members.remove("anyOf");
        members.extend(one);
    }
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        // `true` also allows anything, but some clients expect an object.
        for property in properties.values_mut().filter(|value| value.is_boolean()) {
            *property = Value::Object(JsonObject::new());
        }
    }
}

/// Describes an answer's members and no further: of the objects within them it only says that they
/// are objects, since each explains itself once it is seen.
fn keep_top_level(schema: &mut Arc<JsonObject>) {
    let mut members = schema.as_ref().clone();
    let definitions = members.remove("$defs").unwrap_or_default();
    let mut top = Schema::from(members);
    RecursiveTransform(|part: &mut Schema| {
        let reference = part.remove("$ref");
        let reference = reference.as_ref().and_then(Value::as_str);
        let name = reference.and_then(|reference| reference.strip_prefix("#/$defs/"));
        let kind = name.and_then(|name| definitions.get(name)?.get("type"));
        if let Some(kind) = kind {
            part.insert("type".to_owned(), kind.clone());
        }
    })
    .transform(&mut top);
    if let Some(members) = top.as_object() {
        *schema = Arc::new(members.clone());
    }
}

/// The other one of two alternatives, if one of them is null.
fn not_null(alternatives: &Value) -> Option<Value> {
    let is_null = |value: &&Value| **value == "null" || value.get("type") == Some(&"null".into());
    let [first, second] = alternatives.as_array()?.as_slice() else {
        return None;
    };
    match (is_null(&first), is_null(&second)) {
        (false, true) => Some(first.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_tools_together_take_little_of_a_models_context() {
        let tools = router().list_all();
        for tool in &tools {
            let description = tool.description.as_deref().unwrap_or_default();
            assert!(description.len() > 40, "{}: {description:?}", tool.name);
        }
        let listed = serde_json::to_string(&tools).expect("JSON");
        assert!(listed.len() < 20_000, "{} bytes", listed.len());
    }
}
