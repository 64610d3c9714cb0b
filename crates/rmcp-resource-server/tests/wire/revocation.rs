//! Revocations that are pushed.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::Response;
use rmcp_resource_server::{Revocation, RevokedBy, SessionKey};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::support::{
    ABSENT, Session, Setup, TestClock, altered, eventually, fake_with_good_token, spawn_server,
};

/// Sessions, and streams that by themselves would verify their token again in a minute.
fn with_sessions(setup: &mut Setup) {
    setup.stateful = true;
    setup.resource.session_key = SessionKey::random();
    setup.resource.stream_recheck = Duration::from_secs(60);
}

async fn ends(mut stream: Response) {
    let reading = async { while stream.chunk().await.expect("no broken stream").is_some() {} };
    let in_time = timeout(Duration::from_secs(10), reading).await;
    assert!(in_time.is_ok(), "the stream is still open");
}

fn alice() -> Revocation {
    Revocation::Subject("alice".to_owned())
}

#[tokio::test]
async fn rs_72_a_token_from_before_a_revocation_is_refused_without_asking_anybody() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let issued = |at: u64| json!({"iat": at, "exp": clock.unix() + 600});
    fake.answer_token("old", altered(&fake, issued(clock.unix() - 5)));
    fake.answer_token("new", altered(&fake, issued(clock.unix() + 5)));
    let mut of_bob = issued(clock.unix() - 5);
    of_bob["sub"] = json!("bob");
    fake.answer_token("of-bob", altered(&fake, of_bob));
    let server = spawn_server(&fake, |setup| {
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    });
    for token in ["old", "of-bob"] {
        server.call(token).await.assert_served("before");
    }
    server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    clock.advance(Duration::from_secs(1));
    let asked = fake.introspection_count();
    server.call("old").await.assert_invalid_token("revoked");
    server.call("of-bob").await.assert_served("another user's");
    assert_eq!(fake.introspection_count(), asked, "both are remembered");
    server.call("new").await.assert_served("issued later");
    let refused = server.metric("resource_server_requests_denied_total{reason=\"revoked\"}");
    assert!((refused - 1.0).abs() < f64::EPSILON, "{refused}");
}

#[tokio::test]
async fn rs_72_a_token_of_unknown_age_is_asked_about_again() {
    let fake = FakeAuthorizationServer::start();
    for token in ["logged-out", "still-good"] {
        fake.answer_token(token, altered(&fake, json!({"iat": ABSENT})));
    }
    let server = spawn_server(&fake, |_| {});
    for token in ["logged-out", "still-good"] {
        server.call(token).await.assert_served("before");
    }
    fake.forget_token("logged-out");
    server.call("logged-out").await.assert_served("remembered");
    let asked = fake.introspection_count();
    server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    server
        .call("logged-out")
        .await
        .assert_invalid_token("asked about");
    server.call("still-good").await.assert_served("asked about");
    server
        .call("still-good")
        .await
        .assert_served("remembered again");
    assert_eq!(fake.introspection_count(), asked + 2);
}

#[tokio::test]
async fn rs_72_an_answer_that_was_under_way_is_not_used() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t", altered(&fake, json!({"iat": ABSENT})));
    let server = Arc::new(spawn_server(&fake, |_| {}));
    let gate = fake.hold_introspections();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.call("t").await })
        })
        .collect();
    eventually("an introspection is under way", async || {
        fake.introspection_count() == 1
    })
    .await;
    server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    // The first question has its answer already: it was asked when the token was good.
    sleep(Duration::from_millis(50)).await;
    fake.answer_next(altered(&fake, json!({"iat": ABSENT})));
    fake.forget_token("t");
    gate.open();
    for call in waiting {
        let answer = call.await.expect("an answer");
        answer.assert_invalid_token("asked before the revocation");
    }
    assert_eq!(fake.introspection_count(), 2);
    server
        .call("t")
        .await
        .assert_invalid_token("and afterwards");
}

#[tokio::test]
async fn rs_72_streams_and_sessions_of_the_principal_end_at_once() {
    let fake = fake_with_good_token();
    fake.answer_token("of-bob", altered(&fake, json!({"sub": "bob"})));
    let server = spawn_server(&fake, with_sessions);
    let (of_alice, of_bob) = (
        Session::open(&server, "good").await,
        Session::open(&server, "of-bob").await,
    );
    let stream = of_alice.stream("good").await;
    let mut other = of_bob.stream("of-bob").await;
    server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    ends(stream).await;
    let still_open = timeout(Duration::from_millis(300), async {
        while other.chunk().await.expect("no broken stream").is_some() {}
    });
    assert!(still_open.await.is_err(), "another user's stream goes on");
    server.sessions.end_revoked(&server.resource_server).await;
    fake.answer_token("again", altered(&fake, json!({"iat": ABSENT})));
    let answer = of_alice.call("again").await;
    answer.assert_no_such_session("it ended with the token that opened it");
    of_bob.call("of-bob").await.assert_served("another session");
}

#[tokio::test]
async fn rs_72_one_token_is_revoked_by_its_fingerprint() {
    let fake = fake_with_good_token();
    fake.answer_token("other", altered(&fake, json!({})));
    let server = spawn_server(&fake, |setup| setup.resource.fingerprints = true);
    let bearer = rmcp_resource_server::BearerToken::from_authorization(
        [b"Bearer good".as_slice()].into_iter(),
        64,
    )
    .expect("a token");
    let token = server.resource_server.authorize(&bearer).await;
    let fingerprint = token.expect("good").fingerprint().expect("wanted");
    let revocation = Revocation::Token(fingerprint);
    server
        .resource_server
        .revoke(&revocation, RevokedBy::Administrator);
    server.call("good").await.assert_invalid_token("revoked");
    server.call("other").await.assert_served("of the same user");
}
