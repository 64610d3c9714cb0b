//! Revocations that replicas tell each other of.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{Revocation, RevokedBy, SessionKey, SharedStoreConfig};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{Replica, keys, nothing};
use crate::support::{
    ABSENT, FakeRedis, Fault, Session, Setup, altered, eventually, fake_with_good_token, unix_now,
};

fn alice() -> Revocation {
    Revocation::Subject("alice".to_owned())
}

/// A fake that knows a token of alice which was issued before now.
fn fake_with_old_token() -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("old", altered(&fake, json!({"iat": unix_now() - 60})));
    fake
}

async fn becomes_revoked(replica: &Replica, token: &str) {
    eventually("the token is refused", async || {
        replica.server.call(token).await.status == 401
    })
    .await;
}

#[tokio::test]
async fn rs_72_a_revocation_reaches_other_replicas_and_ends_streams_there() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let told = Arc::new(AtomicUsize::new(0));
    let counting = told.clone();
    let other = Replica::start(&fake, &redis, |_config, setup| {
        setup.stateful = true;
        setup.resource.session_key = SessionKey::random();
        setup.resource.stream_recheck = Duration::from_secs(60);
        setup.resource.on_revocation = Some(Arc::new(move |_server, revocation, by| {
            assert_eq!((revocation, by), (&alice(), RevokedBy::Replica));
            counting.fetch_add(1, Ordering::SeqCst);
        }));
    })
    .await;
    let session = Session::open(&other.server, "old").await;
    let mut stream = session.stream("old").await;
    let begun = Instant::now();
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    let reading = async { while stream.chunk().await.expect("no broken stream").is_some() {} };
    let ended = timeout(Duration::from_secs(10), reading).await;
    assert!(ended.is_ok(), "the stream is still open");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    other
        .server
        .call("old")
        .await
        .assert_invalid_token("revoked there");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(told.load(Ordering::SeqCst), 1);
    assert_eq!(redis.entries().len(), 1, "nobody repeats it");
}

#[tokio::test]
async fn rs_72_a_new_replica_learns_what_was_revoked_before() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    eventually("it is in the store", async || !redis.entries().is_empty()).await;
    let entry = &redis.entries()[0];
    assert!(!entry.windows(5).any(|window| window == b"alice"));
    let other = Replica::start(&fake, &redis, nothing).await;
    becomes_revoked(&other, "old").await;
}

#[tokio::test]
async fn rs_72_what_is_revoked_during_an_outage_arrives_after_it() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let other = Replica::start(&fake, &redis, nothing).await;
    other.server.call("old").await.assert_served("before");
    redis.fail(Fault::Down);
    one.has_no_store().await;
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    other
        .server
        .call("old")
        .await
        .assert_served("it cannot know");
    redis.fail(Fault::None);
    becomes_revoked(&other, "old").await;
}

#[tokio::test]
async fn a_store_that_lost_its_data_gets_everything_again() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let witness = Replica::start(&fake, &redis, nothing).await;
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    becomes_revoked(&witness, "old").await;
    redis.fail(Fault::Down);
    redis.flush();
    // Whoever revoked is gone, too; another one knows.
    drop(one);
    redis.fail(Fault::None);
    eventually("it is in the store again", async || {
        !redis.entries().is_empty()
    })
    .await;
    let fresh = Replica::start(&fake, &redis, nothing).await;
    becomes_revoked(&fresh, "old").await;

    // Without a broken connection.
    redis.flush();
    eventually("it is in the store again", async || {
        !redis.entries().is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_the_store_lost_in_part_is_put_there_again() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let revoke = |name: &str| {
        let subject = Revocation::Subject(name.to_owned());
        one.server
            .resource_server
            .revoke(&subject, RevokedBy::Administrator);
    };
    let becomes = async |number: usize| {
        eventually("all are in the store", async || {
            redis.entries().len() == number
        })
        .await;
        // The listener has read it.
        sleep(Duration::from_millis(200)).await;
    };
    revoke("alice");
    revoke("bob");
    becomes(2).await;
    redis.lose_an_entry();
    becomes(2).await;
    // Somebody's entry pushes one of ours out.
    redis.add_entry("rmcp:r1", "n", b"flood");
    becomes(3).await;
    redis.lose_an_entry();
    becomes(3).await;

    // There is news before anybody sees that the stream is gone.
    redis.flush();
    revoke("carol");
    becomes(3).await;
    let fresh = Replica::start(&fake, &redis, nothing).await;
    becomes_revoked(&fresh, "old").await;
}

#[tokio::test]
async fn something_else_in_the_place_of_the_stream_is_removed() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let other = Replica::start(&fake, &redis, nothing).await;
    redis.put("rmcp:r1", b"no stream");
    other.server.call("old").await.assert_served("before");
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    becomes_revoked(&other, "old").await;
}

