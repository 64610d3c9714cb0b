//! Sessions and streams of tokens that are bound to a key: they follow the key.

use std::time::Duration;

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::{Method, RequestBuilder};
use rmcp_resource_server::{Dpop, SessionKey};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{
    ABSENT, LIST_TOOLS, Prover, Session, Setup, fake_with_good_token, initialize_by, spawn_server,
};

fn with_sessions(setup: &mut Setup) {
    setup.stateful = true;
    setup.resource.dpop = Dpop::Allowed;
    setup.resource.session_key = SessionKey::random();
    setup.resource.stream_recheck = Duration::from_millis(50);
    setup.introspection.cache.ttl = Duration::ZERO;
}

/// Adds a token and a proof for the request's method.
fn proven(request: RequestBuilder, client: &Prover, token: &str, method: &str) -> RequestBuilder {
    let proof = client.proof_with(token, json!({}), json!({"htm": method}));
    request
        .header("Authorization", format!("DPoP {token}"))
        .header("DPoP", proof)
}

#[tokio::test]
async fn rs_16_a_session_follows_the_key() {
    let fake = fake_with_good_token();
    let (client, other) = (Prover::new(), Prover::new());
    for subject in [json!("alice"), json!(ABSENT)] {
        client.bind(&fake, "t", json!({"sub": subject, "username": "alice"}));
        client.bind(
            &fake,
            "refreshed",
            json!({"sub": subject, "username": "alice"}),
        );
        other.bind(
            &fake,
            "others",
            json!({"sub": subject, "username": "alice"}),
        );
        let server = spawn_server(&fake, with_sessions);
        let opened = initialize_by(&server, |request| proven(request, &client, "t", "POST")).await;
        opened.assert_served("initialize");
        let id = opened.header("mcp-session-id").expect("a session id");
        let session = Session::known(&server, id);
        let call = |key: &Prover, token: &str| {
            let request = session.request(Method::POST);
            let request = request
                .header("Content-Type", "application/json")
                .body(LIST_TOOLS);
            proven(request, key, token, "POST")
        };
        for token in ["t", "refreshed"] {
            let answer = server.send(call(&client, token)).await;
            answer.assert_served(token);
        }
        let answer = server.send(call(&other, "others")).await;
        answer.assert_no_such_session("the same user with another key");
        let bearer = session.call("good").await;
        bearer.assert_no_such_session("the same user without a key");
        for method in [Method::GET, Method::DELETE] {
            let request = session.request(method.clone());
            let answer = server
                .send(proven(request, &other, "others", method.as_str()))
                .await;
            answer.assert_no_such_session(method.as_str());
        }
        let unbound = Session::open(&server, "good").await;
        let request = unbound.request(Method::POST).body(LIST_TOOLS);
        let request = request.header("Content-Type", "application/json");
        let answer = server.send(proven(request, &client, "t", "POST")).await;
        answer.assert_no_such_session("a session that was opened without a key");
    }
}

#[tokio::test]
async fn a_stream_needs_one_proof_and_ends_when_the_token_is_bound_otherwise() {
    let fake = FakeAuthorizationServer::start();
    let (client, other) = (Prover::new(), Prover::new());
    let server = spawn_server(&fake, with_sessions);
    for change in ["another key", "no key"] {
        client.bind(&fake, "t", json!({}));
        let opened = initialize_by(&server, |request| proven(request, &client, "t", "POST")).await;
        let id = opened.header("mcp-session-id").expect("a session id");
        let session = Session::known(&server, id);
        let initialized = r#"{"jsonrpc": "2.0", "method": "notifications/initialized"}"#;
        let request = session.request(Method::POST).body(initialized);
        let request = request.header("Content-Type", "application/json");
        let answer = server.send(proven(request, &client, "t", "POST")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let request = proven(session.request(Method::GET), &client, "t", "GET");
        let mut stream = request.send().await.expect("an answer");
        assert_eq!(stream.status(), 200);
        let asked = fake.introspection_count();
        fake.wait_for_introspections(asked + 2).await;
        stream.chunk().await.expect("it is open after two rechecks");
        match change {
            "another key" => other.bind(&fake, "t", json!({})),
            _ => client.bind(&fake, "t", json!({"cnf": ABSENT, "token_type": "Bearer"})),
        }
        let reading = async { while stream.chunk().await.expect("no break").is_some() {} };
        let ended = timeout(Duration::from_secs(10), reading).await;
        assert!(ended.is_ok(), "still open: {change}");
    }
}
