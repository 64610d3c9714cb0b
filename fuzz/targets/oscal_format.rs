//! What the targets `oscal_xml` and `oscal_yaml` share.

use oscal_documents::{Document, Format, to_json, to_yaml};
use serde_json::Value;

/// What is read is JSON of bounded size, which YAML carries without a change.
pub fn check(text: &str, format: Format, file: &str) {
    let Ok(json) = to_json(text, format) else {
        return;
    };
    assert!(json.len() <= 64 * text.len() + (9 << 20), "{} from {}", json.len(), text.len());
    let _ = Document::parse(file, text.to_owned(), false);
    // Names that `serde_json` reserves make it take an object for something else.
    if json.contains("$serde_json") {
        return;
    }
    let value: Value = serde_json::from_str(&json).expect("JSON");
    let again = to_json(&to_yaml(&value), Format::Yaml).expect("YAML").into_owned();
    let again: Value = serde_json::from_str(&again).expect("JSON");
    assert_eq!(again, value);
}
