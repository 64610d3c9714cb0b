//! What is cached, for how long, and what is judged again nevertheless.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{
    BearerToken, CacheConfig, Claims, Metrics, SystemClock, TokenCache, TokenError, VerifyError,
};
use serde_json::{Value, json};

use crate::support::{
    ABSENT, Setup, TestClock, altered, eventually, fake_with_good_token, spawn_server,
};

fn use_clock(setup: &mut Setup, clock: &TestClock) {
    setup.resource.authorization_server.clock = Arc::new(clock.clone());
    setup.introspection.authorization_server.clock = Arc::new(clock.clone());
}

#[tokio::test]
async fn rs_53_no_cached_use_past_expiry() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let exp = clock.unix() + 2;
    fake.answer_token("t", altered(&fake, json!({"exp": exp})));
    let server = spawn_server(&fake, |setup| use_clock(setup, &clock));
    server.call("t").await.assert_served("fresh");
    clock.advance(Duration::from_millis(1999));
    server.call("t").await.assert_served("cached");
    assert_eq!(fake.introspection_count(), 1);
    clock.advance(Duration::from_millis(1));
    server.call("t").await.assert_invalid_token("at its end");
}

#[tokio::test]
async fn rs_54_revocation_takes_effect_within_ttl() {
    let fake = fake_with_good_token();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        use_clock(setup, &clock);
        setup.introspection.cache.ttl = Duration::from_secs(1);
    });
    server.call("good").await.assert_served("fresh");
    fake.forget_token("good");
    clock.advance(Duration::from_millis(999));
    server.call("good").await.assert_served("within the TTL");
    clock.advance(Duration::from_millis(1));
    server
        .call("good")
        .await
        .assert_invalid_token("after the TTL");
    assert_eq!(fake.introspection_count(), 2);
}

#[tokio::test]
async fn rs_54_a_ttl_of_zero_asks_each_time() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.introspection.cache.ttl = Duration::ZERO;
    });
    for count in 1..=3 {
        server.call("good").await.assert_served("live");
        assert_eq!(fake.introspection_count(), count);
    }
    fake.forget_token("good");
    server.call("good").await.assert_invalid_token("revoked");
}

#[tokio::test]
async fn rs_54_default_lifetimes_are_30_and_10_seconds() {
    for (exp, lifetime) in [
        (None, 30),
        (Some(json!(ABSENT)), 10),
        (Some(json!(null)), 10),
    ] {
        let fake = FakeAuthorizationServer::start();
        let changes = exp.map_or(json!({}), |exp| json!({"exp": exp}));
        fake.answer_token("t", altered(&fake, changes));
        let clock = TestClock::new();
        let server = spawn_server(&fake, |setup| use_clock(setup, &clock));
        server.call("t").await.assert_served("fresh");
        clock.advance(Duration::from_secs(lifetime) - Duration::from_millis(1));
        server.call("t").await.assert_served("cached");
        assert_eq!(fake.introspection_count(), 1, "{lifetime}");
        clock.advance(Duration::from_millis(1));
        server.call("t").await.assert_served("asked again");
        assert_eq!(fake.introspection_count(), 2, "{lifetime}");
    }
}

#[tokio::test]
async fn rs_54_a_wall_clock_set_back_lengthens_no_life() {
    let fake = fake_with_good_token();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| use_clock(setup, &clock));
    server.call("good").await.assert_served("fresh");
    clock.set_back(Duration::from_secs(3600));
    server.call("good").await.assert_served("remembered");
    assert_eq!(fake.introspection_count(), 1);
    fake.forget_token("good");
    clock.advance(Duration::from_secs(30));
    server
        .call("good")
        .await
        .assert_invalid_token("asked again");
}

#[tokio::test]
async fn rs_55_cache_key_is_keyed_and_holds_no_token() {
    let one = fake_with_good_token();
    let other = FakeAuthorizationServer::start();
    let trusting = spawn_server(&one, |_| {});
    let doubting = spawn_server(&other, |_| {});
    for _fresh_and_cached in 0..2 {
        trusting
            .call("good")
            .await
            .assert_served("active at its server");
        doubting
            .call("good")
            .await
            .assert_invalid_token("inactive at its server");
    }
    assert_eq!(one.introspection_count(), 1);
    assert_eq!(other.introspection_count(), 1);
}

#[tokio::test]
async fn rs_55_each_part_of_the_cache_key_counts() {
    let new_cache = || {
        TokenCache::new(
            CacheConfig::default(),
            Arc::new(SystemClock),
            Metrics::default(),
        )
    };
    let cache = new_cache();
    let hits = async |cache: &TokenCache, parts: [&str; 3], token: &str| {
        let partition = cache.partition(parts[0], parts[1], parts[2]);
        let token = BearerToken::parse(token, 100).expect("a token");
        let asked = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = asked.clone();
        let verified = cache.get_or_verify(&partition, &token, || async move {
            seen.store(true, std::sync::atomic::Ordering::SeqCst);
            Ok(claims(json!({"sub": "alice"})))
        });
        verified.await.expect("active");
        !asked.load(std::sync::atomic::Ordering::SeqCst)
    };
    assert!(!hits(&cache, ["i", "e", "c"], "t").await, "new");
    assert!(hits(&cache, ["i", "e", "c"], "t").await, "known");
    for (parts, token) in [
        (["i", "e", "c"], "u"),
        (["i", "e", "d"], "t"),
        (["i", "f", "c"], "t"),
        (["j", "e", "c"], "t"),
        (["", "ie", "c"], "t"),
        (["ie", "", "c"], "t"),
        (["i", "ec", ""], "t"),
        (["i", "", "ec"], "t"),
        (["i", "e", ""], "ct"),
        (["i", "e", "ct"], "t"),
    ] {
        assert!(!hits(&cache, parts, token).await, "{parts:?} {token}");
    }
    assert!(
        !hits(&new_cache(), ["i", "e", "c"], "t").await,
        "another cache"
    );
}

