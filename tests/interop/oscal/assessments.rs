//! Findings, observations, risks, POA&M items and inventories of public documents, against a count
//! of their JSON by a script that knows nothing of this server.

use std::{fs, process::Command};

use oscal_documents::{Library, Limits};
use serde_json::{Value, json};

use super::{CATALOG, content};
use crate::{
    environment,
    support::{over_stdio, tool_call},
};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/interop/oscal/count_assessments.py"
);

/// The kinds that the script counts.
const KINDS: [&str; 7] = [
    "finding",
    "risk",
    "observation",
    "poam-item",
    "result",
    "inventory-item",
    "leveraged-authorization",
];

#[test]
#[ignore = "interop: run scripts/interop"]
fn assessments_are_counted_as_their_json_has_them() {
    let (Some(field), Some(nist)) = (
        environment::field_documents(),
        environment::nist_documents(),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("python3")
        .args([
            SCRIPT.as_ref(),
            field.as_os_str(),
            folder.path().as_os_str(),
        ])
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{output:?}");
    let counted: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    fs::copy(nist.join(CATALOG), folder.path().join(CATALOG)).expect("copied");
    let library = Library::load(&[], Some(folder.path()), Limits::default()).expect("a folder");
    let view = library.view(|_| true);
    let flag = format!("--documents-dir={}", folder.path().display());

    let mut expected = Vec::new();
    let mut calls = Vec::new();
    let mut ask = |arguments: Value, total: u64, place: String| {
        calls.push(tool_call("query_assessments", &arguments));
        expected.push((arguments, total, place));
    };
    let mut compared = 0;
    for document in view.documents().filter(|d| d.file() != CATALOG) {
        let count = &counted[document.file()];
        let place = count["from"].as_str().expect("a file").to_owned();
        let id = &document.info().id;
        compared += 1;
        for kind in KINDS {
            let states = count["kinds"][kind].as_object();
            let total = states.into_iter().flatten().filter_map(|(_, n)| n.as_u64());
            let arguments = json!({"document": id, "kind": kind});
            ask(arguments, total.sum(), place.clone());
            for (state, number) in states.into_iter().flatten() {
                if state != "no state" && !state.contains(", ") {
                    let arguments = json!({"document": id, "kind": kind, "state": state});
                    ask(arguments, number.as_u64().expect("a number"), place.clone());
                }
            }
        }
        for (control, number) in count["findings"].as_object().into_iter().flatten() {
            let arguments = json!({"document": id, "kind": "finding", "control": control});
            ask(arguments, number.as_u64().expect("a number"), place.clone());
        }
    }
    assert!(
        compared >= 25,
        "{compared} of the {} documents",
        counted.as_object().map_or(0, serde_json::Map::len)
    );
    let (mut answers, _) = over_stdio(&[&flag], &[], &calls);
    answers.remove(0);
    let mut wrong = Vec::new();
    for ((arguments, total, place), answer) in expected.iter().zip(&answers) {
        let listed = &content(answer)["items"]["total"];
        if listed != total {
            wrong.push(format!("{place} {arguments}: {listed} instead of {total}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
