//! The access token on its way to a handler, and the errors for authors who forgot a part of it.

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::json;

use crate::support::{Session, Setup, altered, call_tool, fake_with_good_token, spawn_server};

#[tokio::test]
async fn what_was_forgotten_is_named_and_nobody_is_let_in() {
    let fake = fake_with_good_token();
    let without_protection = |setup: &mut Setup| setup.protects = false;
    for (forgotten, cause, adjust) in [(
        "protection",
        "ResourceServer::protect()",
        &without_protection,
    )] {
        let server = spawn_server(&fake, adjust);
        for tool in ["whoami", "administer"] {
            let request = call_tool(server.http.post(server.url("/mcp")), tool);
            let answer = server.send(request.bearer_auth("good")).await.json();
            let error = &answer["error"];
            assert_eq!(error["code"], -32603, "{forgotten}, {tool}: {answer}");
            let message = error["message"].as_str().expect("a message");
            assert!(message.contains(cause), "{forgotten}, {tool}: {message}");
        }
    }
}

/// The status of a stream is sent before its handler says anything.
#[tokio::test]
async fn rs_12_a_stream_names_the_missing_scopes_in_the_error() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", altered(&fake, json!({})));
    let server = spawn_server(&fake, |setup| setup.stateful = true);
    let session = Session::open(&server, "good").await;
    let answer = session.call_tool("good", "administer").await;
    answer.assert_served("the head of a stream");
    let message = answer.message();
    assert_eq!(
        message["error"]["data"],
        json!({"error": "insufficient_scope", "scope": "mcp:admin"}),
        "{message}"
    );
}