fn claims(members: Value) -> Claims {
    let Value::Object(members) = members else {
        unreachable!("tests give objects");
    };
    Claims::from_members(members).expect("readable")
}

#[tokio::test]
async fn rs_56_policy_runs_on_every_cache_hit() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("a", altered(&fake, json!({"scope": "a"})));
    let lax = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = "a".parse().expect("a scope");
    });
    let strict = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = "a b".parse().expect("scopes");
        setup.verifier = Some(lax.verifier.clone());
    });
    lax.call("a").await.assert_served("a for a");
    strict
        .call("a")
        .await
        .assert_insufficient_scope("a for a b");
    assert_eq!(fake.introspection_count(), 1);

    let elsewhere = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = "a".parse().expect("a scope");
        setup.resource.audiences = vec!["https://elsewhere.example".to_owned()];
        setup.verifier = Some(lax.verifier.clone());
    });
    elsewhere
        .call("a")
        .await
        .assert_invalid_token("for another");
    assert_eq!(fake.introspection_count(), 1);
}

#[tokio::test]
async fn rs_56_refused_claims_are_refused_from_the_cache_too() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| use_clock(setup, &clock));
    let now = clock.unix();
    for (index, changes) in [
        json!({"aud": "https://elsewhere.example"}),
        json!({"iss": "https://elsewhere.example"}),
        json!({"nbf": now + 60}),
        json!({"cnf": {"jkt": "x"}}),
        json!({"token_use": "refresh_token"}),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, changes.clone()));
        for _use in ["first", "cached"] {
            let answer = server.call(&token).await;
            answer.assert_invalid_token(&changes.to_string());
        }
        assert_eq!(fake.introspection_count(), index + 1, "{changes}");
    }
    let early = altered(&fake, json!({"nbf": now + 40}));
    fake.answer_token("early", early);
    server.call("early").await.assert_invalid_token("too early");
    clock.advance(Duration::from_secs(10));
    server
        .call("early")
        .await
        .assert_served("in its time, from the cache");
    assert_eq!(fake.introspection_count(), 6);
}

#[tokio::test]
async fn rs_59_inactive_answers_have_their_own_bounded_cache() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |setup| {
        setup.introspection.cache.negative_ttl = Duration::from_secs(1);
    });
    server.call("t").await.assert_invalid_token("fresh");
    fake.answer_token("t", altered(&fake, json!({})));
    server.call("t").await.assert_invalid_token("remembered");
    assert_eq!(fake.introspection_count(), 1);
    eventually("the negative TTL is over", async || {
        server.call("t").await.status == 200
    })
    .await;
    assert_eq!(fake.introspection_count(), 2);
}

#[tokio::test]
async fn rs_59_a_flood_of_random_tokens_evicts_no_live_one() {
    const CAPACITY: u64 = 50;
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.introspection.cache.capacity = CAPACITY;
        setup.introspection.cache.negative_capacity = CAPACITY;
    });
    server.call("good").await.assert_served("before");
    for number in 0..6 * CAPACITY {
        let answer = server.call(&format!("random-{number}")).await;
        assert_eq!(answer.status, 401);
    }
    let asked = fake.introspection_count();
    server.call("good").await.assert_served("after");
    assert_eq!(fake.introspection_count(), asked);
    eventually("the inactive cache is in bounds", async || {
        server.call("one more").await;
        server.verifier.cache().entry_counts().1 <= CAPACITY
    })
    .await;

    fake.answer_by_default(altered(&fake, json!({})));
    for number in 0..3 * CAPACITY {
        server
            .call(&format!("live-{number}"))
            .await
            .assert_served("live");
    }
    eventually("the active cache is in bounds", async || {
        server.call("one-more-live").await;
        server.verifier.cache().entry_counts().0 <= CAPACITY
    })
    .await;
}

#[tokio::test]
async fn unsupported_types_are_not_remembered_as_inactive() {
    let cache = TokenCache::new(
        CacheConfig::default(),
        Arc::new(SystemClock),
        Metrics::default(),
    );
    let partition = cache.partition("i", "e", "c");
    let token = BearerToken::parse("t", 10).expect("a token");
    let refused = cache.get_or_verify(&partition, &token, || async {
        Err(VerifyError::Token(TokenError::UnsupportedType))
    });
    assert!(refused.await.is_err());
    let accepted = cache.get_or_verify(&partition, &token, || async {
        Ok(claims(json!({"sub": "alice"})))
    });
    assert!(accepted.await.is_ok());
}
