use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use crate::control::Control;
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
                superseded_by: None,
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
fn what_is_malformed_is_left_out_and_named() {
    for (controls, expected, fault) in [
        (
            json!([{"title": "x", "controls": [{"id": "b", "params": [{"id": "q"}]}]}, {"id": "a"}]),
            "a",
            "the control with title `x` has no id; it is left out",
        ),
        (
            json!([{"id": "a"}, {"id": "b", "controls": [{"id": "a"}]}]),
            "a b a",
            "several controls have the id `a`; it means the first one",
        ),
        (
            json!([{"id": "a", "parts": [{"name": 5, "prose": "kept"}]}]),
            "a: kept",
            "parts of control `a`: invalid type: integer `5`, expected a string; this is left out",
        ),
        (
            json!([{"id": "a", "params": [{"id": "p", "values": "v"}, {"id": "q"}]}]),
            "a (p q)",
            "params of control `a`: invalid type: string \"v\", expected a sequence; this is left out",
        ),
        (
            json!([{"id": "a", "params": [{"label": "no id"}, {"id": "q"}]}]),
            "a (q)",
            "params of control `a`: missing field `id`; this is left out",
        ),
        (
            json!([{"id": "a", "props": [{"name": "status"}, {"name": "label", "value": "A"}]}]),
            "a [A]",
            "props of control `a`: missing field `value`; this is left out",
        ),
    ] {
        let root = json!({"uuid": UUID, "metadata": {"title": "t"}, "controls": controls});
        let document = parsed(&json!({ "catalog": root })).expect("a document");
        let controls = document.controls().map(|control| {
            let view = control.view(&BTreeMap::new());
            let mut text = control.id().to_owned();
            text.extend(view.label.map(|label| format!(" [{label}]")));
            text.extend(view.parts.iter().map(|part| format!(": {}", part.text)));
            let params: Vec<_> = view.params.into_iter().map(|param| param.id).collect();
            if !params.is_empty() {
                text += &format!(" ({})", params.join(" "));
            }
            text
        });
        assert_eq!(controls.collect::<Vec<_>>().join(" "), expected);
        assert_eq!(document.faults().first, [fault]);
        assert_eq!(document.find_controls("a")[0].number(), 0, "the first one");
        assert_eq!(document.control("a").map(Control::number), Some(0));
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
