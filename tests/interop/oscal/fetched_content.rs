//! What `scripts/fetch-oscal-content` fetches is right and can be served.

use std::{fs, process::Command};

use oscal_mcp_server::oscal::{Document, resolve_profile};
use serde_json::json;

use super::{CATALOG, CONTROLS, Nist, content};
use crate::support::{over_stdio, tool_call};

#[test]
#[ignore = "interop: run scripts/interop"]
fn fetched_content_is_served_and_has_nists_baselines() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let fetched = folder.path();
    assert!(fetch(fetched).contains(CATALOG));
    let damaged = fetched.join("schemas/oscal_catalog_schema.json");
    fs::write(&damaged, "{}").expect("written");
    let mended = fetch(fetched);
    assert!(mended.contains("oscal_catalog_schema.json"), "{mended}");
    assert!(!mended.contains(CATALOG), "only what is wrong: {mended}");
    assert!(fetch(fetched).contains("has all of it already"));

    let documents = format!("--documents-dir={}", fetched.join("documents").display());
    let schemas = format!("--schemas-dir={}", fetched.join("schemas").display());
    let catalog = &nist.catalog().info().id;
    let (answers, _) = over_stdio(
        &[&documents, &schemas],
        &[],
        &[
            tool_call("about", &json!({})),
            tool_call("list_models", &json!({})),
            tool_call("validate_document", &json!({"document": catalog})),
        ],
    );
    let about = content(&answers[1]);
    assert_eq!(about["problem_count"], 0, "{about}");
    let models = content(&answers[2])["items"].as_array().expect("models");
    for model in models {
        assert_eq!(model["schema_version"], "1.2.3", "{model}");
    }
    assert_eq!(content(&answers[3])["valid"], true);

    let fetched = Nist::of(&fetched.join("documents"));
    assert_eq!(fetched.catalog().controls().len(), CONTROLS);
    for baseline in ["LOW", "MODERATE", "HIGH"] {
        let name = format!("SP-800-53_rev5_{baseline}-baseline_profile.json");
        assert_eq!(
            baseline_ids(&fetched, fetched.document(&name)),
            baseline_ids(&nist, nist.profile(baseline)),
            "{baseline}"
        );
    }
}

fn fetch(folder: &std::path::Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/fetch-oscal-content");
    let output = Command::new(script).arg(folder).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn baseline_ids<'a>(nist: &'a Nist, profile: &'a Document) -> Vec<&'a str> {
    let view = nist.library.view(|_| true);
    let resolved = resolve_profile(&view, profile, None).expect("a baseline");
    let controls = resolved.controls.iter();
    controls.map(|listed| listed.control.id()).collect()
}
