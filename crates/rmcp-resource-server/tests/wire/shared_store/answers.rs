//! Answers of the authorization server that replicas share.

use std::time::{Duration, Instant};

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::SharedStoreConfig;
use serde_json::json;

use super::{Replica, keys, nothing, with_clock};
use crate::support::{ABSENT, FakeRedis, Fault, Setup, TestClock, altered, fake_with_good_token};

#[tokio::test]
async fn a_token_on_two_replicas_is_one_question() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, nothing).await;
    let other = Replica::start(&fake, &redis, nothing).await;
    let first = one.server.call("good").await;
    one.has_written(1.0).await;
    let second = other.server.call("good").await;
    assert_eq!(first.tool_result(), second.tool_result(), "the same claims");
    assert_eq!(fake.introspection_count(), 1);
    let found = other
        .server
        .metric("resource_server_shared_store_answers_total{found=\"yes\"}");
    assert!((found - 1.0).abs() < f64::EPSILON, "{found}");

    other
        .server
        .call("unknown")
        .await
        .assert_invalid_token("unknown");
    one.server
        .call("unknown")
        .await
        .assert_invalid_token("unknown");
    assert_eq!(fake.introspection_count(), 3, "a refusal is not shared");
}

#[tokio::test]
async fn the_store_has_no_token_and_no_name() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let replica = Replica::start(&fake, &redis, nothing).await;
    replica.server.call("good").await.assert_served("good");
    replica.has_written(1.0).await;
    let values = redis.values();
    let [(name, value)] = &*values else {
        panic!("one value: {values:?}");
    };
    assert!(
        name.starts_with("rmcp:a1:") && !name.contains("good"),
        "{name}"
    );
    for secret in ["good", "alice", "mcp:tools", fake.issuer()] {
        let is_there = value
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!is_there, "{secret}");
    }
    let left = redis.left(name).expect("it ends");
    assert!(left <= Duration::from_secs(30), "{left:?}");
}

#[tokio::test]
async fn an_answer_lives_no_longer_for_having_moved() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let exp = clock.unix() + 600;
    fake.answer_token("t", altered(&fake, json!({"exp": exp})));
    fake.answer_token("short", altered(&fake, json!({"exp": clock.unix() + 20})));
    fake.answer_token("no-exp", altered(&fake, json!({"exp": ABSENT})));
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_clock(&clock)).await;
    let other = Replica::start(&fake, &redis, with_clock(&clock)).await;
    for (token, life, number) in [("t", 30, 1.0), ("no-exp", 10, 2.0)] {
        let asked = fake.introspection_count();
        one.server.call(token).await.assert_served("asked");
        one.has_written(number).await;
        clock.advance(Duration::from_secs(life - 1));
        other.server.call(token).await.assert_served("found");
        assert_eq!(fake.introspection_count(), asked + 1, "{token}");
        clock.advance(Duration::from_secs(1));
        other.server.call(token).await.assert_served("asked again");
        assert_eq!(fake.introspection_count(), asked + 2, "{token}");
    }
    one.server
        .call("short")
        .await
        .assert_invalid_token("expired by now");
}

/// What somebody who can write to the store can try.
#[tokio::test]
async fn an_entry_is_worth_nothing_elsewhere_or_later() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let good = altered(&fake, json!({"exp": clock.unix() + 600}));
    for token in ["good", "other"] {
        fake.answer_token(token, good.clone());
    }
    let redis = FakeRedis::start();
    let replica = Replica::start(&fake, &redis, with_clock(&clock)).await;
    for token in ["good", "other"] {
        replica.server.call(token).await.assert_served(token);
    }
    replica.has_written(2.0).await;
    let values = redis.values();
    let [(name, value), (other_name, other_value)] = &*values else {
        panic!("two values: {values:?}");
    };
    let mut cut = value.clone();
    cut.truncate(value.len() - 1);
    for forged in [other_value.clone(), cut, b"garbage".to_vec(), Vec::new()] {
        redis.put(name, &forged);
        redis.put(other_name, &forged[..forged.len().min(20)]);
        let fresh = Replica::start(&fake, &redis, with_clock(&clock)).await;
        let asked = fake.introspection_count();
        for token in ["good", "other"] {
            fresh.server.call(token).await.assert_served("asked about");
        }
        assert_eq!(fake.introspection_count(), asked + 2);
        assert!(
            (fresh.refused() - 2.0).abs() < f64::EPSILON,
            "{}",
            fresh.refused()
        );
        fresh.has_written(2.0).await;
    }
    // The entry as it was, put back when its time is over.
    redis.put(name, value);
    redis.put(other_name, other_value);
    clock.advance(Duration::from_secs(31));
    let fresh = Replica::start(&fake, &redis, with_clock(&clock)).await;
    let asked = fake.introspection_count();
    fresh.server.call("good").await.assert_served("asked about");
    assert_eq!(fake.introspection_count(), asked + 1, "an old answer");
}

