//! Sessions that move between replicas.

use std::time::Duration;

use rmcp_resource_server::{Revocation, RevokedBy, SessionLimits, SharedStoreConfig};
use serde_json::json;

use super::{Replica, keys};
use crate::support::{
    FakeRedis, Fault, Session, Setup, altered, eventually, fake_with_good_token, unix_now,
};

fn with_sessions(_config: &mut SharedStoreConfig, setup: &mut Setup) {
    setup.stateful = true;
    setup.resource.session_key = keys(&[1]).session_key();
}

#[tokio::test]
async fn a_session_goes_on_at_another_replica_for_its_owner_only() {
    let fake = fake_with_good_token();
    fake.answer_token("refreshed", altered(&fake, json!({"jti": "2"})));
    fake.answer_token("of-bob", altered(&fake, json!({"sub": "bob"})));
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_sessions).await;
    let other = Replica::start(&fake, &redis, with_sessions).await;
    let id = Session::open(&one.server, "good").await.id;
    drop(one);
    let session = Session::known(&other.server, &id);
    session
        .call("of-bob")
        .await
        .assert_no_such_session("bob's token");
    let open = || other.server.metric("resource_server_sessions");
    assert!(open() < f64::EPSILON, "nothing was restored for him");
    let served = session.call("refreshed").await;
    served.assert_served("restored");
    assert_eq!(served.tool_result()["subject"], "alice");
    assert!((open() - 1.0).abs() < f64::EPSILON, "it counts");
    assert_eq!(session.stream("good").await.status(), 200);

    session.delete("good").await;
    session.call("good").await.assert_no_such_session("deleted");
    let third = Replica::start(&fake, &redis, with_sessions).await;
    let session = Session::known(&third.server, &id);
    session
        .call("good")
        .await
        .assert_no_such_session("for good");
}

#[tokio::test]
async fn a_client_cannot_fill_the_store_by_what_it_says_of_itself() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_sessions).await;
    let sessions = || {
        let values = redis.values();
        values
            .iter()
            .filter(|(name, _)| name.contains("s1:"))
            .count()
    };
    for (length, stored) in [(10, 1), (64 * 1024, 1)] {
        let request = json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "n".repeat(length), "version": "1"},
            },
        });
        let server = &one.server;
        let request = (server.http.post(server.url("/mcp")))
            .bearer_auth("good")
            .header("Accept", "application/json, text/event-stream")
            .json(&request);
        server.send(request).await.assert_served("initialize");
        assert_eq!(sessions(), stored, "{length}");
    }
}

#[tokio::test]
async fn restored_sessions_are_bounded_too() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_sessions).await;
    let other = Replica::start(
        &fake,
        &redis,
        |config: &mut SharedStoreConfig, setup: &mut Setup| {
            with_sessions(config, setup);
            setup.sessions = SessionLimits {
                per_principal: 2,
                total: 10,
            };
        },
    )
    .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(Session::open(&one.server, "good").await.id);
    }
    for id in &ids {
        let session = Session::known(&other.server, id);
        session.call("good").await.assert_served("restored");
    }
    let open = other.server.metric("resource_server_sessions");
    assert!((open - 2.0).abs() < f64::EPSILON, "{open}");
    // The one that had to go does not come back.
    eventually("it is gone from the store", async || {
        let values = redis.values();
        values
            .iter()
            .filter(|(name, _)| name.starts_with("rmcp:s1:"))
            .count()
            == 2
    })
    .await;
    let session = Session::known(&other.server, &ids[0]);
    session
        .call("good")
        .await
        .assert_no_such_session("displaced");
}

#[tokio::test]
async fn a_session_whose_token_was_revoked_is_not_restored() {
    let fake = fake_with_good_token();
    let iat = |seconds: i64| json!({"iat": i64::try_from(unix_now()).expect("small") + seconds});
    fake.answer_token("old", altered(&fake, iat(-60)));
    fake.answer_token("new", altered(&fake, iat(60)));
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_sessions).await;
    let id = Session::open(&one.server, "old").await.id;
    drop(one);
    let other = Replica::start(&fake, &redis, with_sessions).await;
    let alice = Revocation::Subject("alice".to_owned());
    other
        .server
        .resource_server
        .revoke(&alice, RevokedBy::Administrator);
    let session = Session::known(&other.server, &id);
    session.call("old").await.assert_invalid_token("revoked");
    session
        .call("new")
        .await
        .assert_no_such_session("it ended with its token");
}

#[tokio::test]
async fn without_the_store_a_session_is_not_found_elsewhere() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_sessions).await;
    let other = Replica::start(&fake, &redis, with_sessions).await;
    let session = Session::open(&one.server, "good").await;
    redis.fail(Fault::Down);
    other.has_no_store().await;
    one.has_no_store().await;
    session.call("good").await.assert_served("where it is");
    let elsewhere = Session::known(&other.server, &session.id);
    elsewhere
        .call("good")
        .await
        .assert_no_such_session("elsewhere");
    let opened = Session::open(&one.server, "good").await;
    opened
        .call("good")
        .await
        .assert_served("opened without the store");
    let left = redis
        .values()
        .iter()
        .filter_map(|(name, _)| redis.left(name))
        .max();
    assert!(left.expect("one session") > Duration::from_secs(3_000));
}
