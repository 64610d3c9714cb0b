//! Mappings and comparisons through the tools: what is answered, and to whom.

use std::{fs, path::Path};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server, over_stdio, tool_call};

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn control(id: &str, title: &str, statement: &str) -> Value {
    json!({"id": id, "title": title, "parts": [{"name": "statement", "prose": statement}]})
}

fn catalog(number: u32, title: &str, controls: &[Value]) -> Value {
    json!({"catalog": {"uuid": uuid(number), "metadata": {"title": title, "version": "1"}, "controls": controls}})
}

fn plan(number: u32, title: &str, status: &str) -> Value {
    json!({"system-security-plan": {"uuid": uuid(number), "metadata": {"title": title},
        "import-profile": {"href": "old.json"},
        "control-implementation": {"implemented-requirements": [
            {"uuid": "r", "control-id": "ac-1", "remarks": format!("Keys are {status}.")}]}}})
}

/// Two editions of a catalog, two profiles, a mapping, a component and two plans.
fn write(directory: &Path) {
    let old = [
        control("ac-1", "Keys", "Count the keys weekly."),
        control("ac-2", "Guests", "Guests sign."),
    ];
    let new = [
        control("ac-1", "Keys", "Count the keys daily."),
        control("ac-3", "Doors", "Doors close."),
    ];
    let profile = |number: u32, ids: &[&str], value: &str| {
        json!({"profile": {"uuid": uuid(number), "metadata": {"title": format!("Profile {number}")},
            "imports": [{"href": "old.json", "include-controls": [{"with-ids": ids}]}],
            "modify": {"alters": [{"control-id": "ac-1", "adds": [
                {"position": "ending", "parts": [{"name": "guidance", "prose": value}]}]}]}}})
    };
    let item = |id: &str| json!([{"type": "control", "id-ref": id}]);
    let map = |relationship: &str, source: &str, target: &str| json!({"uuid": "m", "relationship": relationship, "sources": item(source), "targets": item(target)});
    let mapping = json!({"mapping-collection": {"uuid": uuid(5), "metadata": {"title": "House to ISO"},
        "provenance": {"method": "human", "matching-rationale": "semantic", "status": "draft"},
        "mappings": [{"uuid": "x",
            "source-resource": {"type": "catalog", "href": "old.json"},
            "target-resource": {"type": "catalog", "href": "iso-27001.json"},
            "maps": [map("subset-of", "ac-1", "a.5.15"), map("equal-to", "ac-2", "a.7.2")]}]}});
    let component = json!({"component-definition": {"uuid": uuid(6), "metadata": {"title": "Locks"},
        "components": [{"uuid": "c", "type": "hardware", "title": "Front door", "description": "",
            "control-implementations": [{"uuid": "i", "source": "old.json", "description": "",
                "implemented-requirements": [
                    {"uuid": "r", "control-id": "ac-1", "description": "Numbered."},
                    {"uuid": "q", "control-id": "ac-2", "description": "A book."}]}]}]}});
    for (name, document) in [
        ("old.json", catalog(1, "House rules, old", &old)),
        ("new.json", catalog(2, "House rules, new", &new)),
        ("low.json", profile(3, &["ac-1"], "Weekly is enough.")),
        (
            "high.json",
            profile(4, &["ac-1", "ac-2"], "Weekly is not enough."),
        ),
        ("mapping.json", mapping),
        ("locks.json", component),
        ("plan-1.json", plan(7, "Treasury in spring", "counted")),
        ("plan-2.json", plan(8, "Treasury in autumn", "numbered")),
    ] {
        fs::write(directory.join(name), document.to_string()).expect("writable");
    }
}

/// The answers to these calls: structured content and text.
fn answers(calls: &[(&str, Value)]) -> Vec<(Value, String)> {
    let documents = tempfile::tempdir().expect("a temporary directory");
    write(documents.path());
    let flags = format!("--documents-dir={}", documents.path().display());
    let calls: Vec<_> = calls
        .iter()
        .map(|(tool, arguments)| tool_call(tool, arguments))
        .collect();
    let (mut answers, _) = over_stdio(&[&flags], &[], &calls);
    answers.remove(0);
    let told = answers.into_iter().map(|answer| {
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{answer}"));
        (result["structuredContent"].clone(), text.to_owned())
    });
    told.collect()
}

