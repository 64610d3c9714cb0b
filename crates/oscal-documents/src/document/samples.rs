//! Sample documents for tests.

use serde_json::{Value, json};

use crate::document::Document;
use crate::document::error::DocumentError;

pub(crate) const UUID: &str = "0A1B2C3D-0000-4000-8000-000000000001";

pub(crate) fn parsed(document: &Value) -> Result<Document, DocumentError> {
    Document::parse("test.json", document.to_string(), false)
}

/// A catalog with these members next to its metadata.
pub(crate) fn catalog(members: Value) -> Document {
    let mut catalog = json!({"uuid": UUID, "metadata": {"title": "Test catalog", "version": "1"}});
    if let (Value::Object(catalog), Value::Object(members)) = (&mut catalog, members) {
        catalog.extend(members);
    }
    parsed(&json!({"catalog": catalog})).expect("a catalog")
}

pub(crate) fn document_with_params(params: &Value) -> Document {
    catalog(json!({"params": params}))
}
