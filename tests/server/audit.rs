//! The audit log of the whole server.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    thread::sleep,
    time::Duration,
};

use dev_authorization_server::{FakeAuthorizationServer, SigningKey, jwks};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    RESOURCE, SECRET, Server, over_stdio, protected_by, run, stderr, stdout, tool_call,
};

const CATALOG: &str = "11111111-1111-4111-8111-111111111111";
const PLAN: &str = "22222222-2222-4222-8222-222222222222";

/// A folder with two documents, a key, and place for a log.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let metadata = |title: &str| json!({"title": title, "version": "1"});
    let catalog = json!({"catalog": {"uuid": CATALOG, "metadata": metadata("Rules"), "controls": [
        {"id": "xy-2", "title": "Look around", "parts": [
            {"id": "xy-2_smt", "name": "statement", "prose": "Look at the treasury."}]}]}});
    let plan = json!({"system-security-plan": {"uuid": PLAN, "metadata": metadata("Treasury plan"),
        "control-implementation": {"description": "d", "implemented-requirements": [
            {"uuid": "33333333-3333-4333-8333-333333333333", "control-id": "xy-2"}]}}});
    let documents = folder.path().join("documents");
    fs::create_dir(&documents).expect("writable");
    for (name, document) in [("catalog.json", catalog), ("plan.json", plan)] {
        fs::write(documents.join(name), document.to_string()).expect("writable");
    }
    fs::write(folder.path().join("key"), "k".repeat(40) + "\n").expect("writable");
    folder
}

fn flags(folder: &TempDir) -> Vec<String> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    vec![
        format!("--documents-dir={}", path("documents")),
        format!("--audit-log={}", path("audit.jsonl")),
        format!("--audit-key-file={}", path("key")),
    ]
}

fn records(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("readable");
    let parse = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(parse).collect()
}

