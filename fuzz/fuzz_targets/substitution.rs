//! Parameter substitution: any prose with any parameters gives bounded text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oscal_mcp_server::oscal::{Document, ParamValues};
use serde_json::{Value, json};

/// The first line is prose; each further one the label, value or choice of a parameter `pN`.
fuzz_target!(|text: String| {
    let mut lines = text.lines();
    let prose = lines.next().unwrap_or_default();
    let params: Vec<Value> = lines
        .enumerate()
        .map(|(number, line)| {
            let id = format!("p{number}");
            match number % 3 {
                0 => json!({"id": id, "label": line}),
                1 => json!({"id": id, "values": [line]}),
                _ => json!({"id": id, "select": {"how-many": "one-or-more", "choice": [line, line]}}),
            }
        })
        .collect();
    let catalog = json!({"catalog": {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "metadata": {"title": "C", "last-modified": "2026-01-01T00:00:00Z", "version": "1",
            "oscal-version": "1.2.0"},
        "controls": [{"id": "a-1", "title": "A", "params": params,
            "parts": [{"id": "a-1_s", "name": "statement", "prose": prose}]}],
    }});
    let document = Document::parse("fuzz.json", catalog.to_string(), false);
    let Ok(document) = document else { return };
    for control in document.controls() {
        let view = control.view(&ParamValues::new());
        // A hundred times what any real control has.
        assert!(view.statement().is_none_or(|text| text.len() < 2_000_000));
    }
});