#[tokio::test]
async fn an_answer_from_the_future_is_not_used() {
    let fake = FakeAuthorizationServer::start();
    let (ahead, behind) = (TestClock::new(), TestClock::new());
    fake.answer_token("t", altered(&fake, json!({"exp": behind.unix() + 600})));
    ahead.advance(Duration::from_secs(5));
    let redis = FakeRedis::start();
    let one = Replica::start(&fake, &redis, with_clock(&ahead)).await;
    let other = Replica::start(&fake, &redis, with_clock(&behind)).await;
    one.server.call("t").await.assert_served("asked");
    one.has_written(1.0).await;
    other.server.call("t").await.assert_served("asked");
    assert_eq!(fake.introspection_count(), 2);
    assert!((other.refused() - 1.0).abs() < f64::EPSILON);
}

type Adjust = fn(&mut SharedStoreConfig, &mut Setup);

#[tokio::test]
async fn replicas_of_another_kind_use_no_answers_of_this_one() {
    let cases: [(&str, Adjust); 4] = [
        ("another client", |_config, setup| {
            setup.introspection.credentials =
                rmcp_resource_server::ClientCredentials::secret_basic("else", "hush");
        }),
        ("another key", |config, _setup| config.keys = keys(&[2])),
        ("another prefix", |config, _setup| {
            config.prefix = "x:".to_owned();
        }),
        ("no cache", |_config, setup| {
            setup.introspection.cache.ttl = Duration::ZERO;
        }),
    ];
    for (case, adjust) in cases {
        let fake = fake_with_good_token();
        let redis = FakeRedis::start();
        let one = Replica::start(&fake, &redis, nothing).await;
        let other = Replica::start(&fake, &redis, adjust).await;
        one.server.call("good").await.assert_served(case);
        one.has_written(1.0).await;
        other.server.call("good").await.assert_served(case);
        assert_eq!(fake.introspection_count(), 2, "{case}");
        assert!(other.refused() < f64::EPSILON, "nothing to refuse: {case}");
    }
}

#[tokio::test]
async fn keys_are_replaced_while_replicas_run() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    let of_keys = |bytes: &'static [u8]| {
        move |config: &mut SharedStoreConfig, _: &mut Setup| config.keys = keys(bytes)
    };
    let old = Replica::start(&fake, &redis, of_keys(&[1])).await;
    old.server.call("good").await.assert_served("asked");
    old.has_written(1.0).await;
    for both in [&[1, 2][..], &[2, 1]] {
        let replica = Replica::start(&fake, &redis, of_keys(both)).await;
        replica.server.call("good").await.assert_served("found");
    }
    assert_eq!(fake.introspection_count(), 1);
    let new = Replica::start(&fake, &redis, of_keys(&[2])).await;
    new.server.call("good").await.assert_served("asked");
    assert_eq!(fake.introspection_count(), 2);
}

#[tokio::test]
async fn no_request_needs_the_store() {
    for fault in [Fault::Silent, Fault::Refusing, Fault::Garbage, Fault::Down] {
        let fake = fake_with_good_token();
        for number in 0..30 {
            fake.answer_token(&format!("t{number}"), altered(&fake, json!({})));
        }
        let redis = FakeRedis::start();
        let brief: Adjust = |config, _setup| config.timeout = Duration::from_millis(100);
        let replica = Replica::start(&fake, &redis, brief).await;
        redis.fail(fault);
        let begun = Instant::now();
        for number in 0..30 {
            let token = format!("t{number}");
            replica.server.call(&token).await.assert_served("by asking");
        }
        let took = begun.elapsed();
        replica.has_no_store().await;
        // Five failures, of reading or of writing; and what goes wrong on a busy machine.
        assert!(took < Duration::from_secs(3), "{fault:?}: {took:?}");
        assert_eq!(fake.introspection_count(), 30, "{fault:?}");
        let up = replica.server.metric("resource_server_shared_store_up");
        assert!(up < f64::EPSILON, "{fault:?}");
        let skipped = replica.operations("read_answer", "skipped");
        assert!(skipped > 0.0, "{fault:?}: {skipped}");
        redis.fail(Fault::None);
        replica.has_store().await;
        replica.server.call("good").await.assert_served("after");
        replica.has_written(1.0).await;
    }
}

#[tokio::test]
async fn a_replica_starts_without_the_store() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    redis.fail(Fault::Down);
    let replica = Replica::start_alone(&fake, &redis, nothing);
    replica.server.call("good").await.assert_served("alone");
    redis.fail(Fault::None);
    replica.has_store().await;
}

#[tokio::test]
async fn the_store_may_demand_a_password_which_may_change() {
    let fake = fake_with_good_token();
    let redis = FakeRedis::start();
    redis.require_login("notes", "hush");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("password");
    std::fs::write(&path, "wrong\n").expect("writable");
    let url = redis.url().replace("redis://", "redis://notes@");
    let replica = Replica::start_alone(&fake, &redis, |config, _setup| {
        config.url = url.parse().expect("a URL");
        config.password_file = Some(path.clone());
    });
    replica.server.call("good").await.assert_served("alone");
    assert!(!replica.store.is_up());
    std::fs::write(&path, "hush\n").expect("writable");
    replica.has_store().await;
}