fn strings<'a>(items: &'a Value, member: &str) -> Vec<&'a str> {
    let items = items.as_array().unwrap_or_else(|| panic!("{items}"));
    items
        .iter()
        .filter_map(|item| item[member].as_str())
        .collect()
}

#[test]
fn a_control_is_found_in_another_framework_in_both_directions() {
    let told = answers(&[
        (
            "query_mappings",
            json!({"control": "AC-1", "to": "ISO 27001"}),
        ),
        ("query_mappings", json!({"control": "A.5.15"})),
        ("query_mappings", json!({})),
        ("query_mappings", json!({"control": "ac-3"})),
    ]);
    let (data, text) = &told[0];
    let map = &data["maps"]["items"][0];
    assert_eq!(map["relationship"], "subset-of");
    assert_eq!(strings(&map["to"], "id"), ["a.5.15"]);
    assert_eq!(map["from"][0]["title"], "Keys");
    assert!(text.contains("ac-1 Keys **subset-of** a.5.15"), "{text}");
    assert!(text.contains("iso-27001.json (not loaded)"), "{text}");
    let (data, text) = &told[1];
    assert_eq!(data["maps"]["items"][0]["relationship"], "superset-of");
    assert_eq!(data["mappings"][0]["to"]["title"], "House rules, old");
    assert!(text.contains("a.5.15 **superset-of** ac-1 Keys"), "{text}");
    let (data, _) = &told[2];
    assert_eq!(
        data["by_relationship"],
        json!({"equal-to": 1, "subset-of": 1})
    );
    assert!(
        told[3].1.contains("no loaded map names ac-3"),
        "{}",
        told[3].1
    );
}

#[test]
fn coverage_through_mappings_is_labelled_and_names_gaps() {
    let told = answers(&[
        ("query_mappings", json!({"coverage_of": "ISO 27001"})),
        ("query_mappings", json!({"coverage_of": uuid(4)})),
    ]);
    let (data, text) = &told[0];
    let coverage = &data["coverage"];
    assert_eq!(coverage["mapped"], json!({"part": 1, "whole": 1}));
    let states = &coverage["through_implementations"];
    assert_eq!(*states, json!({"covered": 1, "partly-covered": 1}));
    assert_eq!(strings(&coverage["gaps"]["items"], "id"), ["a.5.15"]);
    assert!(
        text.contains("This is derived from the relationships"),
        "{text}"
    );
    assert!(text.contains("the framework is not loaded"), "{text}");
    // Of a profile, the controls that it selects count; nothing implements ISO's.
    let coverage = &told[1].0["coverage"];
    assert_eq!(coverage["total"], 2);
    assert_eq!(coverage["mapped"], json!({"whole": 2}));
    assert_eq!(coverage["through_implementations"], Value::Null);
}

