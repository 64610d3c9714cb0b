//! The HTTP server as an operator runs it: the binary, against a fake authorization server.

use std::time::Duration;

use crate::support::{RESOURCE, SECRET, Server, protected_by};
use dev_authorization_server::{FakeAuthorizationServer, Reply};
use serde_json::{Value, json};

fn protected(fake: &FakeAuthorizationServer, more: &[&str]) -> Server {
    let mut flags = protected_by(fake.issuer());
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    server
}

fn fake_with_good_token() -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    fake
}

#[tokio::test]
async fn the_callers_identity_arrives_in_the_tool() {
    let fake = fake_with_good_token();
    let server = protected(&fake, &["--auth-required-scopes=mcp:tools"]);
    let about = server.about("good").await;
    assert_eq!(
        about["caller"],
        json!({"kind": "user", "subject": "alice", "client_id": "client", "scopes": ["mcp:tools"]})
    );
    assert_eq!(
        fake.introspections()[0].basic(),
        Some(("mcp".into(), SECRET.1.into()))
    );
}

#[tokio::test]
async fn every_refusal_is_one_log_line_with_its_reason_and_the_clients_request_id() {
    let fake = fake_with_good_token();
    fake.answer_token(
        "foreign",
        fake.active_claims("https://other.example", "mcp:tools"),
    );
    fake.answer_token("scopeless", fake.active_claims(RESOURCE, ""));
    fake.answer_token("broken", Reply::status(500));
    let server = protected(
        &fake,
        &["--auth-required-scopes=mcp:tools", "--log-level=trace"],
    );
    for (token, status, reason) in [
        (None, 401, "no_credential"),
        (Some("unknown"), 401, "inactive"),
        (Some("foreign"), 401, "wrong_audience"),
        (Some("scopeless"), 403, "insufficient_scope"),
        (Some("broken"), 503, "status"),
    ] {
        let mut request = server.call("about", &json!({}));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{reason}");
        let id = response.headers()["x-request-id"]
            .to_str()
            .expect("ASCII")
            .to_owned();
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["request_id"], id);
        let log = server.wait_for_log(&id);
        let lines: Vec<Value> = log
            .lines()
            .filter(|line| line.contains("request refused") && line.contains(&id))
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert_eq!(
            (&lines[0]["reason"], &lines[0]["status"]),
            (&json!(reason), &json!(status))
        );
    }
    let log = server.log();
    for secret in ["\"scopeless\"", "foreign ", "hush", "aHVzaD", SECRET.1] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn a_proxys_request_id_is_kept_if_it_is_a_sound_one() {
    let fake = fake_with_good_token();
    let server = protected(&fake, &[]);
    for (sent, kept) in [
        ("abc-123_x.y", true),
        ("a b", false),
        (&"x".repeat(65), false),
    ] {
        let response = server
            .call("about", &json!({}))
            .bearer_auth("good")
            .header("X-Request-Id", sent)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-request-id"] == sent, kept, "{sent}");
    }
}

#[tokio::test]
async fn ready_once_the_authorization_server_is_known() {
    let fake = fake_with_good_token();
    fake.hide_metadata();
    let mut flags = protected_by(fake.issuer());
    flags.push("--admin-addr=127.0.0.1:0".to_owned());
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("no authorization server metadata");
    let status = async |path: &str| {
        let response = server.get(path).send().await.expect("an answer");
        response.status().as_u16()
    };
    assert_eq!(
        (status("/healthz").await, status("/readyz").await),
        (200, 503)
    );
    assert_eq!(server.admin("/readyz").await.status(), 503);
    let early = server
        .call("about", &json!({}))
        .bearer_auth("good")
        .send()
        .await;
    assert_eq!(early.expect("an answer").status(), 503);

    fake.serve_metadata(
        dev_authorization_server::MetadataForm::OpenIdAppended,
        fake.metadata(),
    );
    server.wait_for_log("authorization server found");
    assert_eq!(status("/readyz").await, 200);
    server.about("good").await;

    let explicit = format!("--auth-introspection-url={}", fake.introspection_url());
    fake.hide_metadata();
    let mut flags = protected_by(fake.issuer());
    flags.push(explicit);
    let server = Server::start(&flags, &[SECRET]);
    let ready = server.get("/readyz").send().await.expect("an answer");
    assert_eq!(
        ready.status(),
        200,
        "ready at once with an explicit endpoint"
    );
    server.about("good").await;
}