#[tokio::test]
async fn foreign_entries_are_skipped_and_counted() {
    let fake = fake_with_old_token();
    let redis = FakeRedis::start();
    let stranger = Replica::start(
        &fake,
        &redis,
        |config: &mut SharedStoreConfig, _: &mut Setup| {
            config.keys = keys(&[9]);
        },
    )
    .await;
    stranger
        .server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    eventually("it is in the store", async || !redis.entries().is_empty()).await;
    redis.add_entry("rmcp:r1", "n", b"garbage");
    redis.add_entry("rmcp:r1", "other", b"garbage");
    let one = Replica::start(&fake, &redis, nothing).await;
    let other = Replica::start(&fake, &redis, nothing).await;
    eventually("they were read", async || one.refused() >= 3.0).await;
    one.server.call("old").await.assert_served("not ours");
    one.server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    becomes_revoked(&other, "old").await;
}

/// The answer is read by one replica before the revocation and gets to the store after it.
#[tokio::test]
async fn rs_72_an_answer_that_was_under_way_is_used_by_nobody() {
    let fake = FakeAuthorizationServer::start();
    // Without a time of issue, only asking again tells.
    fake.answer_token("t", altered(&fake, json!({"iat": ABSENT})));
    let redis = FakeRedis::start();
    let one = Arc::new(Replica::start(&fake, &redis, nothing).await);
    let other = Replica::start(&fake, &redis, nothing).await;
    let gate = fake.hold_introspections();
    let asking = one.clone();
    let waiting = tokio::spawn(async move { asking.server.call("t").await });
    eventually("the question is asked", async || {
        fake.introspection_count() == 1
    })
    .await;
    // The answer is there already, from before the revocation.
    fake.answer_next(altered(&fake, json!({"iat": ABSENT})));
    fake.forget_token("t");
    other
        .server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    eventually("the others know", async || {
        one.operations("read_revocations", "done") > 0.0 && !redis.entries().is_empty()
    })
    .await;
    sleep(Duration::from_millis(50)).await;
    gate.open();
    let answer = waiting.await.expect("an answer");
    answer.assert_invalid_token("asked before the revocation");
    for replica in [&*one, &other] {
        replica
            .server
            .call("t")
            .await
            .assert_invalid_token("and afterwards");
    }
}

/// The same, if the old answer is in the store, and is put back there.
#[tokio::test]
async fn an_old_answer_in_the_store_is_stale_for_who_knows() {
    let fake = fake_with_good_token();
    fake.answer_token("t", altered(&fake, json!({"iat": ABSENT})));
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    one.server.call("t").await.assert_served("before");
    one.has_written(1.0).await;
    let other = Replica::start(&fake, &redis, nothing).await;
    let old = redis.values();
    fake.forget_token("t");
    other
        .server
        .resource_server
        .revoke(&alice(), RevokedBy::Administrator);
    other
        .server
        .call("t")
        .await
        .assert_invalid_token("asked about again");
    // Somebody puts the old answer back.
    for (name, value) in &old {
        redis.put(name, value);
    }
    other.server.call("t").await.assert_invalid_token("still");
    let fresh = Replica::start(&fake, &redis, nothing).await;
    becomes_revoked(&fresh, "t").await;
}
