//! The members of a profile, resolved against the built-in catalog.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use oscal_documents::{Library, Limits, resolve_profile};
use oscal_mcp_server::BUILT_IN;
use serde_json::{Value, json};

const ID: &str = "00000000-0000-4000-8000-000000000001";

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("fuzz-profile-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("writable");
    folder
});

fuzz_target!(|text: &str| {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return;
    };
    let mut profile = json!({
        "imports": [{"href": "resource-server-catalog.json", "include-all": {}}],
    });
    for (name, value) in members {
        profile[name] = value;
    }
    profile["uuid"] = json!(ID);
    profile["metadata"] = json!({
        "title": "fuzz", "last-modified": "2026-01-01T00:00:00Z", "version": "1",
        "oscal-version": "1.2.0",
    });
    let text = json!({"profile": profile}).to_string();
    fs::write(FOLDER.join("profile.json"), text).expect("writable");
    let library = Library::load(&BUILT_IN, Some(&FOLDER), Limits::default()).expect("a directory");
    let view = library.view(|_| true);
    let Some(profile) = view.document(ID) else {
        return;
    };
    if let Ok(resolved) = resolve_profile(&view, profile, None)
        && let Ok(text) = resolved.catalog()
    {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
});