#[tokio::test]
async fn metrics_count_without_telling_who() {
    let fake = fake_with_good_token();
    fake.answer_token("t0ken", fake.active_claims(RESOURCE, "mcp:tools"));
    let server = protected(&fake, &["--admin-addr=127.0.0.1:0"]);
    server.about("t0ken").await;
    server.about("t0ken").await;
    let denied = server
        .call("about", &json!({}))
        .bearer_auth("bad")
        .send()
        .await;
    assert_eq!(denied.expect("an answer").status(), 401);
    let response = server.admin("/metrics").await;
    assert_eq!(
        response.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = response.text().await.expect("text");
    for line in [
        "resource_server_requests_allowed_total 2",
        "resource_server_requests_denied_total{reason=\"inactive\"} 1",
        "resource_server_introspections_total{outcome=\"active\"} 1",
        "resource_server_introspections_total{outcome=\"inactive\"} 1",
        "resource_server_cache_hits_total 1",
        "resource_server_cache_misses_total 2",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} in:\n{text}"
        );
    }
    for secret in ["t0ken", "alice", "hush"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let public = server.get("/metrics").send().await.expect("an answer");
    assert_eq!(
        public.status(),
        404,
        "metrics are on the admin address only"
    );
}

#[tokio::test]
async fn browsers_of_allowed_origins_can_read_the_challenge() {
    let fake = fake_with_good_token();
    let server = protected(&fake, &["--allowed-origins=https://app.example.com"]);
    let preflight = |origin: &'static str| {
        server
            .get("/mcp")
            .build()
            .map(|mut request| {
                *request.method_mut() = reqwest::Method::OPTIONS;
                let headers = request.headers_mut();
                headers.insert("origin", origin.parse().expect("ASCII"));
                headers.insert(
                    "access-control-request-method",
                    "POST".parse().expect("ASCII"),
                );
                headers.insert(
                    "access-control-request-headers",
                    "authorization,content-type,mcp-protocol-version"
                        .parse()
                        .expect("ASCII"),
                );
                request
            })
            .expect("a request")
    };
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client");
    let allowed = http
        .execute(preflight("https://app.example.com"))
        .await
        .expect("an answer");
    assert_eq!(allowed.status(), 200, "no token is needed for a preflight");
    let allow_headers = allowed.headers()["access-control-allow-headers"]
        .to_str()
        .expect("ASCII");
    assert!(allow_headers.contains("authorization"), "{allow_headers}");

    let denied = server
        .call("about", &json!({}))
        .header("Origin", "https://app.example.com");
    let denied = denied.send().await.expect("an answer");
    assert_eq!(denied.status(), 401);
    let headers = denied.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://app.example.com"
    );
    let exposed = headers["access-control-expose-headers"]
        .to_str()
        .expect("ASCII")
        .to_lowercase();
    for name in ["www-authenticate", "retry-after", "mcp-session-id"] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
    assert!(headers.contains_key("www-authenticate"));

    let foreign = server
        .call("about", &json!({}))
        .bearer_auth("good")
        .header("Origin", "https://evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(foreign.status(), 403);
    assert!(
        !foreign
            .headers()
            .contains_key("access-control-allow-origin")
    );

    let metadata = server
        .get("/.well-known/oauth-protected-resource/mcp")
        .header("Origin", "https://evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(metadata.status(), 200);
    assert_eq!(metadata.headers()["access-control-allow-origin"], "*");
    assert_eq!(
        metadata.json::<Value>().await.expect("JSON")["resource"],
        RESOURCE
    );
}

#[tokio::test]
async fn foreign_hosts_and_huge_bodies_are_refused() {
    let fake = fake_with_good_token();
    let server = protected(&fake, &[]);
    for (host, status) in [
        ("mcp.example.com", 200),
        ("localhost", 200),
        ("evil.example", 403),
    ] {
        let response = server
            .call("about", &json!({}))
            .bearer_auth("good")
            .header("Host", host)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), status, "{host}");
    }
    let huge = json!({"query": "x".repeat(5 << 20)});
    let response = server
        .call("search", &huge)
        .bearer_auth("good")
        .send()
        .await;
    assert_eq!(response.expect("an answer").status(), 413);
    server.about("good").await;
}

