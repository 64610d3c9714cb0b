//! What the tools on controls, baselines and schemas say, as text and as data.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{over_stdio, tool_call};

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn document(model: &str, number: usize, title: &str, members: Value) -> String {
    let mut root = json!({
        "uuid": uuid(number),
        "metadata": {"title": title, "version": "1.0", "oscal-version": "1.1.3",
                     "last-modified": "2026-01-01T00:00:00Z"},
    });
    for (name, value) in members.as_object().into_iter().flatten() {
        root[name] = value.clone();
    }
    json!({ model: root }).to_string()
}

fn control(id: &str, title: &str, prose: &str) -> Value {
    json!({
        "id": id, "title": title, "props": [{"name": "label", "value": id.to_uppercase()}],
        "params": [{"id": format!("{id}_odp"), "label": "frequency",
                    "guidelines": [{"prose": "How often."}]}],
        "parts": [
            {"id": format!("{id}_smt"), "name": "statement",
             "prose": format!("{prose} {{{{ insert: param, {id}_odp }}}}.")},
            {"id": format!("{id}_fr"), "name": "item", "title": "Additional requirements",
             "prose": "Ask [K-2](#k-2) \\[first\\]."},
            {"id": format!("{id}_obj"), "name": "objective", "prose": "Determine if it is done."},
        ],
    })
}

/// House rules with two groups; a profile that constrains, renames and regroups; other rules that
/// have a k-1 as well, and a profile of both.
fn documents() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let withdrawn = json!({"id": "k-3", "title": "Bells",
        "props": [{"name": "status", "value": "withdrawn"}]});
    let catalog = json!({"groups": [
        {"id": "k", "title": "Keys", "controls": [
            control("k-1", "Review keys", "Review keys"), control("k-2", "Guests", "Greet"), withdrawn]},
        {"id": "m", "title": "Meals", "controls": [control("m-1", "Dinner", "Cook")]},
    ]});
    let constrained = json!({
        "imports": [{"href": "rules.json", "include-controls": [{"with-ids": ["k-1", "k-3"]}]}],
        "merge": {"custom": {"groups": [
            {"id": "doors", "title": "Doors", "insert-controls": [{"include-all": {}}]}]}},
        "modify": {
            "set-parameters": [{"param-id": "k-1_odp",
                "constraints": [{"description": "at least every 30 days"}]}],
            "alters": [{"control-id": "k-1", "adds": [{"title": "Review all keys"}]}],
        },
    });
    let both = json!({"imports": [
        {"href": "rules.json", "include-all": {}}, {"href": "other.json", "include-all": {}}]});
    let other = json!({"controls": [control("k-1", "Other keys", "Count keys")]});
    for (name, text) in [
        ("rules.json", document("catalog", 1, "House rules", catalog)),
        (
            "constrained.json",
            document("profile", 2, "A strict house", constrained),
        ),
        ("other.json", document("catalog", 3, "Other rules", other)),
        ("both.json", document("profile", 4, "Both", both)),
    ] {
        fs::write(directory.path().join(name), text).expect("writable");
    }
    let flag = format!("--documents-dir={}", directory.path().display());
    (directory, flag)
}

