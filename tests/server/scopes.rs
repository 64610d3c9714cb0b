//! Scopes of operations: a client is asked for missing scopes, and hidden documents do not exist
//! for it.

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, Server, protected_by};

const PLAN: &str = r#"{"system-security-plan": {
    "uuid": "22222222-2222-4222-8222-222222222222",
    "metadata": {"title": "Plan of the treasury", "last-modified": "2026-01-01T00:00:00Z",
                 "version": "1", "oscal-version": "1.2.3"}
}}"#;

fn server(fake: &FakeAuthorizationServer, documents: &tempfile::TempDir) -> Server {
    std::fs::write(documents.path().join("plan.json"), PLAN).expect("writable");
    let mut flags = protected_by(fake.issuer());
    flags.extend([
        "--auth-required-scopes=mcp".to_owned(),
        "--auth-scope-read=oscal:read".to_owned(),
        "--auth-scope-validate=oscal:validate".to_owned(),
        "--auth-scope-sensitive=oscal:sensitive".to_owned(),
        format!("--documents-dir={}", documents.path().display()),
    ]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    server
}

#[tokio::test]
async fn a_missing_scope_is_asked_for_by_a_challenge_that_names_all_and_keeps_the_others() {
    let fake = FakeAuthorizationServer::start();
    let documents = tempfile::tempdir().expect("a temporary directory");
    let server = server(&fake, &documents);
    let validate = ("validate_document", json!({"document": "nothing"}));
    for (granted, (tool, arguments), expected) in [
        (
            "mcp",
            ("search", json!({"query": "x"})),
            Some("mcp oscal:read"),
        ),
        ("mcp oscal:read", ("search", json!({"query": "x"})), None),
        (
            "mcp oscal:read",
            validate.clone(),
            Some("mcp oscal:read oscal:validate"),
        ),
        ("mcp oscal:validate", validate, None),
    ] {
        let token = granted.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, granted));
        let request = server.call(tool, &arguments).bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        let Some(wanted) = expected else {
            assert_eq!(response.status(), 200, "{granted} for {tool}");
            continue;
        };
        assert_eq!(response.status(), 403, "{granted} for {tool}");
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .expect("ASCII");
        assert!(
            challenge.contains("error=\"insufficient_scope\""),
            "{challenge}"
        );
        assert!(
            challenge.contains(&format!("scope=\"{wanted}\"")),
            "{challenge}"
        );
        assert!(challenge.contains("resource_metadata="), "{challenge}");
    }
    let metadata = server
        .get("/.well-known/oauth-protected-resource")
        .send()
        .await;
    let metadata: Value = metadata.expect("an answer").json().await.expect("JSON");
    assert_eq!(
        metadata["scopes_supported"],
        json!(["mcp", "oscal:read", "oscal:sensitive", "oscal:validate"])
    );
}

#[tokio::test]
async fn sensitive_documents_are_not_there_without_their_scope() {
    let fake = FakeAuthorizationServer::start();
    let documents = tempfile::tempdir().expect("a temporary directory");
    let server = server(&fake, &documents);
    for (scopes, sees_it) in [
        ("mcp oscal:read", false),
        ("mcp oscal:read oscal:sensitive", true),
    ] {
        let token = scopes.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
        for (tool, arguments) in [
            ("list_documents", json!({})),
            ("search", json!({"query": "treasury"})),
            ("about", json!({})),
        ] {
            let request = server.call(tool, &arguments).bearer_auth(&token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 200);
            let text = response.text().await.expect("text");
            let shows = text.contains("system-security-plan") || text.contains("treasury");
            assert_eq!(shows, sees_it, "{scopes}: {tool}: {text}");
        }
    }
}

