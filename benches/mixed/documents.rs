//! Documents as large as real ones: a catalog the size of SP 800-53, profiles that change much of
//! it, and a component definition.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const CATALOG: &str = "11111111-1111-4111-8111-111111111111";
const COMPONENTS: &str = "33333333-3333-4333-8333-333333333333";
const CONTROLS: usize = 1_200;

/// The id of a profile.
pub(crate) fn profile(number: usize) -> String {
    format!("22222222-2222-4222-8222-{number:012}")
}

/// Writes them into a new directory.
pub(crate) fn write(profiles: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, document: &Value| {
        fs::write(directory.path().join(name), document.to_string()).expect("writable");
    };
    let controls: Vec<Value> = (0..CONTROLS).map(control).collect();
    write(
        "catalog.json",
        &json!({"catalog": {
            "uuid": CATALOG, "metadata": metadata("Catalog"),
            "groups": [{"id": "ex", "title": "Examples", "controls": controls}],
        }}),
    );
    for number in 0..profiles {
        let values: Vec<Value> = (0..CONTROLS)
            .map(|at| json!({"param-id": format!("ex-{at}_prm_1"), "values": [format!("{number} days")]}))
            .collect();
        write(
            &format!("profile-{number}.json"),
            &json!({"profile": {
                "uuid": profile(number), "metadata": metadata("Profile"),
                "imports": [{"href": "catalog.json", "include-all": {}}],
                "modify": {"set-parameters": values},
            }}),
        );
    }
    let requirements: Vec<Value> = (0..CONTROLS / 2)
        .map(|at| {
            json!({"uuid": format!("44444444-4444-4444-8444-{at:012}"), "control-id": format!("ex-{at}"),
                   "description": prose(at)})
        })
        .collect();
    write(
        "components.json",
        &json!({"component-definition": {
            "uuid": COMPONENTS, "metadata": metadata("Components"),
            "components": [{
                "uuid": "55555555-5555-4555-8555-555555555555", "type": "software", "title": "Engine",
                "description": "Runs.",
                "control-implementations": [{
                    "uuid": "66666666-6666-4666-8666-666666666666", "source": "catalog.json",
                    "description": "All.", "implemented-requirements": requirements,
                }],
            }],
        }}),
    );
    directory
}

fn metadata(title: &str) -> Value {
    json!({"title": title, "last-modified": "2026-01-01T00:00:00Z", "version": "1",
           "oscal-version": "1.2.0"})
}

fn control(number: usize) -> Value {
    let id = format!("ex-{number}");
    let item = |part: &str, at: usize| {
        json!({"id": format!("{id}_{part}.{at}"), "name": "item", "prose": format!(
            "{} every {{{{ insert: param, {id}_prm_1 }}}}.", prose(number + at))})
    };
    let part = |part: &str, name: &str, items: usize| {
        let items: Vec<Value> = (0..items).map(|at| item(part, at)).collect();
        json!({"id": format!("{id}_{part}"), "name": name, "prose": prose(number), "parts": items})
    };
    json!({
        "id": id, "title": format!("Example {number}"), "class": "example",
        "props": [{"name": "label", "value": id.to_uppercase()}],
        "params": [{"id": format!("{id}_prm_1"), "label": "frequency"},
                   {"id": format!("{id}_prm_2"), "label": "personnel or roles"}],
        "links": [{"href": format!("#ex-{}", (number + 1) % CONTROLS), "rel": "related"}],
        "parts": [part("smt", "statement", 6), part("gdn", "guidance", 0),
                  part("obj", "assessment-objective", 8)],
    })
}

/// Some words, different for each number.
fn prose(number: usize) -> String {
    const WORDS: [&str; 16] = [
        "accounts", "access", "is", "reviewed", "by", "the", "owner", "of", "each", "system",
        "and", "recorded", "before", "changes", "take", "effect",
    ];
    let word = |at: usize| WORDS[(number * 7 + at * at) % WORDS.len()];
    (0..30).map(word).collect::<Vec<_>>().join(" ")
}