/// The text and the data of the answers to these calls.
fn answers(calls: &[(&str, Value)]) -> Vec<(String, Value)> {
    let (_directory, flag) = documents();
    let calls: Vec<_> = calls
        .iter()
        .map(|(tool, arguments)| tool_call(tool, arguments))
        .collect();
    let (answers, _) = over_stdio(&[&flag], &[], &calls);
    answers[1..]
        .iter()
        .map(|answer| {
            let result = &answer["result"];
            let text = result["content"][0]["text"].as_str().expect("text");
            (text.to_owned(), result["structuredContent"].clone())
        })
        .collect()
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn constraints_and_a_profiles_own_names_are_shown() {
    let profile = uuid(2);
    let answers = answers(&[
        ("get_control", json!({"control": "K-1", "profile": profile})),
        ("resolve_profile", json!({"profile": profile})),
        (
            "list_controls",
            json!({"profile": profile, "group": "doors"}),
        ),
        ("search", json!({"query": "every 30 days"})),
    ]);
    let constraint =
        "[Assignment: organization-defined frequency — constraint: at least every 30 days]";
    let (text, control) = &answers[0];
    assert_has(
        text,
        &[
            "# K-1 Review all keys\n",
            "in Doors, from A strict house 1.0",
            &format!("Review keys {constraint}."),
            "(How often.)",
            "## Additional requirements\n\nAsk K-2 [first].",
            "Parts left out: objective",
        ],
    );
    assert_eq!(
        control["parameters"][0]["constraints"],
        json!(["at least every 30 days"])
    );
    assert_eq!(
        control["parameters"][0]["guidelines"],
        json!(["How often."])
    );
    assert_eq!(control["document"], profile);
    assert!(
        serde_json::from_str::<Value>(text).is_err(),
        "no JSON as text"
    );

    let (text, resolved) = &answers[1];
    assert_has(
        text,
        &[
            "- K-1 Review all keys (changed)",
            "- k-3 Bells (withdrawn)",
            "Warning: selects withdrawn controls: `k-3`",
            &format!("k-1_odp of k-1: [Assignment: organization-defined frequency] → {constraint}"),
            "House rules 1.0",
        ],
    );
    assert_eq!(resolved["parameters"][0]["new"], json!([constraint]));
    assert_eq!(resolved["controls"]["items"][1]["withdrawn"], true);

    let (text, list) = &answers[2];
    assert_has(
        text,
        &["## Doors\n\n- K-1 Review all keys\n- k-3 Bells (withdrawn)"],
    );
    assert_eq!(list["items"][0]["title"], "Review all keys");
    assert_eq!(list["items"][0]["group"], "Doors");

    let hits = answers[3].1["items"].to_string();
    assert_has(&hits, &["at least every 30 days", &profile]);
}

#[test]
fn one_clash_does_not_hide_other_controls() {
    let profile = uuid(4);
    let answers = answers(&[
        ("get_control", json!({"control": "k-2", "profile": profile})),
        ("get_control", json!({"control": "k-1", "profile": profile})),
        (
            "resolve_profile",
            json!({"profile": profile, "resolved": true}),
        ),
    ]);
    assert_eq!(answers[0].1["id"], "k-2");
    let (text, control) = &answers[1];
    assert_eq!(control["versions"][0]["title"], "Other keys");
    assert_has(text, &["## Another version: Other keys\n\nCount keys"]);
    let (text, resolved) = &answers[2];
    assert_has(
        text,
        &[
            "`k-1` is in the result 2 times",
            "House rules",
            "Other rules",
        ],
    );
    let titles = |member: &str| -> Vec<String> {
        let items = resolved["controls"]["items"]
            .as_array()
            .expect("controls")
            .iter();
        items
            .map(|item| item.pointer(member).expect(member).to_string())
            .collect()
    };
    assert_eq!(titles("/title"), titles("/json/title"));
    assert_eq!(titles("/title").len(), 5);
}

#[test]
fn parts_are_shown_by_kind() {
    let answers = answers(&[
        (
            "get_control",
            json!({"control": "k-1", "document": uuid(1), "parts": ["assessment"]}),
        ),
        (
            "get_control",
            json!({"control": "k-1", "document": uuid(1), "parts": ["other"]}),
        ),
    ]);
    for ((text, control), (shown, left_out)) in answers.iter().zip([
        ("Determine if it is done.", json!(["item", "statement"])),
        ("Ask K-2 [first].", json!(["objective", "statement"])),
    ]) {
        assert_has(text, &[shown]);
        assert_eq!(control["parts"].as_array().map(Vec::len), Some(1));
        assert_eq!(control["other_parts"], left_out);
    }
}

#[test]
fn what_is_not_there_is_an_error_that_helps() {
    let profile = uuid(2);
    let answers = answers(&[
        ("get_control", json!({"control": "k-2", "profile": profile})),
        (
            "get_control",
            json!({"control": "k-22", "profile": profile}),
        ),
        ("get_control", json!({"control": "dinner"})),
        (
            "list_controls",
            json!({"document": uuid(1), "group": "key"}),
        ),
        ("list_controls", json!({"profile": profile, "group": "k"})),
        (
            "list_controls",
            json!({"document": uuid(1), "group": "m", "withdrawn": true}),
        ),
    ]);
    for ((text, _), parts) in answers.iter().zip([
        &[
            "\"A strict house\" does not select K-2 Guests",
            "\"House rules\"",
            &uuid(1),
        ][..],
        &["no control \"k-22\" is in the baseline \"A strict house\""],
        &["did you mean M-1 Dinner?"],
        &["no group \"key\" is in \"House rules\"; did you mean k (Keys)?"],
        &["no group \"k\" is in \"A strict house\"; the groups are doors"],
        &["0 controls"],
    ]) {
        assert_has(text, parts);
    }
}

#[test]
fn verdicts_are_told_in_words() {
    let content = json!({"catalog": {"controls": [{"id": "a", "links": [{"href": "#gone"}]}]}});
    let answers = answers(&[("validate_document", json!({"content": content}))]);
    let (text, verdict) = &answers[0];
    assert_has(
        text,
        &[
            "No verdict: no schemas are loaded",
            "## Warnings: 1\n\n- /catalog/controls/0/links/0/href: ",
            "[dangling-reference]",
        ],
    );
    assert_eq!(verdict["warning_count"], 1);
}
