//! What the documentation claims is true.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::support::{over_stdio, run, stdout, tool_call};

const CRATE: &str = "crates/rmcp-resource-server";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

#[test]
fn the_crates_readme_has_the_lines_of_the_examples() {
    let readme = read(&format!("{CRATE}/README.md"));
    for (example, part) in [
        ("protect-your-own-server", "server"),
        ("protect-your-own-server", "test"),
        ("protect-an-axum-server", "axum"),
    ] {
        let example = read(&format!("examples/{example}.rs"));
        let (_, rest) = example
            .split_once(&format!("// <{part}>\n"))
            .expect("a mark");
        let (lines, _) = rest.split_once(&format!("// </{part}>")).expect("a mark");
        assert!(
            readme.contains(lines.trim_end()),
            "the README lacks:\n{lines}"
        );
    }
}

/// The crates' READMEs name the versions that everything here is tested with.
#[test]
fn the_versions_in_the_crates_readmes_are_those_of_the_workspace() {
    let lock = read("Cargo.lock");
    for (package, at_least) in [
        (CRATE, 4),
        ("crates/dev-authorization-server", 4),
        ("crates/oscal-documents", 1),
    ] {
        let readme = read(&format!("{package}/README.md"));
        let (_, rest) = readme.split_once("```toml\n").expect("a manifest");
        let (manifest, _) = rest.split_once("```").expect("its end");
        let dependencies = manifest.lines().filter_map(|line| line.split_once(" = "));
        let mut checked = 0;
        for (name, rest) in dependencies {
            let version = rest.split('"').nth(1).expect("a version");
            let (_, locked) = lock
                .split_once(&format!("[[package]]\nname = \"{name}\"\nversion = \""))
                .unwrap_or_else(|| panic!("{package}: {name} is not used here"));
            let locked = locked.split('"').next().expect("a version");
            assert!(
                locked == version || locked.starts_with(&format!("{version}.")),
                "{package}: {name} is {version} in the README and {locked} here"
            );
            checked += 1;
        }
        assert!(checked >= at_least, "{package}: {manifest}");
    }
}

#[test]
fn the_session_in_the_readme_is_a_real_one() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```console\n").expect("a session");
    let (session, _) = rest.split_once("```").expect("its end");
    let (mut calls, mut shown): (Vec<_>, Vec<Vec<&str>>) = (Vec::new(), Vec::new());
    for line in session.lines() {
        match line.strip_prefix("    ") {
            Some(part) => shown.last_mut().expect("a call before").push(part),
            None => {
                let (tool, arguments) = line.split_once(' ').expect("a tool with arguments");
                let arguments = serde_json::from_str(arguments).expect("JSON");
                calls.push(tool_call(tool, &arguments));
                shown.push(Vec::new());
            }
        }
    }
    let (answers, _) = over_stdio(&[], &[], &calls);
    for (answer, shown) in answers[1..].iter().zip(&shown) {
        let text = answer["result"]["content"][0]["text"]
            .as_str()
            .expect("text");
        assert!(!shown.is_empty());
        for part in shown {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}

/// The interoperability tests compare this with what the script prints at its end.
#[test]
fn the_readmes_client_configuration_serves_what_the_readme_fetches() {
    let readme = read("README.md");
    let (_, rest) = readme
        .split_once("scripts/fetch-oscal-content ~/")
        .expect("a command");
    let (folder, rest) = rest.split_once('\n').expect("a line");
    let (_, rest) = rest.split_once("```json\n").expect("a configuration");
    let (configuration, _) = rest.split_once("```").expect("an end");
    let configuration: Value = serde_json::from_str(configuration).expect("JSON");
    let args = &configuration["mcpServers"]["oscal"]["args"];
    let [documents, schemas] =
        ["documents", "schemas"].map(|name| format!("/home/you/{folder}/{name}"));
    assert_eq!(
        *args,
        serde_json::json!(["--documents-dir", documents, "--schemas-dir", schemas])
    );
}

#[test]
fn every_tool_is_in_the_table_of_tools_and_so_is_every_tool_of_the_python_server() {
    let (own, theirs) = read("docs/tools.md")
        .split_once("## The tools of `mcp-server-for-oscal`")
        .map(|(own, theirs)| (own.to_owned(), theirs.to_owned()))
        .expect("two tables");
    let list = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let (answers, _) = over_stdio(&[], &[], &[list]);
    let tools = answers[1]["result"]["tools"].as_array().expect("tools");
    for tool in tools {
        let name = tool["name"].as_str().expect("a name");
        let is_row = |line: &str| line.starts_with('|') && line.contains(&format!("`{name}`"));
        assert!(own.lines().any(is_row), "{name}");
    }
    let rows = theirs.lines().filter_map(|line| line.strip_prefix("| `"));
    let names: BTreeSet<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(names.len(), 46);
}

#[test]
fn every_option_of_the_recipes_exists() {
    let help = stdout(&run(&["--help"], &[]));
    let options: BTreeSet<_> = help
        .split(|c: char| c.is_whitespace() || ",[]`".contains(c))
        .filter(|word| word.starts_with("--"))
        .collect();
    let recipes = read("docs/authorization-servers.md") + &read("examples/with-auth0.rs");
    let named: BTreeSet<_> = recipes
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .filter(|word| word.starts_with("--auth-"))
        .collect();
    assert!(named.len() > 8, "{named:?}");
    let unknown: Vec<_> = named.difference(&options).collect();
    assert!(unknown.is_empty(), "no such options: {unknown:?}");
}

/// An ID token may have the issuer, audience, type and key of an access token, but it has no scope.
#[test]
fn rs_48_every_recipe_of_the_jwt_verifier_requires_a_scope() {
    let recipes = read("docs/authorization-servers.md");
    let blocks: Vec<_> = recipes
        .split("```")
        .skip(1)
        .step_by(2)
        .filter(|block| block.contains("--auth-verifier jwt"))
        .collect();
    assert!(blocks.len() >= 4, "{blocks:?}");
    for block in blocks {
        assert!(block.contains("--auth-required-scopes "), "{block}");
    }
}

#[test]
fn every_test_that_the_component_definition_names_exists() {
    let component: Value =
        serde_json::from_str(&read("content/oscal-mcp-server-component.json")).expect("JSON");
    let mut named = BTreeSet::new();
    collect_tests(&component, &mut named);
    assert!(named.len() >= 65, "{} tests are named", named.len());
    all_exist(&named);
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = read("SECURITY.md");
    let quoted = text.split('`').skip(1).step_by(2);
    let is_test = |name: &&str| name.contains('_') && !name.contains(['-', '.']);
    let named: BTreeSet<_> = quoted.filter(is_test).map(str::to_owned).collect();
    assert!(named.len() >= 20, "{named:?}");
    all_exist(&named);
}

fn all_exist(named: &BTreeSet<String>) {
    let mut sources = String::new();
    for folder in [
        "src",
        "tests",
        &format!("{CRATE}/src"),
        &format!("{CRATE}/tests"),
        "crates/oscal-documents/src",
    ] {
        append_sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut sources,
        );
    }
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !sources.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

fn collect_tests(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if members.get("name").is_some_and(|name| name == "test")
                && let Some(test) = members.get("value").and_then(Value::as_str)
            {
                found.insert(test.to_owned());
            }
            members
                .values()
                .for_each(|value| collect_tests(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_tests(value, found)),
        _ => {}
    }
}

fn append_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            append_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}