#[test]
fn errors_say_what_there_is() {
    let told = answers(&[
        ("query_mappings", json!({"to": "NIST"})),
        ("query_mappings", json!({"control": "zz-9"})),
        ("query_mappings", json!({"document": uuid(1)})),
        (
            "query_mappings",
            json!({"coverage_of": "ISO", "control": "ac-1"}),
        ),
        ("compare", json!({"old": uuid(1), "new": uuid(6)})),
        (
            "compare",
            json!({"old": uuid(1), "new": uuid(2), "control": "zz-9"}),
        ),
    ]);
    for ((_, text), expected) in told.iter().zip([
        "the mapped frameworks are \"House rules, old\", \"iso-27001.json\"",
        "no control \"zz-9\"",
        "is a catalog; document takes a mapping-collection",
        "coverage_of",
        "the old document is a catalog and the new one a component-definition",
        "no control \"zz-9\"",
    ]) {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn editions_are_compared_with_their_impact() {
    let told = answers(&[
        ("compare", json!({"old": uuid(1), "new": uuid(2)})),
        ("compare", json!({"old": uuid(3), "new": uuid(4)})),
        ("compare", json!({"old": uuid(7), "new": uuid(8)})),
        (
            "compare",
            json!({"old": uuid(1), "new": uuid(2), "change": "added", "limit": 1}),
        ),
        (
            "compare",
            json!({"old": uuid(3), "new": uuid(4), "control": "AC-02"}),
        ),
    ]);
    let (data, text) = &told[0];
    let by_change = json!({"added": 1, "removed": 1, "text": 1});
    assert_eq!(data["summary"]["by_change"], by_change);
    assert_eq!(
        strings(&data["changes"]["items"], "id"),
        ["ac-1", "ac-3", "ac-2"]
    );
    let diff = "Count the keys [-weekly.-]{+daily.+}";
    assert_eq!(data["changes"]["items"][0]["differences"][0]["diff"], diff);
    let implementers = &data["impact"]["implementers"];
    assert_eq!(
        strings(implementers, "title"),
        ["Front door", "Treasury in spring", "Treasury in autumn"]
    );
    assert_eq!(implementers[0]["removed"], json!(["ac-2"]));
    assert_eq!(implementers[0]["changed"], json!(["ac-1"]));
    assert_eq!(implementers[0]["written_for"], "old");
    for line in [
        "- Old: House rules, old, version 1 (catalog,",
        "2 controls in force",
        diff,
        "**Front door** in Locks",
        "removed: ac-2",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Baselines are compared as they resolve.
    let (data, text) = &told[1];
    assert_eq!(data["summary"]["by_change"], json!({"added": 1, "text": 1}));
    assert!(text.contains("Weekly is {+not+} enough."), "{text}");
    let (data, text) = &told[2];
    assert_eq!(data["changes"]["items"][1]["control"], "ac-1");
    assert!(
        text.contains("remarks: Keys are [-counted.-]{+numbered.+}"),
        "{text}"
    );
    assert_eq!(data["impact"], Value::Null);
    let changes = &told[3].0["changes"];
    assert_eq!(strings(&changes["items"], "id"), ["ac-3"]);
    assert_eq!(changes["total"], 1);
    assert_eq!(strings(&told[4].0["changes"]["items"], "id"), ["ac-2"]);
}

/// Neither a plan's name nor its id, and not even a count, shows without the scope.
#[tokio::test]
async fn comparisons_and_mappings_do_not_tell_of_plans_without_their_scope() {
    let fake = FakeAuthorizationServer::start();
    let documents = tempfile::tempdir().expect("a temporary directory");
    write(documents.path());
    let server = Server::with_scopes(fake.issuer(), documents.path());
    for (scopes, sees_it) in [
        ("mcp oscal:read", false),
        ("mcp oscal:read oscal:sensitive", true),
    ] {
        let token = scopes.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
        let ask = async |tool: &str, arguments: Value| {
            let request = server.call(tool, &arguments).bearer_auth(&token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 200);
            response.json::<Value>().await.expect("JSON")["result"].clone()
        };
        let impact = ask("compare", json!({"old": uuid(1), "new": uuid(2)})).await;
        let documents = &impact["structuredContent"]["impact"]["documents"];
        assert_eq!(*documents, if sees_it { 3 } else { 1 }, "{impact}");
        assert_eq!(impact.to_string().contains("Treasury"), sees_it, "{impact}");
        for (old, new) in [(7, 8), (1, 7), (7, 1)] {
            let compared = ask("compare", json!({"old": uuid(old), "new": uuid(new)})).await;
            let text = compared.to_string();
            assert!(sees_it || compared["isError"] == true, "{text}");
            assert_eq!(text.contains("system-security-plan"), sees_it, "{text}");
            assert!(sees_it || !text.contains("Treasury"), "{text}");
        }
        for arguments in [
            json!({"to": uuid(7)}),
            json!({"coverage_of": uuid(7)}),
            json!({"document": uuid(7)}),
        ] {
            let answer = ask("query_mappings", arguments).await;
            assert_eq!(answer["isError"], true, "{answer}");
            let text = answer["content"][0]["text"].as_str().expect("text");
            assert!(!text.contains("Treasury"), "{text}");
            assert!(sees_it || !text.contains("system-security-plan"), "{text}");
        }
    }
}
