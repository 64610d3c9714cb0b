//! Limits on the requests of a principal and on the bad tokens of a client.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use rmcp_resource_server::RequestLimits;
use serde_json::json;

use crate::support::{Answer, Setup, TestClock, altered, fake_with_good_token, spawn_server};

fn limit(setup: &mut Setup, clock: &TestClock, requests: u32, failures: u32) {
    setup.resource.authorization_server.clock = Arc::new(clock.clone());
    setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    let limits: &mut RequestLimits = &mut setup.resource.limits;
    limits.requests_per_minute = NonZeroU32::new(requests);
    limits.failures_per_minute = NonZeroU32::new(failures);
}

/// A 429 that blames no token. Returns its `Retry-After` in seconds.
fn assert_too_many(answer: &Answer, case: &str) -> u64 {
    assert_eq!(answer.status, 429, "{case}: {answer:?}");
    assert_eq!(answer.header("www-authenticate"), None, "{case}");
    assert_eq!(answer.json()["error"], "too_many_requests", "{case}");
    let retry_after = answer.header("retry-after").expect("Retry-After");
    retry_after.parse().expect("seconds")
}

#[tokio::test]
async fn a_principal_has_a_number_of_requests_whatever_token_it_uses() {
    let fake = fake_with_good_token();
    fake.answer_token("refreshed", altered(&fake, json!({"jti": "2"})));
    fake.answer_token("other", altered(&fake, json!({"sub": "bob"})));
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| limit(setup, &clock, 3, 0));
    server.call("good").await.assert_served("first");
    server.call("refreshed").await.assert_served("second");
    server.call("good").await.assert_served("third");
    for token in ["good", "refreshed"] {
        let seconds = assert_too_many(&server.call(token).await, token);
        assert_eq!(seconds, 20, "a third of a minute");
    }
    server
        .call("other")
        .await
        .assert_served("another principal");
    clock.advance(Duration::from_secs(20));
    server.call("good").await.assert_served("one more");
    assert_too_many(&server.call("good").await, "and no other");
    let refused =
        server.metric("resource_server_requests_denied_total{reason=\"too_many_requests\"}");
    assert!((refused - 3.0).abs() < f64::EPSILON, "{refused}");
}

#[tokio::test]
async fn a_client_with_too_many_bad_tokens_is_not_asked_about() {
    let fake = fake_with_good_token();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| limit(setup, &clock, 0, 2));
    server.call("good").await.assert_served("before");
    for token in ["bad-1", "bad-2"] {
        server.call(token).await.assert_invalid_token(token);
    }
    let asked = fake.introspection_count();
    assert_too_many(&server.call("bad-3").await, "the third is one too many");
    let last_asked = fake.introspection_count();
    assert_eq!(last_asked, asked + 1);
    let seconds = assert_too_many(&server.call("bad-4").await, "and stays so");
    assert_eq!(seconds, 30, "half a minute");
    fake.answer_token("fresh", altered(&fake, json!({})));
    assert_too_many(&server.call("fresh").await, "not known to be good");
    assert_eq!(fake.introspection_count(), last_asked, "nobody was asked");
    server.call("good").await.assert_served("good before");
    server
        .send(server.request())
        .await
        .assert_no_credential("no token is no bad one");
    clock.advance(Duration::from_secs(31));
    server.call("fresh").await.assert_served("later");
}

#[tokio::test]
async fn a_missing_scope_is_no_bad_token() {
    let fake = fake_with_good_token();
    fake.answer_token("narrow", altered(&fake, json!({"scope": "other"})));
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| limit(setup, &clock, 0, 1));
    for _ in 0..3 {
        server
            .call("narrow")
            .await
            .assert_insufficient_scope("always");
    }
}
