//! Every tool, prompt, resource and completion, tried with every name there is: a caller without the
//! scope for sensitive documents gets the same answers as from a server that does not have them.

use std::{collections::BTreeSet, fs};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{RESOURCE, Server};

const CATALOG: &str = "11111111-1111-4111-8111-111111111111";
const PROFILE: &str = "22222222-2222-4222-8222-222222222222";
const COMPONENTS: &str = "33333333-3333-4333-8333-333333333333";
const MAPPING: &str = "44444444-4444-4444-8444-444444444444";
const PLAN: &str = "a1111111-1111-4111-8111-111111111111";
const ASSESSMENT: &str = "a2222222-2222-4222-8222-222222222222";
const RESULTS: &str = "a3333333-3333-4333-8333-333333333333";
const ACTIONS: &str = "a4444444-4444-4444-8444-444444444444";
const VAULT: &str = "b1111111-1111-4111-8111-111111111111";
const FINDING: &str = "b2222222-2222-4222-8222-222222222222";
const OTHER: &str = "c1111111-1111-4111-8111-111111111111";

/// What an argument may be: names of hidden things, of visible ones, and of nothing.
const NAMES: [&str; 14] = [
    PLAN,
    ASSESSMENT,
    RESULTS,
    ACTIONS,
    VAULT,
    FINDING,
    "Treasury",
    "plan.json",
    "auditor",
    CATALOG,
    PROFILE,
    MAPPING,
    "xy-2",
    "nothing",
];

/// Names that stand for required arguments while another argument is tried.
const FEW: [&str; 3] = [PLAN, PROFILE, "xy-2"];

fn documents() -> Vec<(&'static str, bool, Value)> {
    let metadata = |title: &str| json!({"title": title, "version": "1", "last-modified": "2026-01-01T00:00:00Z", "oscal-version": "1.2.0"});
    let catalog = json!({"catalog": {"uuid": CATALOG, "metadata": metadata("Rules"), "controls": [
        {"id": "xy-2", "title": "Look around", "props": [{"name": "label", "value": "XY-2"}],
         "parts": [{"id": "xy-2_smt", "name": "statement", "prose": "Look."}]},
        {"id": "xy-3", "title": "Listen"}]}});
    let profile = json!({"profile": {"uuid": PROFILE, "metadata": metadata("Rules for all"),
        "imports": [{"href": "catalog.json", "include-all": {}}]}});
    let components = json!({"component-definition": {"uuid": COMPONENTS, "metadata": metadata("Products"),
        "components": [{"uuid": "33333333-3333-4333-8333-333333333334", "type": "software",
            "title": "Watchdog", "description": "d", "control-implementations": [{
                "uuid": "33333333-3333-4333-8333-333333333335", "source": "catalog.json",
                "description": "d", "implemented-requirements": [{
                    "uuid": "33333333-3333-4333-8333-333333333336", "control-id": "xy-2",
                    "description": "It looks."}]}]}]}});
    let mapping = json!({"mapping-collection": {"uuid": MAPPING, "metadata": metadata("Rules to others"),
        "mappings": [{"uuid": "44444444-4444-4444-8444-444444444445",
            "source-resource": {"type": "catalog", "href": format!("#{CATALOG}")},
            "target-resource": {"type": "catalog", "href": format!("#{OTHER}")},
            "maps": [{"uuid": "44444444-4444-4444-8444-444444444446", "relationship": "equal-to",
                "sources": [{"type": "control", "id-ref": "xy-2"}],
                "targets": [{"type": "control", "id-ref": "o-1"}]}]}]}});
    let plan = json!({"system-security-plan": {"uuid": PLAN, "metadata": metadata("Treasury plan"),
        "import-profile": {"href": "profile.json"},
        "system-implementation": {
            "users": [{"uuid": "a1111111-1111-4111-8111-111111111112", "title": "Treasurer", "role-ids": ["auditor"]}],
            "components": [{"uuid": VAULT, "type": "software", "title": "Treasury vault", "description": "d"}]},
        "control-implementation": {"description": "d", "implemented-requirements": [{
            "uuid": "a1111111-1111-4111-8111-111111111113", "control-id": "xy-3", "by-components": [{
                "uuid": "a1111111-1111-4111-8111-111111111114", "component-uuid": VAULT,
                "description": "The treasury listens.", "implementation-status": {"state": "implemented"}}]}]}}});
    let assessment = json!({"assessment-plan": {"uuid": ASSESSMENT, "metadata": metadata("Treasury visit"),
        "import-ssp": {"href": "plan.json"}, "tasks": [{
            "uuid": "a2222222-2222-4222-8222-222222222223", "type": "action", "title": "See the treasury"}]}});
    let results = json!({"assessment-results": {"uuid": RESULTS, "metadata": metadata("Treasury audit"),
        "import-ap": {"href": "visit.json"}, "results": [{
            "uuid": "a3333333-3333-4333-8333-333333333334", "title": "Night", "description": "d",
            "start": "2026-01-01T00:00:00Z", "findings": [{
                "uuid": FINDING, "title": "Treasury door open", "description": "It was open.",
                "target": {"type": "objective-id", "target-id": "xy-2", "status": {"state": "not-satisfied"}}}]}]}});
    let actions = json!({"plan-of-action-and-milestones": {"uuid": ACTIONS, "metadata": metadata("Treasury actions"),
        "poam-items": [{"uuid": "a4444444-4444-4444-8444-444444444445", "title": "Close the treasury",
            "description": "d", "related-findings": [{"finding-uuid": FINDING}]}]}});
    vec![
        ("catalog.json", false, catalog),
        ("profile.json", false, profile),
        ("products.json", false, components),
        ("mapping.json", false, mapping),
        ("plan.json", true, plan),
        ("visit.json", true, assessment),
        ("audit.json", true, results),
        ("actions.json", true, actions),
    ]
}

