//! A real MCP client uses everything that the server offers.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::Nist;
use crate::{
    environment,
    oidc_provider::{OidcProvider, RESOURCE, protected},
};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/interop/python/session.py"
);

/// Part of AC-2(1).
const STATEMENT: &str =
    "Support the management of system accounts using [Assignment: organization-defined automated";

#[test]
#[ignore = "interop: run scripts/interop"]
fn python_sdk_over_stdio() {
    let (Some(python), Some(nist)) = (environment::installed("venv/bin/python"), Nist::load())
    else {
        return;
    };
    let output = Command::new(python)
        .arg(SCRIPT)
        .arg(plan(&nist).to_string())
        .args(["stdio", env!("CARGO_BIN_EXE_oscal-mcp-server")])
        .args(nist.flags())
        .output()
        .expect("the client runs");
    everything_was_seen(&nist, &output);
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn python_sdk_over_http_with_a_token() {
    let (Some(python), Some(nist)) = (environment::installed("venv/bin/python"), Nist::load())
    else {
        return;
    };
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    let [_, schemas] = nist.flags();
    for (mode, stateless) in [("legacy", "false"), ("auto", "true")] {
        let flags = [&schemas, &format!("--stateless-http={stateless}")];
        let Some(server) = protected(&provider, &flags.map(String::as_str)) else {
            return;
        };
        let mut client = Command::new(&python);
        client
            .arg(SCRIPT)
            .arg(plan(&nist).to_string())
            .args(["http", &format!("http://{}/mcp", server.address()), mode])
            .env("MCP_TOKEN", &token);
        let output = tokio::task::spawn_blocking(move || client.output())
            .await
            .expect("no panic");
        everything_was_seen(&nist, &output.expect("the client runs"));
    }
}

/// What the client should call, read and ask.
pub(super) fn plan(nist: &Nist) -> Value {
    let [low, profile] = ["LOW", "MODERATE"].map(|name| &nist.profile(name).info().id);
    let ssp = &nist.document("ssp-example.json").info().id;
    json!({
        "tools": {
            "about": {},
            "search": {"query": "account management"},
            "get_control": {"control": "AC-2(1)", "profile": profile},
            "list_documents": {},
            "list_controls": {"profile": profile},
            "resolve_profile": {"profile": profile},
            "query_implementations": {"gap_against": profile},
            "query_assessments": {"kind": "finding"},
            "get_object": {"id": ssp},
            "compare": {"old": low, "new": profile, "limit": 5},
            "query_mappings": {"control": "AC-2"},
            "validate_document": {"document": ssp},
            "list_models": {},
            "get_schema": {"model": "catalog", "definition": "control"},
        },
        "resources": resources(nist),
        "templates": {"id": nist.catalog().info().id, "control": "ac-2.1"},
        "prompts": {
            "control": "ac-2.1",
            "document": ssp,
            "ssp": ssp,
            "profile": profile,
            "component": "Logging Server",
        },
    })
}

/// A document and one of its controls.
fn resources(nist: &Nist) -> [String; 2] {
    let small = &nist.document("basic-catalog.json").info().id;
    let large = &nist.catalog().info().id;
    [
        format!("oscal://documents/{small}"),
        format!("oscal://documents/{large}/controls/ac-2.1"),
    ]
}

fn everything_was_seen(nist: &Nist, output: &Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    tools_were_called(&seen["tools"]);
    resources_were_read(nist, &seen);
    prompts_were_asked(&seen);
    completions_were_given(nist, &seen);
}

pub(super) fn tools_were_called(tools: &Value) {
    let called = tools.as_object().expect("tools");
    assert_eq!(called.len(), 14, "{:?}", called.keys());
    for (name, result) in called {
        // No mapping is among NIST's documents.
        let failed = name == "query_mappings";
        assert_eq!(result["error"], failed, "{name}: {result}");
    }
    let content = |tool: &str| &tools[tool]["content"];
    assert_eq!(content("about")["controls"].as_u64(), Some(controls(tools)));
    assert_eq!(content("search")["items"][0]["id"], "ac-2");
    assert_eq!(content("get_control")["label"], "AC-2(1)");
    assert_eq!(content("list_controls")["total"], 287);
    assert_eq!(content("resolve_profile")["controls"]["total"], 287);
    let coverage = &content("query_implementations")["coverage"];
    assert_eq!(coverage["total"], 287, "{coverage}");
    let findings = &content("query_assessments")["items"];
    assert_eq!(findings["total"], 1, "{findings}");
    assert_eq!(content("get_object")["object"]["kind"], "document");
    assert_eq!(content("validate_document")["valid"], true);
    let models = &content("list_models")["items"];
    assert_eq!(models.as_array().map(Vec::len), Some(8), "{models}");
    assert_eq!(content("get_schema")["model"], "catalog");
}

/// The number of controls in all listed documents.
fn controls(tools: &Value) -> u64 {
    let documents = &tools["list_documents"]["content"]["items"];
    let documents = documents.as_array().expect("documents");
    let counts = documents.iter().map(|document| &document["counts"]);
    counts
        .filter_map(|counts| counts["controls"].as_u64())
        .sum()
}

pub(super) fn resources_were_read(nist: &Nist, seen: &Value) {
    let listed = seen["resources"].as_array().expect("resources");
    let templates = seen["templates"].as_array().expect("templates");
    let [document, control] = resources(nist);
    assert!(listed.contains(&json!(document)), "{listed:?}");
    let template = json!("oscal://documents/{id}/controls/{control}{?format}");
    assert!(templates.contains(&template), "{templates:?}");
    for (uri, mime_type, expected) in [
        (document, "application/json", "\"catalog\""),
        (control, "text/markdown", STATEMENT),
    ] {
        let part = &seen["read"][&uri][0];
        assert_eq!(part["mime_type"], mime_type, "{uri}");
        let text = part["text"].as_str().expect("a text");
        assert!(text.contains(expected), "{uri}: {text}");
    }
}

pub(super) fn prompts_were_asked(seen: &Value) {
    for (prompt, expected) in [
        ("explain_control", STATEMENT),
        ("draft_implementation_statement", STATEMENT),
        (
            "review_ssp_gaps",
            "Enterprise Logging and Auditing System Security Plan",
        ),
    ] {
        let text = seen["prompts"][prompt][0].as_str();
        let text = text.unwrap_or_else(|| panic!("{prompt}: {}", seen["prompts"]));
        assert!(text.contains(expected), "{prompt}: {text}");
    }
}

fn completions_were_given(nist: &Nist, seen: &Value) {
    let ssp = nist.document("ssp-example.json").info().id.as_str();
    for (argument, expected) in [
        ("explain_control control", "ac-2.1"),
        ("draft_implementation_statement control", "ac-2.1"),
        ("review_ssp_gaps ssp", ssp),
        (
            "oscal://documents/{id}{?format} id",
            nist.catalog().info().id.as_str(),
        ),
        (
            "oscal://documents/{id}/controls/{control}{?format} control",
            "ac-2.1",
        ),
    ] {
        let values = seen["completions"][argument].as_array();
        let values = values.unwrap_or_else(|| panic!("{argument}: {}", seen["completions"]));
        assert!(values.contains(&json!(expected)), "{argument}: {values:?}");
    }
}
