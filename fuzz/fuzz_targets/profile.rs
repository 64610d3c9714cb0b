//! The resolver: any directives are refused or give a catalog that can be served.
#![no_main]

use std::{fs, sync::LazyLock};

use libfuzzer_sys::{Corpus, fuzz_target};
use oscal_mcp_server::oscal::{Library, Limits, ParamValues, resolve_profile};
use serde_json::{Value, json};
use tempfile::TempDir;

const UUID: &str = "00000000-0000-4000-8000-000000000001";

/// A directory with a catalog, to which each run adds its profile.
static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let control = |id: &str, inner: Value| {
        json!({"id": id, "title": id, "controls": inner,
            "params": [{"id": format!("{id}_p"), "label": "a value"}],
            "parts": [{"id": format!("{id}_s"), "name": "statement",
                "prose": format!("Do {{{{ insert: param, {id}_p }}}}.")}]})
    };
    let catalog = json!({"catalog": {
        "uuid": "00000000-0000-4000-8000-000000000002",
        "metadata": {"title": "C", "last-modified": "2026-01-01T00:00:00Z", "version": "1",
            "oscal-version": "1.2.0"},
        "groups": [{"id": "a", "title": "A", "controls": [
            control("a-1", json!([control("a-1.1", json!([])), control("a-1.2", json!([]))])),
            control("a-2", json!([])),
        ]}],
    }});
    let file = directory.path().join("c.json");
    fs::write(file, catalog.to_string()).expect("a file");
    directory
});

fuzz_target!(|directives: String| -> Corpus {
    let Ok(Value::Object(mut profile)) = serde_json::from_str(&directives) else {
        return Corpus::Reject;
    };
    profile.insert("uuid".to_owned(), UUID.into());
    profile.insert(
        "metadata".to_owned(),
        json!({"title": "P", "last-modified": "2026-01-01T00:00:00Z", "version": "1",
            "oscal-version": "1.2.0"}),
    );
    let file = DIRECTORY.path().join("p.json");
    fs::write(file, json!({"profile": profile}).to_string()).expect("a file");
    let library = Library::load(&[], Some(DIRECTORY.path()), Limits::default());
    let library = library.expect("a directory");
    let view = library.view(|_| true);
    let Some(profile) = view.document(UUID) else {
        return Corpus::Keep;
    };
    if let Ok(resolved) = resolve_profile(&view, profile, None)
        && let Ok(text) = resolved.catalog()
    {
        serde_json::from_str::<Value>(&text).expect("the resolved catalog is JSON");
        if let Ok(document) = resolved.document() {
            for control in document.controls() {
                control.view(&ParamValues::new());
            }
        }
    }
    Corpus::Keep
});
