//! MCP over standard input and output: the same tools, without authorization.

use std::fs;

use crate::support::{over_stdio, stderr, tool_call};
use serde_json::json;

#[test]
fn works_without_a_token_whatever_the_authorization_options_say() {
    let (answers, output) = over_stdio(
        &[],
        &[
            ("OSCAL_AUTH_ISSUER_URL", "https://as.example.com"),
            (
                "OSCAL_AUTH_RESOURCE_SERVER_URL",
                "https://mcp.example.com/mcp",
            ),
            ("OSCAL_AUTH_REQUIRED_SCOPES", "mcp:tools"),
            ("OSCAL_AUTH_VERIFIER", "introspection"),
            (
                "OSCAL_AUTH_INTROSPECTION_URL",
                "https://as.example.com/introspect",
            ),
            ("OSCAL_AUTH_CLIENT_ID", "mcp"),
            ("OSCAL_AUTH_CLIENT_SECRET", "hush-hush"),
            ("OSCAL_AUTH_CLIENT_AUTH_METHOD", "client_secret_basic"),
            ("OSCAL_AUTH_AUDIENCE", "https://mcp.example.com/mcp"),
            ("OSCAL_AUTH_ALLOWED_CLIENT_IDS", "app"),
            ("OSCAL_AUTH_CACHE_TTL", "30s"),
            ("OSCAL_AUTH_CA_FILE", "/nonexistent/ca.pem"),
        ],
        &[
            tool_call("about", &json!({})),
            tool_call("get_control", &json!({"control": "rs 45"})),
        ],
    );
    assert!(output.status.success());
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "OSCAL");
    let about = &answers[1]["result"]["structuredContent"];
    assert_eq!(about["controls"], 73);
    assert!(about.get("caller").is_none(), "{about}");
    assert_eq!(
        answers[2]["result"]["structuredContent"]["label"], "RS-45",
        "{}",
        answers[2]
    );
    let log = stderr(&output);
    assert_eq!(log.matches("authorization options are ignored").count(), 1);
    assert!(!log.contains("hush-hush"));
}

#[test]
fn broken_documents_are_reported_and_the_others_served() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).expect("writable");
    };
    write("good.json", GOOD);
    write("not-json.json", "{\"catalog\": ");
    write("not-oscal.json", "{\"hello\": \"world\"}");
    write("notes.txt", "no document");
    write("catalog.yaml", "catalog: {}");
    write("profile.XML", "<profile/>");
    let flag = format!("--documents-dir={}", directory.path().display());
    let (answers, output) = over_stdio(
        &[&flag],
        &[],
        &[
            tool_call("about", &json!({})),
            tool_call("get_control", &json!({"control": "XY-02 (01)"})),
        ],
    );
    let about = &answers[1]["result"]["structuredContent"];
    assert_eq!(about["documents"]["catalog"], 1);
    assert_eq!(about["problem_count"], 5);
    let control = &answers[2]["result"]["structuredContent"];
    assert_eq!(control["id"], "xy-2.1");
    assert_eq!(
        control["parts"][0]["text"],
        "Look every [Assignment: interval]."
    );
    assert_eq!(control["parent"]["label"], "XY-2");
    let log = stderr(&output);
    for file in [
        "not-json.json",
        "not-oscal.json",
        "notes.txt",
        "catalog.yaml",
        "profile.XML",
    ] {
        assert!(about["problems"].to_string().contains(file), "{about}");
        assert!(log.contains(file), "{log}");
    }
}

#[test]
fn what_is_loaded_decides_what_a_control_that_is_not_found_means() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let empty = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("good.json"), GOOD).expect("writable");
    let flag = |directory: &tempfile::TempDir| {
        vec![format!("--documents-dir={}", directory.path().display())]
    };
    let load = "start the server with --documents-dir (OSCAL_DOCUMENTS_DIR) and a directory of \
                OSCAL files, such as one made by scripts/fetch-oscal-content";
    for (flags, means) in [
        (
            vec![],
            "only the built-in documents are loaded; to load others, ",
        ),
        (flag(&empty), "no documents are loaded; "),
        (flag(&directory), ""),
    ] {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (answers, _) = over_stdio(
            &flags,
            &[],
            &[
                tool_call("get_control", &json!({"control": "AC-2"})),
                tool_call("search", &json!({"query": "zyzzyva"})),
            ],
        );
        let error = answers[1]["result"]["content"][0]["text"].as_str();
        let search = &answers[2]["result"]["structuredContent"]["note"];
        let no_control = "no control \"AC-2\" is in any loaded catalog; ";
        if means.is_empty() {
            let expected = format!("{no_control}try search with words of its title");
            assert_eq!(error, Some(&*expected));
            let expected = "no entry has any of these words; try other words, or list_controls";
            assert_eq!(search, expected);
        } else {
            let note = format!("{means}{load}");
            assert_eq!(error, Some(&*format!("{no_control}{note}")));
            assert_eq!(search, &json!(note));
        }
    }
}

#[test]
fn errors_of_tools_name_what_to_change() {
    let (answers, _) = over_stdio(
        &[],
        &[],
        &[
            tool_call("get_control", &json!({"control": "ZZ-9"})),
            tool_call(
                "get_control",
                &json!({"control": "rs-1", "document": "nope"}),
            ),
            tool_call("list_documents", &json!({"model": "novel"})),
            tool_call("list_controls", &json!({"group": 5})),
            tool_call("search", &json!({"query": "x", "colour": "red"})),
            tool_call("no_such_tool", &json!({})),
        ],
    );
    for (answer, expected) in answers[1..].iter().zip([
        "no control \\\"ZZ-9\\\" is in any loaded catalog; only the built-in documents are loaded; to load others, start the \
         server with --documents-dir",
        "no document has the id, title or file name \\\"nope\\\"; list_documents shows all",
        "not an OSCAL model; the models are catalog",
        "invalid type: integer",
        "unknown field `colour`",
        "tool not found",
    ]) {
        let text = answer.to_string();
        assert!(text.contains(expected), "{expected} in {text}");
        assert!(
            answer["result"]["isError"] == true || answer.get("error").is_some(),
            "{text}"
        );
    }
}

const GOOD: &str = r#"{"catalog": {
    "uuid": "11111111-1111-4111-8111-111111111111",
    "metadata": {"title": "Sample", "last-modified": "2026-01-01T00:00:00Z", "version": "1",
                 "oscal-version": "1.2.3"},
    "groups": [{"id": "xy", "title": "Looking", "controls": [{
        "id": "xy-2", "title": "Look", "props": [{"name": "label", "value": "XY-2"}],
        "controls": [{
            "id": "xy-2.1", "title": "Look again",
            "props": [{"name": "label", "value": "XY-2(1)"}],
            "params": [{"id": "xy-2.1_prm", "label": "interval"}],
            "parts": [{"id": "xy-2.1_smt", "name": "statement",
                       "prose": "Look every {{ insert: param, xy-2.1_prm }}."}]
        }]
    }]}]
}}"#;
