//! Many first uses of one token make one call, and nobody fails if the caller that made it goes
//! away.

use std::time::Duration;

use dev_authorization_server::Reply;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Connection, altered, fake_with_good_token, spawn_server};

#[tokio::test]
async fn rs_58_concurrent_first_uses_make_one_call() {
    let fake = fake_with_good_token();
    let claims = altered(&fake, json!({}));
    let late = Reply::from(claims).after(Duration::from_millis(200));
    fake.answer_token("late", late);
    let server = spawn_server(&fake, |setup| setup.workers = 2);
    let answers = join_all((0..100).map(|_| server.call("late"))).await;
    for answer in answers {
        answer.assert_served("one of a hundred");
    }
    assert_eq!(fake.introspection_count(), 1);
    let served = server.metric("resource_server_requests_allowed_total");
    assert!((served - 100.0).abs() < 0.5, "{served}");
}

#[tokio::test]
async fn rs_58_the_first_caller_going_away_fails_nobody() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.workers = 2;
        setup.introspection.authorization_server.timeout = Duration::from_secs(10);
    });
    let gate = fake.hold_introspections();
    let mut first = Connection::open(server.address).await;
    first
        .write(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n\
             Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\n\r\n{}",
        )
        .await;
    fake.wait_for_introspections(1).await;
    let others = join_all((0..99).map(|_| server.call("good")));
    let release = async {
        first.reset();
        // Each round trip lets the server process what came before it.
        for _ in 0..10 {
            server.get("/.well-known/oauth-protected-resource").await;
        }
        gate.open();
    };
    let (answers, ()) = tokio::join!(others, release);
    for answer in answers {
        answer.assert_served("one of ninety-nine");
    }
    assert_eq!(fake.introspection_count(), 1);
}

#[tokio::test]
async fn at_most_the_configured_number_is_in_flight() {
    let fake = fake_with_good_token();
    let slow = Reply::from(altered(&fake, json!({}))).after(Duration::from_millis(10));
    fake.answer_by_default(slow);
    let server = spawn_server(&fake, |setup| {
        setup.workers = 2;
        setup.introspection.max_in_flight = 4;
        setup.introspection.authorization_server.timeout = Duration::from_secs(20);
    });
    let calls = (0..200).map(|number| {
        let server = &server;
        async move { server.call(&format!("t{number}")).await }
    });
    for answer in join_all(calls).await {
        answer.assert_served("one of two hundred");
    }
    assert_eq!(fake.introspection_count(), 200);
    assert_eq!(fake.peak_introspections(), 4);
}

/// Waiting for a turn is not the authorization server's fault: calls that get no turn in time must
/// not open the circuit.
#[tokio::test]
async fn waiting_for_a_turn_trips_no_breaker() {
    const LIMIT: Duration = Duration::from_millis(600);
    let fake = fake_with_good_token();
    let slow = Reply::from(altered(&fake, json!({}))).after(LIMIT / 2);
    fake.answer_by_default(slow);
    let server = spawn_server(&fake, |setup| {
        setup.introspection.max_in_flight = 1;
        setup.introspection.authorization_server.timeout = LIMIT;
    });
    let calls = (0..20).map(|number| {
        let server = &server;
        async move {
            sleep(LIMIT / 20 * number).await;
            server.call(&format!("t{number}")).await
        }
    });
    let answers = join_all(calls).await;
    answers[0].assert_served("the first");
    let refused = answers.iter().filter(|answer| answer.status == 503);
    assert!(refused.count() > 10);
    assert!(server.metric("resource_server_circuit_open") < 0.5);
    let overloaded = "resource_server_requests_unavailable_total{reason=\"overloaded\"}";
    assert!(server.metric(overloaded) > 5.0);
    server.call("good").await.assert_served("afterwards");
}
