//! The metrics that an operator can scrape from the admin address.

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, Server, protected_by};

fn measured(fake: &FakeAuthorizationServer, more: &[&str]) -> Server {
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    let mut flags = protected_by(fake.issuer());
    flags.push("--admin-addr=127.0.0.1:0".to_owned());
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    server
}

async fn scrape(server: &Server) -> String {
    server.admin("/metrics").await.text().await.expect("text")
}

#[track_caller]
fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            text.lines().any(|found| found == *line),
            "{line} in:\n{text}"
        );
    }
}

/// The value of this counter.
fn value(text: &str, counter: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(counter));
    let value = lines.next().map(|value| value.trim().parse());
    value.expect("a line").expect("a number")
}

/// Sends a tool call with the token `token` and returns the status.
async fn call(server: &Server, token: &str, tool: &str, arguments: &Value) -> u16 {
    let request = server.call(tool, arguments).bearer_auth(token);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    response.bytes().await.expect("a whole answer");
    status
}

#[tokio::test]
async fn tool_calls_are_counted_and_timed_by_tool_and_outcome() {
    let fake = FakeAuthorizationServer::start();
    let server = measured(&fake, &[]);
    for (tool, arguments) in [
        ("about", json!({})),
        ("get_control", json!({"control": "RS-45"})),
        ("get_control", json!({"control": "no such control"})),
        ("invented-by-a-client-1", json!({})),
        ("invented-by-a-client-2", json!({})),
    ] {
        call(&server, "good", tool, &arguments).await;
    }
    let text = scrape(&server).await;
    assert_lines(
        &text,
        &[
            "oscal_mcp_server_tool_calls_total{tool=\"about\",outcome=\"success\"} 1",
            "oscal_mcp_server_tool_calls_total{tool=\"get_control\",outcome=\"success\"} 1",
            "oscal_mcp_server_tool_calls_total{tool=\"get_control\",outcome=\"error\"} 1",
            "oscal_mcp_server_tool_calls_total{tool=\"unknown\",outcome=\"refused\"} 2",
            "oscal_mcp_server_tool_call_duration_seconds_count{tool=\"get_control\"} 2",
            "oscal_mcp_server_tool_call_duration_seconds_bucket{le=\"+Inf\",tool=\"about\"} 1",
        ],
    );
    assert!(
        !text.contains("invented-by-a-client"),
        "a label that clients choose:\n{text}"
    );
}

#[tokio::test]
async fn the_authorization_server_is_watched_calls_cache_and_circuit() {
    let fake = FakeAuthorizationServer::start();
    let server = measured(&fake, &[]);
    let gate = fake.hold_introspections();
    let nothing = json!({});
    let (first, second, ()) = tokio::join!(
        call(&server, "good", "about", &nothing),
        call(&server, "good", "about", &nothing),
        async {
            fake.wait_for_introspections(1).await;
            assert_lines(
                &scrape(&server).await,
                &["resource_server_introspections_in_flight 1"],
            );
            // The second request must have joined by then, which cannot be seen from outside.
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            gate.open();
        }
    );
    assert_eq!((first, second), (200, 200));
    assert_eq!(call(&server, "good", "about", &json!({})).await, 200);
    assert_eq!(call(&server, "unknown", "about", &json!({})).await, 401);
    assert_lines(
        &scrape(&server).await,
        &[
            "resource_server_requests_allowed_total 3",
            "resource_server_requests_denied_total{reason=\"inactive\"} 1",
            "resource_server_introspections_total{outcome=\"active\"} 1",
            "resource_server_introspections_total{outcome=\"inactive\"} 1",
            "resource_server_introspection_duration_seconds_count 2",
            "resource_server_introspections_in_flight 0",
            "resource_server_cache_hits_total 1",
            "resource_server_cache_misses_total 2",
            "resource_server_cache_coalesced_total 1",
            "resource_server_cache_entries{kind=\"active\"} 1",
            "resource_server_cache_entries{kind=\"inactive\"} 1",
            "resource_server_circuit_open 0",
        ],
    );

    fake.answer_by_default(Reply::status(503));
    let mut count: u64 = 0;
    while !scrape(&server)
        .await
        .contains("\nresource_server_circuit_open 1\n")
    {
        count += 1;
        assert!(count < 100, "the circuit opens some time");
        let token = format!("token-{count}");
        assert_eq!(call(&server, &token, "about", &json!({})).await, 503);
    }
    let text = scrape(&server).await;
    // The circuit may have opened before the last request.
    let [failed, refused] = ["status", "circuit_open"].map(|reason| {
        let counter = "resource_server_requests_unavailable_total";
        value(&text, &format!("{counter}{{reason=\"{reason}\"}}"))
    });
    assert!(refused <= 1, "{text}");
    assert_eq!(failed + refused, count, "{text}");
    let asked = format!("resource_server_introspections_total{{outcome=\"status\"}} {failed}");
    assert_lines(&text, &[&asked]);
    // Now and then one is let through, to see whether the server is back.
    for token in ["refused-1", "refused-2", "refused-3"] {
        assert_eq!(call(&server, token, "about", &json!({})).await, 503);
    }
    let none = "resource_server_requests_unavailable_total{reason=\"circuit_open\"} 0\n";
    assert!(!scrape(&server).await.contains(none));
}

#[tokio::test]
async fn open_sessions_and_streams_are_counted() {
    let fake = FakeAuthorizationServer::start();
    // Without a cache, a revocation takes effect at the next check, 5 s after the last.
    let server = measured(&fake, &["--stateless-http=false", "--auth-cache-ttl=0s"]);
    let opened = server
        .call("about", &json!({}))
        .json(
            &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }}),
        )
        .bearer_auth("good")
        .send()
        .await
        .expect("an answer");
    let session = opened.headers()["mcp-session-id"].clone();
    opened.bytes().await.expect("a whole answer");
    let stream = server
        .get("/mcp")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", session)
        .bearer_auth("good")
        .send()
        .await
        .expect("an answer");
    assert_eq!(stream.status(), 200);
    assert_lines(
        &scrape(&server).await,
        &["resource_server_sessions 1", "resource_server_streams 1"],
    );

    fake.forget_token("good");
    let mut text = String::new();
    for _ in 0..200 {
        text = scrape(&server).await;
        if text.contains("\nresource_server_streams 0\n") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_lines(
        &text,
        &[
            "resource_server_streams 0",
            "resource_server_streams_cut_total 1",
        ],
    );
    drop(stream);
}

/// If a counter appears only with its first event, a rate over it misses that event.
#[tokio::test]
async fn every_reason_of_a_refusal_is_there_from_the_start() {
    let fake = FakeAuthorizationServer::start();
    let server = measured(&fake, &[]);
    assert_lines(
        &scrape(&server).await,
        &[
            "resource_server_requests_denied_total{reason=\"inactive\"} 0",
            "resource_server_requests_denied_total{reason=\"insufficient_scope\"} 0",
            "resource_server_requests_denied_total{reason=\"foreign_session\"} 0",
            "resource_server_requests_unavailable_total{reason=\"circuit_open\"} 0",
            "resource_server_requests_unavailable_total{reason=\"credentials_refused\"} 0",
            "resource_server_introspections_total{outcome=\"active\"} 0",
            "resource_server_jwks_fetches_total{outcome=\"fetched\"} 0",
        ],
    );
}