#[tokio::test]
async fn rs_14_a_broader_scope_implies_a_narrower_one_by_an_option() {
    let fake = FakeAuthorizationServer::start();
    let documents = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(documents.path().join("plan.json"), PLAN).expect("writable");
    let mut flags = protected_by(fake.issuer());
    flags.extend([
        "--auth-required-scopes=mcp".to_owned(),
        "--auth-scope-read=oscal:read".to_owned(),
        "--auth-scope-validate=oscal:validate".to_owned(),
        "--auth-scope-sensitive=oscal:sensitive".to_owned(),
        "--auth-scope-hierarchy=owner>oscal:admin, oscal:admin>oscal:read, \
         oscal:admin>oscal:sensitive, oscal:admin>mcp"
            .to_owned(),
        "--built-in-documents=true".to_owned(),
        format!("--documents-dir={}", documents.path().display()),
    ]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    let search = ("search", json!({"query": "treasury"}));
    let validate = ("validate_document", json!({"document": "nothing"}));
    for (granted, (tool, arguments), challenged, sees_plan) in [
        // One broad scope covers the required scopes, the operation's scope, and the documents.
        ("oscal:admin", search.clone(), None, true),
        ("owner", search.clone(), None, true),
        ("mcp oscal:read", search.clone(), None, false),
        ("oscal:read", search.clone(), Some("mcp oscal:read"), false),
        ("oscal:administrator", search, Some("mcp"), false),
        // The client is asked for a scope that the broad one does not imply, and keeps the broad
        // one.
        (
            "oscal:admin other",
            validate.clone(),
            Some("mcp oscal:admin oscal:validate"),
            false,
        ),
        ("oscal:admin oscal:validate", validate, None, false),
    ] {
        let token = granted.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, granted));
        let request = server.call(tool, &arguments).bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        let Some(wanted) = challenged else {
            assert_eq!(response.status(), 200, "{granted} for {tool}");
            let text = response.text().await.expect("text");
            assert_eq!(
                text.contains("Plan of the treasury"),
                sees_plan,
                "{granted}: {text}"
            );
            continue;
        };
        assert_eq!(response.status(), 403, "{granted} for {tool}");
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .expect("ASCII");
        let scope = format!("scope=\"{wanted}\"");
        assert!(challenge.contains(&scope), "{granted}: {challenge}");
    }
    let prompts = json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {
        "name": "explain_control", "arguments": {"control": "rs-1"}}});
    for (granted, status) in [("mcp", 403), ("oscal:admin", 200)] {
        let token = format!("prompt-{}", granted.replace(':', "_"));
        fake.answer_token(&token, fake.active_claims(RESOURCE, granted));
        let request = server.call("about", &json!({})).json(&prompts);
        let response = request.bearer_auth(token).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{granted}");
    }
}

#[tokio::test]
async fn a_sensitive_document_with_the_uuid_of_a_catalog_neither_hides_it_nor_shows() {
    const UUID: &str = "22222222-2222-4222-8222-222222222222";
    let fake = FakeAuthorizationServer::start();
    let documents = tempfile::tempdir().expect("a temporary directory");
    let catalog = json!({"catalog": {
        "uuid": UUID, "metadata": {"title": "Rules of the house", "version": "1"},
        "controls": [{"id": "h-1", "title": "Close the door"}],
    }});
    std::fs::write(documents.path().join("z.json"), catalog.to_string()).expect("writable");
    // The plan has the same uuid, and the file name that sorts first.
    let server = server(&fake, &documents);
    let plan_id = format!("{UUID}.system-security-plan");
    for (scopes, ids) in [
        ("mcp oscal:read", vec![UUID]),
        ("mcp oscal:read oscal:sensitive", vec![&*plan_id, UUID]),
    ] {
        let token = scopes.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
        let ask = async |tool: &str, arguments: Value| -> Value {
            let request = server.call(tool, &arguments).bearer_auth(&token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), 200);
            let answer: Value = response.json().await.expect("JSON");
            answer["result"]["structuredContent"].clone()
        };
        let listed = ask("list_documents", json!({})).await;
        let items = listed["items"].as_array().expect("a list");
        let listed_ids: Vec<&str> = items
            .iter()
            .filter_map(|item| item["id"].as_str())
            .collect();
        assert_eq!(listed_ids, ids, "{listed}");
        let control = ask("get_control", json!({"control": "h-1", "document": UUID})).await;
        assert_eq!(control["title"], "Close the door", "{scopes}: {control}");
    }
}
