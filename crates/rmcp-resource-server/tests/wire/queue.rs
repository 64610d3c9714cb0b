//! The queue in front of the introspection endpoint.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{TestClock, altered, call_tool, spawn_server};

/// Random tokens beyond what any queue could hold are refused at once. A token that was active
/// before still gets through, and so does a fresh one on a connection that carried a good one.
#[tokio::test]
async fn rs_67_a_flood_of_unknown_tokens_is_refused_at_once_and_known_ones_pass() {
    let fake = FakeAuthorizationServer::start();
    let slow = |reply: Reply| reply.after(Duration::from_millis(200));
    for token in ["known", "fresh"] {
        fake.answer_token(token, slow(altered(&fake, json!({})).into()));
    }
    fake.answer_by_default(slow(json!({"active": false}).into()));
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        setup.workers = 2;
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.max_in_flight = 16;
    });
    server.call("known").await.assert_served("before the flood");
    clock.advance(Duration::from_secs(60));
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let strangers = builder.build().expect("a client");
    let flood = join_all((0..600).map(|number| {
        let request = call_tool(strangers.post(server.url("/mcp")), "whoami");
        let request = request.bearer_auth(format!("random{number}"));
        let server = &server;
        async move { server.send(request).await.status }
    }));
    let honest = async {
        fake.wait_for_introspections(10).await;
        let begun = Instant::now();
        // On the connection that carried the known token.
        server.call("fresh").await.assert_served("fresh");
        server.call("known").await.assert_served("known");
        begun.elapsed()
    };
    let (answers, took) = tokio::join!(flood, honest);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let refused = answers.iter().filter(|status| **status == 503).count();
    assert!(refused > 100, "{refused} of {}", answers.len());
    let overloaded = "resource_server_requests_unavailable_total{reason=\"overloaded\"}";
    assert!(server.metric(overloaded) > 100.0);
    assert!(server.metric("resource_server_circuit_open") < 0.5);
}
