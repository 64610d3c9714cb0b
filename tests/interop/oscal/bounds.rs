//! Answers fit a model's context.

use oscal_documents::Model;
use serde_json::{Value, json};

use super::Nist;
use crate::support::tool_call;

/// The most bytes in an answer to a call without a limit of its own.
const MAX_ANSWER: usize = 32 << 10;

/// The most bytes in the list of tools, which every session pays for.
const MAX_TOOLS: usize = 20 << 10;

#[test]
#[ignore = "interop: run scripts/interop"]
fn no_default_answer_is_large() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let calls = default_calls(&nist);
    let answers = nist.answers(&calls);
    let mut large = Vec::new();
    for (call, answer) in calls.iter().zip(&answers) {
        assert_eq!(answer["result"]["isError"], false, "{call}: {answer}");
        let size = answer.to_string().len();
        if size > MAX_ANSWER {
            let params = &call["params"];
            large.push(format!(
                "{size} bytes: {} {}",
                params["name"], params["arguments"]
            ));
        }
    }
    assert!(large.is_empty(), "{}", large.join("\n"));
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_list_of_tools_is_small() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answers = nist.answers(&[request]);
    let size = answers[0].to_string().len();
    assert!(size < MAX_TOOLS, "{size} bytes");
}

/// Calls every tool with only the required arguments, on every document that it accepts.
fn default_calls(nist: &Nist) -> Vec<Value> {
    let mut calls = vec![
        tool_call("about", &json!({})),
        tool_call("list_models", &json!({})),
        tool_call("list_documents", &json!({})),
        tool_call("list_controls", &json!({})),
        tool_call("query_implementations", &json!({})),
        tool_call("query_assessments", &json!({})),
    ];
    for query in ["AC-2 (1)", "account management review", "the organization"] {
        calls.push(tool_call("search", &json!({"query": query})));
    }
    for model in Model::ALL {
        let arguments = json!({"model": model.root_key()});
        calls.push(tool_call("get_schema", &arguments));
    }
    let view = nist.library.view(|_| true);
    for document in view.documents() {
        let id = &document.info().id;
        calls.push(tool_call("validate_document", &json!({"document": id})));
        calls.push(tool_call("get_object", &json!({"id": id})));
        if document.controls().len() > 0 {
            calls.push(tool_call("list_controls", &json!({"document": id})));
        }
        if document.info().model == Model::Profile {
            calls.push(tool_call("resolve_profile", &json!({"profile": id})));
            calls.push(tool_call("list_controls", &json!({"profile": id})));
            let arguments = json!({"gap_against": id});
            calls.push(tool_call("query_implementations", &arguments));
        }
    }
    let controls = nist.catalog().controls();
    calls.extend(controls.map(|control| {
        let arguments = json!({"control": control.id()});
        tool_call("get_control", &arguments)
    }));
    calls
}