#[tokio::test]
async fn sessions_on_request_and_none_by_default() {
    let fake = fake_with_good_token();
    for (flag, has_session, kind) in [
        ("--stateless-http=true", false, "application/json"),
        ("--stateless-http=false", true, "text/event-stream"),
    ] {
        let server = protected(&fake, &[flag]);
        let response = server
            .call("about", &json!({}))
            .json(&initialize())
            .bearer_auth("good")
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        if has_session {
            let headers = response.headers();
            assert_eq!(headers["cache-control"], "no-cache, no-transform");
            assert_eq!(headers["x-accel-buffering"], "no");
        }
        assert_eq!(
            response.headers().contains_key("mcp-session-id"),
            has_session
        );
        assert_eq!(response.headers()["content-type"], kind);
    }
}

#[tokio::test]
async fn sigterm_lets_running_requests_end_and_takes_no_new_connection() {
    let fake = fake_with_good_token();
    let gate = fake.hold_introspections();
    let mut server = protected(&fake, &[]);
    let running = server.call("about", &json!({})).bearer_auth("good").send();
    let running = tokio::spawn(running);
    fake.wait_for_introspections(1).await;
    server.terminate();
    server.wait_for_log("shutting down: no new connections");
    wait_until_refused(server.address()).await;
    gate.open();
    let response = running.await.expect("no panic").expect("an answer");
    assert_eq!(response.status(), 200);
    drop(response);
    let status = tokio::task::spawn_blocking(move || server.wait())
        .await
        .expect("no panic");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn sigterm_ends_open_event_streams_and_does_not_wait_for_them() {
    let fake = fake_with_good_token();
    let mut server = protected(&fake, &["--stateless-http=false"]);
    let opened = server
        .call("about", &json!({}))
        .json(&initialize())
        .bearer_auth("good")
        .send()
        .await
        .expect("an answer");
    let session = opened.headers()["mcp-session-id"].clone();
    let stream = server
        .get("/mcp")
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", session)
        .bearer_auth("good")
        .send()
        .await
        .expect("an answer");
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    server.terminate();
    // As HTTP demands: had the server cut it off when its time was over, this would be an error.
    stream.bytes().await.expect("a proper end");
    let status = tokio::task::spawn_blocking(move || server.wait())
        .await
        .expect("no panic");
    assert_eq!(status.code(), Some(0));
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }})
}

/// The listener closes shortly after the signal is logged.
async fn wait_until_refused(address: &str) {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{address} still takes connections");
}

#[tokio::test]
async fn rs_04_the_longest_token_is_an_option_and_a_longer_one_gets_no_challenge() {
    let fake = FakeAuthorizationServer::start();
    for (flags, longest) in [
        (&[][..], 16 * 1024),
        (&["--auth-max-token-bytes=1KiB"], 1024),
        (&["--auth-max-token-bytes=64KiB"], 64 * 1024),
    ] {
        let server = protected(&fake, flags);
        let token = "t".repeat(longest);
        fake.answer_token(&token, fake.active_claims(RESOURCE, ""));
        assert_eq!(server.about(&token).await["caller"]["subject"], "alice");

        let request = server.call("about", &json!({})).bearer_auth(token + "t");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 431, "{longest} and one more");
        assert!(!response.headers().contains_key("www-authenticate"));
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["error"], "token_too_long");
    }
}

#[tokio::test]
async fn rs_47_a_resource_is_published_as_configured_and_known_by_its_equivalents() {
    let fake = FakeAuthorizationServer::start();
    for (resource, path, same, other) in [
        (
            "https://MCP.Example.com/mcp",
            "/mcp",
            "https://mcp.example.com:443/mcp",
            "https://mcp.example.com/mcp/",
        ),
        (
            "https://mcp.example.com:443/mcp",
            "/mcp",
            "https://mcp.example.com/mcp",
            "https://mcp.example.com/MCP",
        ),
        (
            "https://mcp.example.com",
            "",
            "https://mcp.example.com/",
            "https://mcp.example.com/mcp",
        ),
    ] {
        let flag = format!("--auth-resource-server-url={resource}");
        let mut flags = protected_by(fake.issuer());
        flags.retain(|flag| !flag.starts_with("--auth-resource-server-url"));
        flags.push(flag);
        let server = Server::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        let metadata = server.get(&format!("/.well-known/oauth-protected-resource{path}"));
        let metadata: Value = async { metadata.send().await?.json().await }
            .await
            .expect("JSON");
        assert_eq!(metadata["resource"], resource);
        for (aud, status) in [(resource, 200), (same, 200), (other, 401)] {
            let token = format!("t{}", fake.introspection_count());
            fake.answer_token(&token, fake.active_claims(aud, ""));
            let request = server.call("about", &json!({})).bearer_auth(token);
            let response = request.send().await.expect("an answer");
            assert_eq!(response.status(), status, "{aud} for {resource}");
        }
    }
}
