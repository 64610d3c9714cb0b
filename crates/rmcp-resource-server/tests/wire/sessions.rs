//! Sessions: authentication of each request, streams that end with their token, limits.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::{Method, Response};
use rmcp_resource_server::{SessionKey, SessionLimits};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::support::{
    Answer, Session, Setup, TestClock, TestServer, altered, eventually, fake_with_good_token,
    initialize, spawn_server, unix_now,
};

const RECHECK: Duration = Duration::from_millis(50);

fn with_sessions(setup: &mut Setup) {
    setup.stateful = true;
    setup.resource.session_key = SessionKey::random();
    setup.resource.stream_recheck = RECHECK;
}

/// Reads the stream to its end, which must come and must be clean.
async fn ends(mut stream: Response, case: &str) {
    let reading = async { while stream.chunk().await.expect("no broken stream").is_some() {} };
    let in_time = timeout(Duration::from_secs(10), reading).await;
    assert!(in_time.is_ok(), "the stream is still open: {case}");
}

#[tokio::test]
async fn rs_05_every_method_needs_a_token() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, with_sessions);
    let session = Session::open(&server, "good").await;
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let request = session.request(method.clone());
        let answer = server.send(request).await;
        answer.assert_no_credential(&format!("{method} with a session id"));
        let request = session.request(method.clone()).bearer_auth("unknown");
        let answer = server.send(request).await;
        answer.assert_invalid_token(&format!("{method} with a session id"));
        let request = server.http.request(method.clone(), server.url("/mcp"));
        let answer = server.send(request).await;
        answer.assert_no_credential(&format!("{method} without a session id"));
    }
    session
        .call("good")
        .await
        .assert_served("the session lives");
    let stream = session.stream("good").await;
    assert_eq!(stream.status(), 200);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    fake.answer_token("t", altered(&fake, json!({"exp": clock.unix() + 60})));
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    let session = Session::open(&server, "t").await;
    let stream = session.stream("t").await;
    assert_eq!(stream.status(), 200);
    let open = server.metric("resource_server_streams");
    assert!((open - 1.0).abs() < 0.5, "{open}");
    clock.advance(Duration::from_secs(60));
    ends(stream, "expired").await;
    let cut = server.metric("resource_server_streams_cut_total");
    assert!((cut - 1.0).abs() < 0.5, "{cut}");
}

#[tokio::test]
async fn a_stream_ends_at_expiry_however_long_the_recheck() {
    let fake = FakeAuthorizationServer::start();
    let exp = unix_now() + 3;
    fake.answer_token("t", altered(&fake, json!({"exp": exp})));
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.resource.stream_recheck = Duration::from_secs(3600);
    });
    let session = Session::open(&server, "t").await;
    let stream = session.stream("t").await;
    ends(stream, "expired by the real clock").await;
    assert!(unix_now() >= exp);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let fake = fake_with_good_token();
    fake.answer_token("other", altered(&fake, json!({})));
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.introspection.cache.ttl = Duration::ZERO;
    });
    let session = Session::open(&server, "good").await;
    let stream = session.stream("good").await;
    assert_eq!(stream.status(), 200);
    let opened = Instant::now();
    let asked = fake.introspection_count();
    fake.wait_for_introspections(asked + 2).await;
    assert!(opened.elapsed() >= 2 * RECHECK, "each recheck asks once");
    fake.forget_token("good");
    ends(stream, "revoked").await;
    session.call("good").await.assert_invalid_token("revoked");
    session
        .call("other")
        .await
        .assert_served("a fresh token keeps the session");
}

/// A server that trusts `fake`, with streams and no cache, so that each recheck asks.
fn streaming(fake: &FakeAuthorizationServer, clock: &TestClock) -> TestServer {
    spawn_server(fake, |setup| {
        with_sessions(setup);
        setup.introspection.cache.ttl = Duration::ZERO;
        setup.introspection.authorization_server.timeout = Duration::from_millis(200);
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    })
}

