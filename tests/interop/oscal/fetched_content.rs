//! What `scripts/fetch-oscal-content` fetches is correct and can be served.

use std::{env, fs, path::Path, process::Command};

use oscal_documents::{Document, resolve_profile};
use serde_json::{Value, json};

use super::{CATALOG, CONTROLS, Nist, content};
use crate::support::{converse, over_stdio, tool_call};

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
    let repaired = fetch(fetched);
    assert!(repaired.contains("oscal_catalog_schema.json"), "{repaired}");
    assert!(
        !repaired.contains(CATALOG),
        "only what is wrong: {repaired}"
    );
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

/// As a newcomer would, take the command or the configuration from the end of the output.
#[test]
#[ignore = "interop: run scripts/interop"]
fn what_the_script_prints_at_its_end_answers_with_ac_2() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("OSCAL's \"content\" é");
    let output = fetch(&folder);
    let line = |start: &str| {
        let mut lines = output.lines().filter_map(|line| line.strip_prefix("  "));
        let line = lines.find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no {start} in {output}"))
            .to_owned()
    };
    let command = line(BINARY);
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).env_clear();
    assert_knows_ac_2(&mut shell);

    let configuration = line("{\"mcpServers\"");
    let parsed: Value = serde_json::from_str(&configuration).expect("JSON");
    let server = &parsed["mcpServers"]["oscal"];
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut client = Command::new(text(&server["command"]));
    let args = server["args"].as_array().expect("a list");
    client.args(args.iter().map(text)).env_clear();
    assert_knows_ac_2(&mut client);

    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let as_json = json!(folder).to_string();
    let as_in_readme = configuration
        .replace(as_json.trim_matches('"'), "/home/you/oscal")
        .replace(BINARY, "/home/you/.cargo/bin/oscal-mcp-server");
    let readme = readme.expect("readable");
    assert!(
        readme.contains(&as_in_readme),
        "README lacks {as_in_readme}"
    );

    let (_, closing) = output.split_once("\n\n").expect("a closing");
    assert!(fetch(&folder).ends_with(closing), "it is told again");
}

fn assert_knows_ac_2(server: &mut Command) {
    let requests = [
        tool_call("get_control", &json!({"control": "AC-2"})),
        tool_call("list_models", &json!({})),
    ];
    let (answers, output) = converse(server, &requests);
    assert!(output.status.success(), "{output:?}");
    let control = content(&answers[1]);
    assert_eq!(control["title"], "Account Management", "{control}");
    let models = content(&answers[2]);
    assert_eq!(models["items"][0]["schema_version"], "1.2.3", "{models}");
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_script_needs_neither_pip_nor_a_network_and_says_what_to_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("python3")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/interop/oscal/fetch_without_registry.py"
        ))
        .arg(SCRIPT)
        .arg(folder.path())
        .output()
        .expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/fetch-oscal-content");
const BINARY: &str = env!("CARGO_BIN_EXE_oscal-mcp-server");

/// Fetches with the server installed, so that the script finds it.
fn fetch(folder: &Path) -> String {
    let installed = Path::new(BINARY).parent().expect("a folder");
    let mut path = vec![installed.to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").expect("a path")));
    let output = Command::new(SCRIPT)
        .arg(folder)
        .env("PATH", env::join_paths(path).expect("a path"))
        .output()
        .expect("it runs");
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
