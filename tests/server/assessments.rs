//! `get_object` and `query_assessments`, with and without the scope for sensitive models.

use std::fs;

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{RESOURCE, Server, over_stdio, tool_call};

const CATALOG: &str = "11111111-1111-4111-8111-111111111111";
const PLAN: &str = "22222222-2222-4222-8222-222222222222";
const RESULTS: &str = "33333333-3333-4333-8333-333333333333";
const ACTIONS: &str = "44444444-4444-4444-8444-444444444444";
const COMPONENT: &str = "55555555-5555-4555-8555-555555555555";
const FINDING: &str = "66666666-6666-4666-8666-666666666666";
const RISK: &str = "77777777-7777-4777-8777-777777777777";
const ITEM: &str = "88888888-8888-4888-8888-888888888888";

fn documents() -> [(&'static str, Value); 4] {
    let metadata = |title: &str| json!({"title": title, "version": "1", "roles": [{"id": "guard", "title": "Guard"}]});
    [
        (
            "catalog.json",
            json!({"catalog": {"uuid": CATALOG, "metadata": metadata("Rules"), "controls": [
                {"id": "xy-2", "title": "Look around", "props": [{"name": "label", "value": "XY-2"}],
                 "parts": [{"id": "xy-2_smt", "name": "statement", "prose": "Look."}]},
                {"id": "xy-3", "title": "Listen"}]}}),
        ),
        (
            "plan.json",
            json!({"system-security-plan": {"uuid": PLAN, "metadata": metadata("Treasury plan"),
                "system-implementation": {
                    "users": [{"uuid": "99999999-9999-4999-8999-999999999991", "title": "Treasurer", "role-ids": ["guard"]}],
                    "components": [{"uuid": COMPONENT, "type": "software", "title": "Treasury vault"}],
                    "inventory-items": [{"uuid": "99999999-9999-4999-8999-999999999992", "description": "Treasury shelf.",
                        "implemented-components": [{"component-uuid": COMPONENT}]}]},
                "control-implementation": {"implemented-requirements": [
                    {"uuid": "99999999-9999-4999-8999-999999999993", "control-id": "xy-2"}]}}}),
        ),
        (
            "results.json",
            json!({"assessment-results": {"uuid": RESULTS, "metadata": metadata("Treasury audit"),
                "import-ap": {"href": "#plan"}, "results": [{
                    "uuid": "99999999-9999-4999-8999-999999999994", "title": "Night", "description": "d",
                    "findings": [{"uuid": FINDING, "title": "Treasury door open", "description": "It was open.",
                        "target": {"type": "statement-id", "target-id": "xy-2_smt", "status": {"state": "not-satisfied"}},
                        "related-risks": [{"risk-uuid": RISK}]}],
                    "risks": [{"uuid": RISK, "title": "Treasury theft", "description": "d", "statement": "s",
                        "status": "open", "deadline": "2026-03-01T00:00:00Z"}]}]}}),
        ),
        (
            "actions.json",
            json!({"plan-of-action-and-milestones": {"uuid": ACTIONS, "metadata": metadata("Treasury actions"),
                "poam-items": [{"uuid": ITEM, "title": "Close the treasury", "description": "d",
                    "related-risks": [{"risk-uuid": RISK}]}]}}),
        ),
    ]
}

fn directory(with_sensitive: bool) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, value) in documents() {
        if with_sensitive || name == "catalog.json" {
            fs::write(directory.path().join(name), value.to_string()).expect("writable");
        }
    }
    directory
}

/// The structured content, the text, and whether it is an error, of each call.
fn ask(calls: &[(&str, Value)]) -> Vec<(Value, String, bool)> {
    let directory = directory(true);
    let flag = format!("--documents-dir={}", directory.path().display());
    let requests: Vec<_> = calls
        .iter()
        .map(|(tool, arguments)| tool_call(tool, arguments))
        .collect();
    let (mut answers, _) = over_stdio(&[&flag], &[], &requests);
    answers.remove(0);
    let parts = |answer: &Value| {
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        (
            result["structuredContent"].clone(),
            text.unwrap_or_else(|| panic!("{answer}")).to_owned(),
            result["isError"] == true,
        )
    };
    answers.iter().map(parts).collect()
}