#[tokio::test]
async fn rs_71_a_stream_outlives_an_outage_of_the_authorization_server() {
    for (case, exp) in [
        ("with exp", json!(unix_now() + 600)),
        ("without", json!(null)),
    ] {
        let fake = FakeAuthorizationServer::start();
        fake.answer_token("t", altered(&fake, json!({"exp": exp})));
        let server = streaming(&fake, &TestClock::new());
        let session = Session::open(&server, "t").await;
        let mut stream = session.stream("t").await;
        assert_eq!(stream.status(), 200);
        stream.chunk().await.expect("it is open");
        fake.stop().await;
        let failed = || {
            let text = server.metrics_text();
            let calls = text.lines().filter_map(|line| {
                let of_outcome = line.strip_prefix("resource_server_introspections_total{")?;
                (!of_outcome.contains("active")).then(|| of_outcome.rsplit_once(' '))?
            });
            calls
                .map(|(_, count)| count.parse::<f64>().expect("a number"))
                .sum::<f64>()
        };
        eventually("several rechecks have failed", async || failed() > 2.5).await;
        let read = timeout(RECHECK, stream.chunk()).await;
        assert!(!matches!(read, Ok(Ok(None) | Err(_))), "{case}: {read:?}");
        let cut = server.metric("resource_server_streams_cut_total");
        assert!(cut < 0.5, "{case}: {cut}");
        fake.restart();
        fake.forget_token("t");
        ends(stream, "revoked, as is known after the outage").await;
    }
}

#[tokio::test]
async fn rs_71_a_stream_ends_with_its_token_during_an_outage_too() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    fake.answer_token("t", altered(&fake, json!({"exp": clock.unix() + 60})));
    let server = streaming(&fake, &clock);
    let session = Session::open(&server, "t").await;
    let stream = session.stream("t").await;
    fake.stop().await;
    clock.advance(Duration::from_secs(60));
    ends(stream, "expired").await;
}

#[tokio::test]
async fn sessions_of_one_principal_are_bounded() {
    let fake = fake_with_good_token();
    fake.answer_token("bob", altered(&fake, json!({"sub": "bob"})));
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.workers = 2;
        setup.sessions = SessionLimits {
            per_principal: 2,
            total: 100,
        };
    });
    let bobs = Session::open(&server, "bob").await;
    let mut alices = Vec::new();
    for _ in 0..5 {
        alices.push(Session::open(&server, "good").await);
    }
    bobs.call("bob").await.assert_served("another principal's");
    for ended in &alices[..3] {
        let answer = ended.call("good").await;
        answer.assert_no_such_session("ended for a newer one");
    }
    for live in &alices[3..] {
        live.call("good").await.assert_served("the newest");
    }
    let open = server.metric("resource_server_sessions");
    assert!((open - 3.0).abs() < 0.5, "{open}");
}

#[tokio::test]
async fn sessions_are_bounded_in_all() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.sessions = SessionLimits {
            per_principal: 10,
            total: 3,
        };
    });
    let mut sessions = Vec::new();
    for number in 0..5 {
        let token = format!("t{number}");
        fake.answer_token(&token, altered(&fake, json!({"sub": token})));
        sessions.push((Session::open(&server, &token).await, token));
    }
    for (session, token) in &sessions[2..] {
        session.call(token).await.assert_served(token);
    }
    for (session, token) in &sessions[..2] {
        session.call(token).await.assert_no_such_session(token);
    }
}

#[tokio::test]
async fn a_token_that_names_nobody_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let nobody = json!({"sub": null, "client_id": null});
    fake.answer_token("t", altered(&fake, nobody));
    let server = spawn_server(&fake, with_sessions);
    initialize(&server, "t")
        .await
        .assert_invalid_token("nobody");
    let without_sessions = spawn_server(&fake, |_| {});
    let answer = without_sessions.call("t").await;
    answer.assert_invalid_token("without sessions nobody answers for it either");
}

#[tokio::test]
async fn requests_of_2026_07_28_are_served_without_a_session() {
    const VERSION: &str = "2026-07-28";
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, with_sessions);
    let request = |token: &str| {
        server
            .http
            .post(server.url("/mcp"))
            .bearer_auth(token)
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", VERSION)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "whoami")
            .json(&json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {
                    "name": "whoami", "arguments": {},
                    "_meta": {
                        "io.modelcontextprotocol/protocolVersion": VERSION,
                        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                        "io.modelcontextprotocol/clientCapabilities": {},
                    },
                },
            }))
    };
    let answer: Answer = server.send(request("good")).await;
    assert_eq!(answer.tool_result()["subject"], "alice");
    assert_eq!(answer.header("mcp-session-id"), None);
    let answer = server.send(request("unknown")).await;
    answer.assert_invalid_token("stateless");
    Session::open(&server, "good").await;
}
