//! Tests with a small schema in the style of NIST's.

mod errors;
mod schemas;
mod warnings;

use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::library::Library;
use crate::library::listing::limits::Limits;

const UUID: &str = "00000000-0000-4000-8000-000000000001";

/// A catalog with groups that have either groups or controls.
fn catalog_schema() -> Value {
    let list = |name: &str| json!({"type": "array", "minItems": 1, "items": {"$ref": name}});
    let token = json!({"$ref": "#/definitions/TokenDatatype"});
    let group = |inner: &str, definition: &str| {
        json!({
            "properties": {
                "id": token, "title": {"type": "string"},
                "params": list("#/definitions/t-t:parameter"), (inner): list(definition),
            },
            "required": ["title"], "additionalProperties": false,
        })
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "http://example.org/ns/1.2.3/catalog.json",
        "type": "object",
        "properties": {"catalog": {"$ref": "#/definitions/t-t:catalog"}},
        "required": ["catalog"],
        "additionalProperties": false,
        "definitions": {
            "t-t:catalog": {
                "type": "object",
                "title": "Catalog",
                "description": "Controls, i.e. requirements. And more.",
                "properties": {
                    "uuid": {"$ref": "#/definitions/UUIDDatatype"},
                    "groups": list("#/definitions/t-t:group"),
                    "controls": list("#/definitions/t-t:control"),
                    "date": {"type": "string", "format": "date-time"},
                    "mail": {"type": "string", "format": "email"},
                    "count": {"type": "integer", "minimum": 1},
                    "roles": {"type": "array", "items": {
                        "type": "object", "title": "Role", "properties": {"id": token},
                    }},
                },
                "required": ["uuid"],
                "additionalProperties": false,
            },
            "t-t:group": {"type": "object", "anyOf": [
                group("groups", "#/definitions/t-t:group"),
                group("controls", "#/definitions/t-t:control"),
            ]},
            "t-t:control": {
                "type": "object",
                "title": "Control",
                "properties": {
                    "id": token,
                    "kind": {"allOf": [token, {"enum": ["system", "common"]}]},
                    "rel": {"anyOf": [token, {"enum": ["reference"]}]},
                    "controls": list("#/definitions/t-t:control"),
                },
                "required": ["id"],
                "additionalProperties": false,
            },
            "t-t:parameter": {"type": "object", "required": ["id"], "properties": {"id": token}},
            "TokenDatatype": {"type": "string", "pattern": r"^(\p{L}|_)(\p{L}|\p{N}|[.\-_])*$"},
            "UUIDDatatype": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        },
    })
}

fn directory(files: &[(&str, String)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("written");
    }
    directory
}

fn schemas() -> Schemas {
    static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
        let directory = directory(&[("any-name.json", catalog_schema().to_string())]);
        Schemas::load(directory.path()).expect("a directory")
    });
    SCHEMAS.clone()
}

fn validate_text(schemas: &Schemas, text: &str, model: Option<Model>, caps: Caps) -> Validation {
    let library = Library::load(&[], None, Limits::default()).expect("nothing to load");
    let view = library.view(|_| true);
    let validation = schemas.validate(Source::Text(text), model, &view, caps);
    validation.expect("small")
}