#[test]
fn an_object_comes_with_what_it_refers_to_and_what_refers_to_it() {
    let answers = ask(&[
        ("get_object", json!({"id": RISK})),
        ("get_object", json!({"id": FINDING.to_uppercase()})),
        ("get_object", json!({"id": "guard"})),
        ("get_object", json!({"id": "guard", "document": PLAN})),
        ("get_object", json!({"id": "XY-2"})),
        ("get_object", json!({"id": "xy-2_smx"})),
        ("get_object", json!({"id": "guard", "kind": "control"})),
        ("get_object", json!({"id": RISK, "limit": 1, "offset": 1})),
    ]);
    let (risk, text, _) = &answers[0];
    assert_eq!(risk["object"]["kind"], "risk");
    assert_eq!(risk["object"]["data"]["status"], "open");
    assert_eq!(risk["object"]["within"][0]["title"], "Night");
    assert_eq!(risk["object"]["document"], RESULTS);
    let referring = risk["object"]["referred_by"]["items"]
        .as_array()
        .expect("a list");
    let referring: Vec<_> = referring.iter().map(|item| &item["id"]).collect();
    assert_eq!(referring, [&json!(ITEM), &json!(FINDING)]);
    for part in [
        "# Treasury theft (risk)",
        "- status: open",
        "Close the treasury",
        "- In result: Night",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refers_to = &answers[1].0["object"]["refers_to"];
    assert_eq!(refers_to[0]["id"], "xy-2_smt");
    assert_eq!(refers_to[0]["kind"], "part");
    assert_eq!(refers_to[1]["title"], "Treasury theft");
    assert_eq!(answers[2].0["several"]["total"], 4);
    assert!(answers[2].1.contains("Treasury plan"), "{}", answers[2].1);
    assert_eq!(
        answers[3].0["object"]["referred_by"]["items"][0]["kind"],
        "user"
    );
    assert_eq!(answers[4].0["object"]["title"], "Look around");
    assert!(
        answers[5].2 && answers[5].1.contains("do you mean xy-2_smt (part"),
        "{}",
        answers[5].1
    );
    assert!(
        answers[6].2 && answers[6].1.contains("4 have it"),
        "{}",
        answers[6].1
    );
    let page = &answers[7].0["object"]["referred_by"];
    assert_eq!(
        (&page["total"], &page["items"][0]["id"]),
        (&json!(2), &json!(FINDING))
    );
}

#[test]
fn assessments_are_filtered_and_counted() {
    let answers = ask(&[
        ("query_assessments", json!({})),
        (
            "query_assessments",
            json!({"control": "XY-2", "state": "open", "kind": "poam-item"}),
        ),
        (
            "query_assessments",
            json!({"kind": "inventory-item", "component": "vault"}),
        ),
        ("query_assessments", json!({"control": "xy-3"})),
        ("query_assessments", json!({"control": "xy-4"})),
        ("query_assessments", json!({"due_before": "soon"})),
        ("query_assessments", json!({"document": CATALOG})),
        (
            "query_assessments",
            json!({"document": PLAN, "kind": "user"}),
        ),
        ("query_assessments", json!({"limit": 1})),
    ]);
    let (all, text, _) = &answers[0];
    assert_eq!(
        all["summary"]["counts"]["finding"],
        json!({"not-satisfied": 1})
    );
    assert_eq!(all["summary"]["unresolved_controls"], json!(["xy-2"]));
    assert_eq!(all["items"]["total"], 3);
    for part in [
        "1 finding (1 not-satisfied)",
        "1 POA&M item (1 open)",
        "Controls that are not satisfied: xy-2.",
        "Next deadline: 2026-03-01T00:00:00Z.",
        "## finding: Treasury door open",
        "- Controls: xy-2 (target xy-2_smt)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(answers[1].0["items"]["items"][0]["id"], ITEM);
    assert_eq!(
        answers[2].0["items"]["items"][0]["components"][0]["title"],
        "Treasury vault"
    );
    let note = answers[3].0["note"].as_str().expect("a note");
    assert!(note.contains("without them there are 1 finding"), "{note}");
    for (number, part) in [
        (4, "no control \"xy-4\""),
        (5, "due_before: \"soon\""),
        (6, "document: a catalog has no"),
    ] {
        let (_, text, is_error) = &answers[number];
        assert!(*is_error && text.contains(part), "{part} in {text}");
    }
    assert_eq!(answers[7].0["items"]["items"][0]["title"], "Treasurer");
    assert!(
        answers[8].1.contains("1 to 1 of 3; more with offset 1."),
        "{}",
        answers[8].1
    );
}

/// Without the scope, each answer is the same as from a server that has no such documents.
#[tokio::test]
async fn a_caller_without_the_sensitive_scope_learns_nothing_of_assessments() {
    let fake = FakeAuthorizationServer::start();
    let start = |with_sensitive| {
        let directory = directory(with_sensitive);
        let server = Server::with_scopes(fake.issuer(), directory.path());
        (server, directory)
    };
    let (full, _full_directory) = start(true);
    let (bare, _bare_directory) = start(false);
    let ask = async |server: &Server, scopes: &str, tool: &str, arguments: &Value| -> String {
        let token = scopes.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
        let request = server.call(tool, arguments).bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        response.text().await.expect("text")
    };
    let ids = [
        CATALOG, PLAN, RESULTS, ACTIONS, COMPONENT, FINDING, RISK, ITEM, "guard", "xy-2",
        "xy-2_smt", "treasury", "6666666", "xy-2_sm", "nothing",
    ];
    let mut calls: Vec<(&str, Value)> = ids
        .iter()
        .map(|id| ("get_object", json!({"id": id})))
        .collect();
    calls.push(("get_object", json!({"id": "guard", "document": PLAN})));
    calls.push((
        "get_object",
        json!({"id": "guard", "kind": "role", "offset": 1}),
    ));
    for kind in [
        "finding",
        "observation",
        "risk",
        "poam-item",
        "result",
        "task",
        "activity",
        "inventory-item",
        "user",
        "leveraged-authorization",
    ] {
        calls.push(("query_assessments", json!({"kind": kind})));
    }
    for arguments in [
        json!({}),
        json!({"control": "xy-2"}),
        json!({"control": "xy-4"}),
        json!({"component": "treasury"}),
        json!({"state": "open"}),
        json!({"due_before": "2027-01-01"}),
        json!({"document": RESULTS}),
        json!({"document": CATALOG}),
    ] {
        calls.push(("query_assessments", arguments));
    }
    let mut shown = 0;
    for (tool, arguments) in &calls {
        let without = ask(&full, "mcp oscal:read", tool, arguments).await;
        let from_bare = ask(&bare, "mcp oscal:read oscal:sensitive", tool, arguments).await;
        assert_eq!(without, from_bare, "{tool} {arguments}");
        let with = ask(&full, "mcp oscal:read oscal:sensitive", tool, arguments).await;
        shown += usize::from(with.contains("reasury"));
        let echoed = arguments.to_string().contains("treasury");
        assert!(
            echoed || !without.contains("reasury"),
            "{tool} {arguments}: {without}"
        );
    }
    assert!(shown > 20, "the same calls show them to others: {shown}");
}