/// A server with the sensitive documents or without.
fn server(fake: &FakeAuthorizationServer, with_sensitive: bool) -> (Server, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, is_sensitive, value) in documents() {
        if with_sensitive || !is_sensitive {
            fs::write(directory.path().join(name), value.to_string()).expect("writable");
        }
    }
    let server = Server::with_scopes(fake.issuer(), directory.path());
    (server, directory)
}

fn token(fake: &FakeAuthorizationServer, scopes: &str) -> String {
    let token = scopes.replace([' ', ':'], "_");
    fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
    token
}

async fn ask(server: &Server, token: &str, (method, params): &(String, Value)) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = server.call("", &json!({})).json(&message);
    let response = request.bearer_auth(token).send().await;
    let response = response.expect("an answer");
    assert_eq!(response.status(), 200, "{method} {params}");
    response.json().await.expect("JSON")
}

/// Values that a schema allows.
fn values(schema: &Value, definitions: &Value) -> Vec<Value> {
    if let Some(name) = schema["$ref"].as_str() {
        let (_, name) = name.rsplit_once('/').expect("a path");
        return values(&definitions[name], definitions);
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.clone();
    }
    match schema["type"].as_str() {
        Some("string") => NAMES.map(Value::from).to_vec(),
        Some("boolean") => vec![json!(true)],
        Some("integer") => vec![json!(1)],
        Some("array") => values(&schema["items"], definitions)
            .into_iter()
            .map(|item| json!([item]))
            .collect(),
        // A document as an argument is the caller's own.
        _ => Vec::new(),
    }
}

/// Objects with each of `names` set to each of `values`.
fn with_each(names: &[&str], values: &[&str]) -> Vec<Map<String, Value>> {
    names.iter().fold(vec![Map::new()], |objects, &name| {
        let each = |object: &Map<String, Value>| -> Vec<Map<String, Value>> {
            let set = |&value: &&str| {
                let mut object = object.clone();
                object.insert(name.to_owned(), json!(value));
                object
            };
            values.iter().map(set).collect()
        };
        objects.iter().flat_map(each).collect()
    })
}

/// Calls of a tool with each value of each of its arguments.
fn calls(tool: &Value) -> Vec<(String, Value)> {
    let schema = &tool["inputSchema"];
    let required: Vec<_> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut arguments = with_each(&required, &NAMES);
    for (name, property) in schema["properties"].as_object().expect("properties") {
        for value in values(property, &schema["$defs"]) {
            for mut object in with_each(&required, &FEW) {
                object.insert(name.clone(), value.clone());
                arguments.push(object);
            }
        }
    }
    let call = |arguments| json!({"name": tool["name"], "arguments": arguments});
    let calls = arguments.into_iter().map(call);
    calls.map(|call| ("tools/call".to_owned(), call)).collect()
}