/// Waits for a record of an event. Returns all records.
fn wait_for(file: &Path, event: &str) -> Vec<Value> {
    for _ in 0..500 {
        let all = records(file);
        if all.iter().any(|record| record["event"] == event) {
            return all;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("no {event} in {:?}", fs::read_to_string(file));
}

fn verify(folder: &TempDir, files: &[&str]) -> (Option<i32>, String) {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut arguments = vec!["audit".to_owned(), "verify".to_owned()];
    arguments.push(format!("--key-file={}", path("key")));
    arguments.extend(files.iter().map(|name| path(name)));
    let output = run(&arguments, &[]);
    (output.status.code(), stdout(&output))
}

fn protected(folder: &TempDir, more: &[&str]) -> (FakeAuthorizationServer, Server) {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t0ken-of-alice", fake.active_claims(RESOURCE, "mcp"));
    let mut all = protected_by(fake.issuer());
    all.extend(flags(folder));
    all.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&all, &[SECRET]);
    server.wait_for_log("authorization server found");
    (fake, server)
}

async fn call(server: &Server, token: &str, tool: &str, arguments: Value) -> u16 {
    let request = server.call(tool, &arguments).bearer_auth(token);
    let request = request.header("X-Request-Id", "request-7");
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn rs_73_what_is_asked_is_recorded_with_who_and_tampering_shows() {
    let folder = folder();
    let file = folder.path().join("audit.jsonl");
    let (_fake, mut server) = protected(&folder, &[]);
    let token = "t0ken-of-alice";
    let asked = json!({"control": "xy-2", "document": CATALOG});
    assert_eq!(call(&server, token, "get_control", asked).await, 200);
    let typed = json!({"query": "what I typed"});
    assert_eq!(call(&server, token, "search", typed).await, 200);
    assert_eq!(
        call(&server, token, "get_control", json!({"control": "no-1"})).await,
        200
    );
    assert_eq!(
        call(&server, "wr0ng-token", "search", json!({"query": "x"})).await,
        401
    );
    let all = wait_for(&file, "request.refused");
    let of = |event: &str| -> Vec<&Value> {
        all.iter()
            .filter(|record| record["event"] == event)
            .collect()
    };
    let loaded = of("document.loaded");
    assert_eq!(loaded.len(), 2, "{loaded:?}");
    assert_eq!(loaded[1]["document"]["id"], PLAN);
    assert_eq!(
        loaded[1]["document"]["sha256"].as_str().map(str::len),
        Some(64)
    );

    let calls = of("tool.call");
    assert_eq!(calls.len(), 3, "{calls:?}");
    let read = calls[0];
    for (member, expected) in [
        ("outcome", json!("success")),
        ("name", json!("get_control")),
        ("arguments", json!({"control": "xy-2", "document": CATALOG})),
        ("documents", json!([CATALOG])),
        ("subject", json!("alice")),
        ("client_id", json!("client")),
        ("scopes", json!("mcp")),
        ("client", json!("127.0.0.1")),
        ("request_id", json!("request-7")),
    ] {
        assert_eq!(read[member], expected, "{member} in {read}");
    }
    assert_eq!(read["token"].as_str().map(str::len), Some(32), "{read}");
    let time = read["time"].as_str().expect("a time");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert!(
        calls[1]["documents"].as_array().is_none(),
        "nothing is found"
    );
    assert_eq!(calls[2]["outcome"], "error");
    let refused = of("request.refused")[0];
    assert_eq!(refused["reason"], "inactive");
    assert_eq!(refused["status"], 401);
    assert_eq!(refused["outcome"], "refused");

    server.terminate();
    assert!(server.wait().success());
    let text = fs::read_to_string(&file).expect("readable");
    for secret in [
        token, "wr0ng", "treasury", "Treasury", "typed", SECRET.1, "kkkk",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for nobody else's eyes");

    let (status, told) = verify(&folder, &["audit.jsonl"]);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.starts_with("no sign of tampering: "), "{told}");
    fs::write(
        &file,
        text.replace("\"subject\":\"alice\"", "\"subject\":\"bob\""),
    )
    .expect("writable");
    let (status, told) = verify(&folder, &["audit.jsonl"]);
    assert_eq!(status, Some(1), "{told}");
    assert!(
        told.contains("audit.jsonl:4: the record was changed"),
        "{told}"
    );
    assert_eq!(verify(&folder, &["nothing"]).0, Some(2));
    let incomplete = run(&["audit", "verify", "audit.jsonl"], &[]);
    assert_eq!(incomplete.status.code(), Some(2));
    assert!(stderr(&incomplete).contains("audit verify --key-file FILE"));
}

#[tokio::test]
async fn rs_73_without_a_log_that_can_be_written_requests_are_refused_or_counted() {
    for (on_failure, expected) in [("refuse", 503), ("continue", 200)] {
        let folder = folder();
        let file = folder.path().join("audit.jsonl");
        let option = format!("--audit-on-failure={on_failure}");
        let admin = "--admin-addr=127.0.0.1:0";
        let (_fake, server) = protected(&folder, &[&option, admin]);
        let about = async || call(&server, "t0ken-of-alice", "about", json!({})).await;
        assert_eq!(about().await, 200);
        fs::rename(&file, folder.path().join("older")).expect("renamed");
        symlink("/dev/full", &file).expect("a link");
        server.hang_up();
        server.wait_for_log("the audit log cannot be written");
        assert_eq!(about().await, expected, "{on_failure}");
        let metrics = server.admin("/metrics").await.text().await.expect("text");
        assert!(
            metrics.contains("oscal_mcp_server_audit_failing 1"),
            "{metrics}"
        );
        assert_eq!(
            server
                .get("/healthz")
                .send()
                .await
                .expect("an answer")
                .status(),
            200
        );
        fs::remove_file(&file).expect("removed");
        server.hang_up();
        server.wait_for_log("the audit log can be written again");
        assert_eq!(about().await, 200, "{on_failure}");
        wait_for(&file, "tool.call");
        let (status, told) = verify(&folder, &["older", "audit.jsonl"]);
        assert_eq!(status, Some(0), "{told}");
    }
}

#[tokio::test]
async fn rs_73_sessions_are_recorded_with_what_is_asked_in_them() {
    let folder = folder();
    let file = folder.path().join("audit.jsonl");
    let (_fake, server) = protected(&folder, &["--stateless-http=false"]);
    let post = |body: Value| {
        let request = server.call("", &json!({})).json(&body);
        request.bearer_auth("t0ken-of-alice")
    };
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}}});
    let opened = post(initialize).send().await.expect("an answer");
    let session = opened.headers()["mcp-session-id"].clone();
    let called = post(tool_call("about", &json!({}))).header("Mcp-Session-Id", &session);
    assert_eq!(called.send().await.expect("an answer").status(), 200);
    let url = format!("http://{}/mcp", server.address());
    let ended = reqwest::Client::new()
        .delete(url)
        .bearer_auth("t0ken-of-alice");
    let ended = ended.header("Mcp-Session-Id", &session).send().await;
    assert!(ended.expect("an answer").status().is_success());
    let all = wait_for(&file, "session.close");
    let name = |event: &str| {
        let record = all.iter().find(|record| record["event"] == event);
        let record = record.unwrap_or_else(|| panic!("no {event} in {all:?}"));
        assert_eq!(record["subject"], "alice", "{record}");
        record["session"].as_str().expect("a session").to_owned()
    };
    assert_eq!(name("session.open"), name("session.close"));
    assert_eq!(name("session.open"), name("tool.call"));
    let text = session.to_str().expect("text");
    let id = text.split('.').next().expect("an id");
    assert!(!fs::read_to_string(&file).expect("readable").contains(id));
}

