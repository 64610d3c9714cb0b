//! With `actix-cors` around the server, a browser can read why it was refused.

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use reqwest::Method;
use rmcp_resource_server::SessionKey;
use serde_json::json;

use crate::support::{
    ABSENT, Answer, TestServer, altered, fake_with_good_token, initialize, spawn_server,
};

const ORIGIN: &str = "https://app.example";

fn server(fake: &FakeAuthorizationServer) -> TestServer {
    spawn_server(fake, |setup| setup.allowed_origin = Some(ORIGIN))
}

fn assert_readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    let exposed = answer.header("access-control-expose-headers");
    let exposed = exposed.expect("exposed headers").to_ascii_lowercase();
    for name in ["www-authenticate", "mcp-session-id", "retry-after"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[tokio::test]
async fn a_browser_can_read_every_refusal() {
    let fake = fake_with_good_token();
    fake.answer_token("scopeless", altered(&fake, json!({"scope": ABSENT})));
    fake.answer_token("failing", Reply::status(500));
    let server = server(&fake);
    let from_page = || server.request().header("Origin", ORIGIN);
    for (request, status) in [
        (from_page(), 401),
        (from_page().bearer_auth("unknown"), 401),
        (from_page().bearer_auth("scopeless"), 403),
        (from_page().bearer_auth("a b"), 400),
        (from_page().bearer_auth("failing"), 503),
        (from_page().bearer_auth("good"), 200),
    ] {
        let answer = server.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_readable(&answer);
        let challenged = matches!(status, 400..=403);
        assert_eq!(answer.header("www-authenticate").is_some(), challenged);
    }
}

#[tokio::test]
async fn preflight_is_answered_without_a_token() {
    let fake = fake_with_good_token();
    let server = server(&fake);
    for method in ["GET", "POST", "DELETE"] {
        let preflight = server
            .http
            .request(Method::OPTIONS, server.url("/mcp"))
            .header("Origin", ORIGIN)
            .header("Access-Control-Request-Method", method)
            .header(
                "Access-Control-Request-Headers",
                "authorization, content-type, mcp-protocol-version, mcp-session-id",
            );
        let answer = server.send(preflight).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
        let allowed = answer.header("access-control-allow-headers");
        let allowed = allowed.expect("allowed headers").to_ascii_lowercase();
        assert!(allowed.contains("authorization"), "{allowed}");
    }
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_page_of_another_origin_reads_nothing() {
    let fake = fake_with_good_token();
    let server = server(&fake);
    let request = server.request().header("Origin", "https://evil.example");
    let answer = server.send(request).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_page_can_read_its_session_id() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.allowed_origin = Some(ORIGIN);
        setup.stateful = true;
        setup.resource.session_key = SessionKey::random();
    });
    let answer = initialize(&server, "good").await;
    answer.assert_served("initialize");
    assert!(answer.header("mcp-session-id").is_some());
}