/// Everything that can be asked with what the server lists.
async fn questions(server: &Server, token: &str) -> Vec<(String, Value)> {
    let list = async |method: &str, member: &str| -> Vec<Value> {
        let answer = ask(server, token, &(method.to_owned(), json!({}))).await;
        answer["result"][member].as_array().expect("a list").clone()
    };
    let mut asked = Vec::new();
    for method in [
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ] {
        asked.push((method.to_owned(), json!({})));
    }
    for tool in list("tools/list", "tools").await {
        asked.extend(calls(&tool));
    }
    let complete = |reference: &Value, argument: &str| {
        let typed = ["", "a", "T", "x"].into_iter().chain(NAMES);
        let asked = typed.map(|value| {
            let argument = json!({"name": argument, "value": value});
            let mut params = json!({"ref": reference, "argument": argument});
            if argument["name"] == "control" {
                params["context"] = json!({"arguments": {"id": PLAN}});
            }
            ("completion/complete".to_owned(), params)
        });
        asked.collect::<Vec<_>>()
    };
    for prompt in list("prompts/list", "prompts").await {
        let arguments = prompt["arguments"].as_array().expect("arguments");
        let names = arguments
            .iter()
            .filter_map(|argument| argument["name"].as_str());
        let names: Vec<_> = names.collect();
        for arguments in with_each(&names, &NAMES[..10])
            .into_iter()
            .chain(with_each(&names, &FEW))
        {
            let params = json!({"name": prompt["name"], "arguments": arguments});
            asked.push(("prompts/get".to_owned(), params));
        }
        let reference = json!({"type": "ref/prompt", "name": prompt["name"]});
        asked.extend(names.iter().flat_map(|name| complete(&reference, name)));
    }
    for template in list("resources/templates/list", "resourceTemplates").await {
        let uri = template["uriTemplate"].as_str().expect("a template");
        let uri = uri.replace("{?format}", "");
        for arguments in with_each(&["{id}", "{control}"], &NAMES) {
            let mut uri = uri.to_owned();
            for (name, value) in &arguments {
                uri = uri.replace(name, value.as_str().expect("text"));
            }
            asked.push(("resources/read".to_owned(), json!({"uri": uri})));
        }
        let reference = json!({"type": "ref/resource", "uri": uri});
        for name in ["id", "control"] {
            asked.extend(complete(&reference, name));
        }
    }
    asked
}

#[tokio::test]
async fn every_way_to_learn_of_a_sensitive_document_takes_the_scope() {
    let fake = FakeAuthorizationServer::start();
    let (full, _full_directory) = server(&fake, true);
    let (bare, _bare_directory) = server(&fake, false);
    let reader = token(&fake, "mcp oscal:read");
    let auditor = token(&fake, "mcp oscal:read oscal:sensitive");
    let mut shown = BTreeSet::new();
    let asked: BTreeSet<_> = questions(&full, &auditor)
        .await
        .into_iter()
        .map(|(method, params)| (method, params.to_string()))
        .collect();
    for (method, params) in asked {
        let params: Value = serde_json::from_str(&params).expect("JSON");
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let question = (method, params);
        let hidden = ask(&full, &reader, &question).await;
        let absent = ask(&bare, &reader, &question).await;
        assert_eq!(hidden, absent, "{question:?}");
        if ask(&full, &auditor, &question).await != hidden {
            shown.insert(format!("{} {name}", question.0));
        }
    }
    let expected = [
        "completion/complete ",
        "prompts/get draft_implementation_statement",
        "prompts/get explain_control",
        "prompts/get review_ssp_gaps",
        "resources/list ",
        "resources/read ",
        "tools/call about",
        "tools/call compare",
        "tools/call get_control",
        "tools/call get_object",
        "tools/call list_controls",
        "tools/call list_documents",
        "tools/call query_assessments",
        "tools/call query_implementations",
        "tools/call query_mappings",
        "tools/call resolve_profile",
        "tools/call search",
        "tools/call validate_document",
    ];
    assert_eq!(
        shown,
        expected.map(str::to_owned).into(),
        "where others see them"
    );
}