#[tokio::test]
async fn rs_73_a_session_that_makes_room_for_another_is_recorded() {
    let folder = folder();
    let file = folder.path().join("audit.jsonl");
    let more = ["--stateless-http=false", "--max-sessions-per-principal=1"];
    let (_fake, server) = protected(&folder, &more);
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}}});
    for _ in 0..2 {
        let request = server.call("", &json!({})).json(&initialize);
        let opened = request.bearer_auth("t0ken-of-alice").send().await;
        assert_eq!(opened.expect("an answer").status(), 200);
    }
    let all = wait_for(&file, "session.close");
    let of = |event: &str| all.iter().find(|record| record["event"] == event);
    let (opened, closed) = (of("session.open").expect("opened"), of("session.close"));
    let closed = closed.expect("closed");
    assert_eq!(closed["reason"], "displaced", "{closed}");
    assert_eq!(closed["subject"], "alice", "{closed}");
    assert_eq!(closed["session"], opened["session"], "{closed}");
}

#[tokio::test]
async fn rs_73_new_credentials_and_keys_are_recorded() {
    let folder = folder();
    let file = folder.path().join("audit.jsonl");
    let secret = folder.path().join("client-secret");
    fs::write(&secret, "f1rst").expect("writable");
    let fake = FakeAuthorizationServer::start();
    let mut all = protected_by(fake.issuer());
    all.extend(flags(&folder));
    all.push(format!("--auth-client-secret-file={}", secret.display()));
    let _server = Server::start(&all, &[]);
    fs::write(&secret, "sec0nd").expect("writable");
    wait_for(&file, "credentials.rotated");
    let text = fs::read_to_string(&file).expect("readable");
    assert!(!text.contains("sec0nd"), "{text}");

    fs::remove_file(&file).expect("removed");
    fake.serve("/jwks", jwks(&[&SigningKey::new("RS256", "key")]));
    let mut all = protected_by(fake.issuer());
    all.extend(flags(&folder));
    all.push("--auth-verifier=jwt".to_owned());
    all.push(format!("--auth-jwks-url={}", fake.url("/jwks")));
    let _server = Server::start(&all, &[]);
    let all = wait_for(&file, "keys.fetched");
    let fetched = all.iter().find(|record| record["event"] == "keys.fetched");
    assert_eq!(fetched.expect("fetched")["keys"], 1);
}

#[tokio::test]
async fn rs_73_a_client_beyond_its_limit_does_not_fill_the_log() {
    let folder = folder();
    let file = folder.path().join("audit.jsonl");
    let (_fake, mut server) = protected(&folder, &["--auth-max-failures-per-minute=5"]);
    let mut statuses = Vec::new();
    for number in 0..50 {
        let token = format!("wr0ng-token-{number}");
        statuses.push(call(&server, &token, "about", json!({})).await);
    }
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert!(limited > 40, "{statuses:?}");
    server.terminate();
    server.wait();
    let all = records(&file);
    let of = |status: u16| -> Vec<&Value> {
        let refused =
            |record: &&Value| record["event"] == "request.refused" && record["status"] == status;
        all.iter().filter(refused).collect()
    };
    assert_eq!(of(401).len(), 50 - limited, "each bad token has its record");
    // One at once, and one for the others of the minute. A minute may have ended in between.
    let records = of(429);
    assert!(records.len() <= 4, "{records:?}");
    let counted = |record: &&Value| record["count"].as_u64().unwrap_or(1);
    let counted: u64 = records.iter().map(counted).sum();
    assert_eq!(counted, limited as u64, "{records:?}");
}

#[test]
fn rs_73_over_stdio_what_is_asked_is_recorded_too() {
    let folder = folder();
    let flags = flags(&folder);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let read = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read",
        "params": {"uri": format!("oscal://documents/{PLAN}")}});
    let prompt = json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/get",
        "params": {"name": "explain_control", "arguments": {"control": "xy-2"}}});
    let complete = json!({"jsonrpc": "2.0", "id": 1, "method": "completion/complete", "params": {
        "ref": {"type": "ref/prompt", "name": "explain_control"},
        "argument": {"name": "control", "value": "x"}}});
    over_stdio(&flags, &[], &[read, prompt, complete]);
    let all = records(&folder.path().join("audit.jsonl"));
    let events: Vec<_> = all
        .iter()
        .filter_map(|record| record["event"].as_str())
        .collect();
    assert_eq!(
        events,
        [
            "server.start",
            "document.loaded",
            "document.loaded",
            "resource.read",
            "prompt.get",
            "completion",
            "server.stop"
        ]
    );
    assert_eq!(all[3]["documents"], json!([PLAN]), "{}", all[3]);
    assert_eq!(all[4]["arguments"], json!({"control": "xy-2"}));
    assert_eq!(verify(&folder, &["audit.jsonl"]).0, Some(0));
}
