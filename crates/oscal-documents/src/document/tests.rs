use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::document::Document;
use crate::document::info::DocumentInfo;
use crate::document::model::Model;
use crate::document::samples::{UUID, parsed};
use crate::json::any::any_json;

#[test]
fn all_models_are_read() {
    for model in Model::ALL {
        let document = json!({
            "$schema": "https://example.org/schema.json",
            model.root_key(): {
                "uuid": UUID,
                "metadata": {
                    "title": "A \"title\"", "version": "2",
                    "oscal-version": "1.2.0", "last-modified": "2026-01-01T00:00:00Z",
                },
            },
        });
        let pretty = serde_json::to_string_pretty(&document).expect("serializes");
        let text = format!("\u{feff}{pretty}\n");
        let read = Document::parse("a.json", text, true).expect("a document");
        assert_eq!(
            *read.info(),
            DocumentInfo {
                id: UUID.to_ascii_lowercase(),
                uuid: UUID.to_owned(),
                model,
                title: "A \"title\"".to_owned(),
                version: "2".to_owned(),
                oscal_version: "1.2.0".to_owned(),
                last_modified: "2026-01-01T00:00:00Z".to_owned(),
                counts: BTreeMap::new(),
                built_in: true,
            }
        );
        assert_eq!(read.value().expect("a tree"), document);
    }
}

#[test]
fn what_cannot_be_served_is_named() {
    let with = |members: Value| {
        let mut root = json!({"uuid": UUID, "metadata": {"title": "t"}});
        if let (Value::Object(root), Value::Object(members)) = (&mut root, members) {
            root.extend(members);
        }
        json!({ "catalog": root }).to_string()
    };
    let meta = r#""metadata":{"title":"t"}"#;
    for (text, message) in [
        (String::new(), "not JSON: EOF"),
        (
            "{\"catalog\": }".to_owned(),
            "not JSON: expected value at line 1 column 13",
        ),
        (
            format!("{}{}", "[".repeat(200), "]".repeat(200)),
            "refused: nested deeper",
        ),
        (
            format!("[{}0]", r#"{"":0},"#.repeat(1_000_000)),
            "more than 2000000 values, which no real document has",
        ),
        (
            "{\"catalog\":{},\"catalog\":{}}".to_owned(),
            "refused: member `catalog` is written twice",
        ),
        ("[]".to_owned(), "none of the keys catalog, profile"),
        (
            "{\"$schema\":\"x\",\"definitions\":{}}".to_owned(),
            "a JSON schema",
        ),
        (
            format!(r#"{{"catalog":{{"uuid":"{UUID}",{meta}}},"profile":{{}}}}"#),
            "two OSCAL documents in one file, catalog and profile",
        ),
        ("{\"catalog\":7}".to_owned(), "catalog has no uuid"),
        (
            format!(r#"{{"profile":{{{meta}}}}}"#),
            "profile has no uuid",
        ),
        (
            format!(r#"{{"profile":{{"uuid":"7",{meta}}}}}"#),
            "uuid `7` is not a UUID",
        ),
        (
            format!(r#"{{"profile":{{"uuid":"{UUID}"}}}}"#),
            "profile has no metadata.title",
        ),
        (
            with(json!({"controls": [{"title": "x"}]})),
            "title `x` has no id",
        ),
        (
            with(json!({"controls": [{"id": "a"}], "groups": [{"controls": [{"id": "a"}]}]})),
            "two controls have the id `a`",
        ),
        (
            with(json!({"controls": [{"id": "a", "parts": [{"name": 5}]}]})),
            "parts of control `a`: invalid type: integer `5`",
        ),
    ] {
        let error = Document::parse("x", text.clone(), false)
            .expect_err(&text)
            .to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn takes_any_text(text in r#"\{"catalog":\{[\[\]{}:,"a\\é1 ]{0,30}"#) {
        assert!(Document::parse("x", text, false).is_err());
    }

    #[test]
    fn takes_any_catalog(members in any_json(), name in "controls|groups|params|back-matter|metadata") {
        let mut root = json!({"uuid": UUID, "metadata": {"title": "t"}});
        root[name] = json!([{"id": "a", "controls": members.clone()}, members]);
        if let Ok(document) = parsed(&json!({ "catalog": root })) {
            for control in document.controls() {
                control.view(&BTreeMap::new());
            }
        }
    }
}
