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
    ] {
        let error = Document::parse("x", text.clone(), false)
            .expect_err(&text)
            .to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn a_malformed_control_costs_no_other_one() {
    let document = parsed(&json!({"catalog": {
        "uuid": UUID, "metadata": {"title": "t"},
        "controls": [
            {"title": "nameless", "props": [{"name": "label", "value": "N"}],
             "controls": [{"id": "inner"}, {"id": "a"}]},
            {"id": "a", "title": "second",
             "props": [{"name": "label"}, {"name": "label", "value": "A"}],
             "links": [{"href": "#inner", "rel": "related"}, 7],
             "params": [{"id": "p", "values": 5}, {"label": "without id"}, {"id": "q", "values": [30]}],
             "parts": [{"name": 5, "prose": "{{ p }}, {{ q }}", "parts": [{"name": "item", "prose": ["x"]}]}]},
            {"id": "b", "controls": "none"},
        ],
    }}))
    .expect("served");
    let ids: Vec<_> = document.controls().map(|control| control.id()).collect();
    assert_eq!(ids, ["inner", "a", "a", "b"]);
    assert_eq!(
        document
            .control("inner")
            .and_then(|inner| inner.parent())
            .map(|p| p.id()),
        None
    );
    let second = document.find_controls("A")[1];
    assert_eq!((second.title(), second.label()), ("second", Some("A")));
    let view = second.view(&BTreeMap::new());
    assert_eq!(view.parts[0].text, "[Assignment: p], 30");
    assert_eq!((view.params.len(), view.related.len()), (2, 1));
    let flaws = document.flaws().join("\n");
    for flaw in [
        "title `nameless` has no id",
        "several controls have the id `a`",
        "props of control `a`: missing field `value`",
        "links of control `a`",
        "params of control `a`: invalid type: integer `5`",
        "parts of control `a`: invalid type: integer `5`",
    ] {
        assert!(flaws.contains(flaw), "{flaw} is not in {flaws}");
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
