//! Where the keys for JWTs come from, and when they are fetched again.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{FakeAuthorizationServer, MetadataForm, Reply};
use futures_util::future::{join, join_all};
use rmcp_resource_server::{JwtConfig, JwtVerifier, TokenVerifier};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{
    SigningKey, TestClock, TestServer, eventually, jwks, jwt_claims, spawn_server_with,
};

const MINUTE: Duration = Duration::from_secs(60);

/// An authorization server with keys, a protected server that trusts it, and the clock of both.
struct Scene {
    fake: FakeAuthorizationServer,
    clock: TestClock,
    server: TestServer<JwtVerifier>,
}

impl Scene {
    async fn start(reply: impl Into<Reply>) -> Self {
        let scene = Self::not_ready(reply);
        scene.server.verifier.ready().await;
        scene
    }

    fn not_ready(reply: impl Into<Reply>) -> Self {
        Self::adjusted(reply, |_| {})
    }

    fn adjusted(reply: impl Into<Reply>, adjust: impl FnOnce(&mut JwtConfig)) -> Self {
        let fake = FakeAuthorizationServer::start();
        fake.serve("/jwks", reply);
        let clock = TestClock::new();
        let mut config = JwtConfig::new(fake.issuer().parse().expect("an issuer"));
        config.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
        config.authorization_server.clock = Arc::new(clock.clone());
        config.authorization_server.timeout = Duration::from_secs(1);
        let metrics = config.authorization_server.metrics.clone();
        adjust(&mut config);
        let verifier = JwtVerifier::start(config).expect("it starts");
        let server = spawn_server_with(&fake, verifier, |setup| {
            setup.resource.authorization_server.clock = Arc::new(clock.clone());
            setup.resource.authorization_server.metrics = metrics;
        });
        Self {
            fake,
            clock,
            server,
        }
    }

    fn fetches(&self) -> usize {
        self.fake.requests_at("/jwks").len()
    }

    /// A distinct token for each `id`, valid for two days.
    fn token(&self, key: &SigningKey, id: &str) -> String {
        let changes = json!({"jti": id, "exp": self.clock.unix() + 2 * 86_400});
        key.token(&jwt_claims(&self.fake, changes))
    }

    /// Waits until tokens signed by `key` are refused.
    async fn refuses(&self, key: &SigningKey) {
        eventually("the key has been withdrawn", async || {
            let fresh = format!("{:?}", Instant::now());
            self.status(key, &fresh).await == 401
        })
        .await;
    }

    async fn status(&self, key: &SigningKey, id: &str) -> u16 {
        self.server.call(&self.token(key, id)).await.status
    }
}

fn ec(kid: &'static str) -> SigningKey {
    SigningKey::new("ES256", kid)
}

/// Tokens that name an unknown key cause few fetches. While no fetch is allowed, nobody can say
/// whether such a token is good.
#[tokio::test]
async fn a_flood_of_unknown_kids_causes_few_fetches_and_hurts_nobody_else() {
    let key = ec("known");
    let scene = Scene::start(jwks(&[&key])).await;
    for (seconds, refused_as_bad) in [(0, 3), (4, 0), (1, 1), (300, 3)] {
        scene.clock.advance(Duration::from_secs(seconds));
        let before = scene.fetches();
        let mut bad = 0;
        for number in 0..8 {
            let id = format!("{seconds} {number}");
            let token = scene.token(&ec("unknown"), &id);
            let answer = scene.server.call(&token).await;
            if answer.status == 401 {
                answer.assert_invalid_token(&id);
                bad += 1;
            } else {
                let retry_after = answer.assert_unavailable(&id);
                assert!((1..=5).contains(&retry_after), "{id}: {retry_after}");
            }
            assert_eq!(scene.status(&key, &id).await, 200, "{id}");
        }
        assert_eq!(bad, refused_as_bad, "after {seconds} s");
        assert_eq!(scene.fetches() - before, bad, "after {seconds} s");
    }
}

/// A token waits for a fetch that began after the token came: an earlier one may lack its key.
#[tokio::test]
async fn simultaneous_unknown_kids_share_their_fetches() {
    let (old, new) = (ec("old"), ec("new"));
    let scene = Scene::start(jwks(&[&old])).await;
    let slow = Reply::from(jwks(&[&old, &new])).after(Duration::from_millis(200));
    scene.fake.serve("/jwks", slow);
    let ids: Vec<_> = (0..20).map(|id| id.to_string()).collect();
    let statuses = join_all(ids.iter().map(|id| scene.status(&new, id))).await;
    assert_eq!(statuses, [200; 20]);
    assert!((2..=3).contains(&scene.fetches()), "{}", scene.fetches());
}

/// However slow the authorization server is: both when it is asked for an unknown key and when the
/// keys have become old.
#[tokio::test]
async fn no_fetch_holds_up_a_token_whose_key_is_known() {
    let key = ec("known");
    let scene = Scene::start(jwks(&[&key])).await;
    scene.fake.serve(
        "/jwks",
        Reply::from(jwks(&[&key])).after(Duration::from_secs(60)),
    );
    for (minutes, case) in [(0, "an unknown key"), (10, "old keys"), (600, "older ones")] {
        scene.clock.advance(minutes * MINUTE);
        let before = scene.fetches();
        let unknown = scene.token(&ec("unknown"), case);
        let unknown = scene.server.call(&unknown);
        let known = async {
            eventually("a fetch has begun", async || scene.fetches() > before).await;
            let begun = Instant::now();
            assert_eq!(scene.status(&key, case).await, 200, "{case}");
            begun.elapsed()
        };
        let (unknown, took) = join(unknown, known).await;
        assert!(took < Duration::from_millis(800), "{case}: {took:?}");
        unknown.assert_unavailable(case);
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_when_its_first_token_comes() {
    let (old, new) = (ec("old"), ec("new"));
    let scene = Scene::start(jwks(&[&old])).await;
    let token = scene.token(&new, "before its key");
    let answer = scene.server.call(&token).await;
    answer.assert_invalid_token("not published");
    scene.fake.serve("/jwks", jwks(&[&old, &new]));
    let answer = scene.server.call(&token).await;
    answer.assert_served("not remembered as bad");
    assert_eq!(scene.status(&old, "old").await, 200);
    assert_eq!(scene.fetches(), 3);
}

/// Anonymous tokens, however many, delay a new key by seconds and never make its tokens bad.
#[tokio::test]
async fn unknown_kids_of_strangers_do_not_make_a_new_key_bad() {
    let (old, new) = (ec("old"), ec("new"));
    let scene = Scene::start(jwks(&[&old])).await;
    for number in 0..50 {
        scene.status(&ec("forged"), &number.to_string()).await;
    }
    scene.fake.serve("/jwks", jwks(&[&old, &new]));
    let token = scene.token(&new, "genuine");
    let answer = scene.server.call(&token).await;
    let retry_after = answer.assert_unavailable("no fetch is allowed");
    scene.clock.advance(Duration::from_secs(retry_after));
    scene.server.call(&token).await.assert_served("as told");
}

#[tokio::test]
async fn a_key_replaced_under_its_kid_is_fetched_too() {
    let (old, new) = (ec("the-key"), ec("the-key"));
    let scene = Scene::start(jwks(&[&old])).await;
    scene.fake.serve("/jwks", jwks(&[&new]));
    assert_eq!(scene.status(&new, "too soon").await, 401);
    assert_eq!(scene.fetches(), 1, "anybody can name a known key");
    scene.clock.advance(Duration::from_secs(10));
    assert_eq!(scene.status(&new, "a").await, 200);
    assert_eq!(scene.status(&old, "b").await, 401);
    assert_eq!(scene.fetches(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_counts_for_ten_minutes() {
    let (old, new) = (ec("old"), ec("new"));
    let scene = Scene::start(jwks(&[&old, &new])).await;
    scene.fake.serve("/jwks", jwks(&[&new]));
    scene.clock.advance(10 * MINUTE - Duration::from_secs(1));
    assert_eq!(scene.status(&old, "before").await, 200);
    assert_eq!(scene.fetches(), 1);
    scene.clock.advance(Duration::from_secs(1));
    scene.refuses(&old).await;
    assert_eq!(scene.status(&new, "after").await, 200);
}

/// Setting the wall clock back makes neither keys nor tokens bad.
#[tokio::test]
async fn keys_do_not_depend_on_a_clock_that_is_set_back() {
    let key = ec("key");
    let scene = Scene::start(jwks(&[&key])).await;
    scene.fake.stop().await;
    scene.clock.set_back(24 * 60 * MINUTE);
    assert_eq!(scene.server.verifier.readiness(), Ok(()));
    assert_eq!(scene.status(&key, "t").await, 200);
}

#[tokio::test]
async fn a_verified_token_is_remembered_until_its_time_is_over() {
    let key = ec("key");
    let scene = Scene::start(jwks(&[&key])).await;
    let exp = scene.clock.unix() + 20;
    let token = key.token(&jwt_claims(&scene.fake, json!({"exp": exp})));
    for _use in 0..3 {
        scene.server.call(&token).await.assert_served("in its time");
    }
    for (line, expected) in [
        ("resource_server_cache_misses_total", 1.0),
        ("resource_server_cache_hits_total", 2.0),
        (
            "resource_server_jwks_fetches_total{outcome=\"fetched\"}",
            1.0,
        ),
    ] {
        let value = scene.server.metric(line);
        assert!((value - expected).abs() < 0.5, "{line}: {value}");
    }
    scene.clock.advance(Duration::from_secs(20));
    let answer = scene.server.call(&token).await;
    answer.assert_invalid_token("expired");
}

/// A token accepted with a key that is then withdrawn stays accepted no longer than the cache says.
#[tokio::test]
async fn the_cache_outlives_a_key_by_its_own_time_only() {
    let (old, new) = (ec("old"), ec("new"));
    let scene = Scene::start(jwks(&[&old])).await;
    let token = scene.token(&old, "token");
    scene.server.call(&token).await.assert_served("verified");
    scene.fake.serve("/jwks", jwks(&[&new]));
    scene.clock.advance(Duration::from_secs(29));
    scene.server.call(&token).await.assert_served("remembered");
    scene.clock.advance(10 * MINUTE);
    scene.refuses(&old).await;
    let answer = scene.server.call(&token).await;
    answer.assert_invalid_token("verified anew, and forgotten");
}

#[tokio::test]
async fn without_any_keys_503_and_then_200() {
    let key = ec("key");
    let scene = Scene::not_ready(Reply::status(503));
    let token = scene.token(&key, "token");
    scene
        .server
        .call(&token)
        .await
        .assert_unavailable("no keys");
    eventually("the first fetch has failed", async || {
        let readiness = scene.server.verifier.readiness();
        readiness.is_err_and(|why| why.contains("503"))
    })
    .await;
    scene
        .server
        .call(&token)
        .await
        .assert_unavailable("no keys");
    let stranger = scene.token(&ec("stranger"), "stranger");
    let answer = scene.server.call(&stranger).await;
    answer.assert_unavailable("nobody can say");
    scene.fake.serve("/jwks", jwks(&[&key]));
    scene.server.verifier.ready().await;
    scene.server.call(&token).await.assert_served("keys");
    scene
        .server
        .call(&stranger)
        .await
        .assert_invalid_token("keys");
}

#[tokio::test]
async fn keys_serve_on_for_a_day_while_they_cannot_be_fetched() {
    let (key, new) = (ec("key"), ec("new"));
    let scene = Scene::start(jwks(&[&key])).await;
    scene.fake.stop().await;
    scene.clock.advance(MINUTE);
    assert_eq!(scene.status(&new, "new").await, 503, "perhaps a new key");
    assert_eq!(scene.status(&key, "known").await, 200);
    assert_eq!(
        scene.status(&ec("key"), "forged").await,
        401,
        "its key is known"
    );
    scene.clock.advance(24 * 60 * MINUTE - 2 * MINUTE);
    assert_eq!(scene.status(&key, "a day").await, 200);
    assert_eq!(scene.server.verifier.readiness(), Ok(()));
    scene.clock.advance(MINUTE);
    assert_eq!(scene.status(&key, "too old").await, 503);
    let readiness = scene.server.verifier.readiness();
    assert!(readiness.is_err_and(|why| why.contains("no answer")));
    scene.fake.restart();
    scene.fake.serve("/jwks", jwks(&[&key, &new]));
    scene.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.status(&key, "too old").await, 200);
    assert_eq!(scene.status(&new, "new").await, 200);
    assert_eq!(scene.server.verifier.readiness(), Ok(()));
}

/// A misconfigured or half-started authorization server must not lock everybody out.
#[tokio::test]
async fn keys_of_no_use_never_replace_good_ones() {
    let key = ec("key");
    let mut for_encryption = ec("key").public();
    for_encryption["use"] = json!("enc");
    let of_another_type = SigningKey::new("ES384", "es384").public();
    for useless in [
        json!({"keys": []}),
        json!({"keys": [for_encryption]}),
        json!({"keys": [of_another_type]}),
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "key", "x": "A".repeat(43)}]}),
    ] {
        let scene = Scene::start(jwks(&[&key])).await;
        scene.fake.serve("/jwks", useless.clone());
        let case = useless.to_string();
        assert_eq!(scene.status(&ec("new"), "new").await, 503, "{case}");
        scene.clock.advance(10 * MINUTE);
        assert_eq!(scene.status(&key, "a").await, 200, "{case}");
        eventually("the keys are asked for", async || scene.fetches() >= 3).await;
        assert_eq!(scene.status(&key, "b").await, 200, "{case}");
        assert_eq!(scene.server.verifier.readiness(), Ok(()), "{case}");
        let failed = "resource_server_jwks_fetches_total{outcome=\"no_usable_key\"}";
        assert!(scene.server.metric(failed) > 0.5, "{case}");

        let without = Scene::not_ready(useless);
        eventually("the reason is told", async || {
            let readiness = without.server.verifier.readiness();
            readiness.is_err_and(|why| why.contains("publishes"))
        })
        .await;
        assert_eq!(without.status(&key, "t").await, 503, "{case}");
        without.fake.serve("/jwks", jwks(&[&key]));
        without.server.verifier.ready().await;
        assert_eq!(without.status(&key, "t").await, 200, "{case}");
    }
}

/// The same key may be listed several times, written differently.
#[tokio::test]
async fn the_same_key_twice_is_one_key() {
    let key = SigningKey::new("RS256", "key");
    let public = key.public();
    let with = |changes: Value| {
        let mut copy = public.clone();
        for (name, value) in changes.as_object().expect("an object") {
            copy[name] = value.clone();
        }
        copy
    };
    let n = public["n"].as_str().expect("a modulus");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(n).expect("base64url");
    let longer = BASE64_URL_SAFE_NO_PAD.encode([&[0], &bytes[..]].concat());
    let other = SigningKey::new("RS256", "key").public();
    for (second, status) in [
        (with(json!({})), 200),
        (with(json!({"use": null, "alg": null})), 200),
        (with(json!({"use": "enc"})), 200),
        (with(json!({"alg": "PS256"})), 200),
        (with(json!({"n": longer, "x5t": "x"})), 200),
        (with(json!({"kid": "another"})), 200),
        (other, 401),
    ] {
        let case = second.to_string();
        let scene = Scene::start(json!({"keys": [public, second]})).await;
        assert_eq!(scene.status(&key, "t").await, status, "{case}");
    }
    for alone in [with(json!({"n": longer})), with(json!({"alg": null}))] {
        let scene = Scene::start(json!({"keys": [alone]})).await;
        assert_eq!(scene.status(&key, "t").await, 200);
    }
}

#[tokio::test]
async fn a_wall_clock_set_back_makes_no_key_old() {
    let (key, late) = (ec("key"), ec("late"));
    let scene = Scene::start(jwks(&[&key])).await;
    scene.fake.stop().await;
    scene.clock.set_back(60 * MINUTE);
    assert_eq!(scene.status(&key, "a").await, 200);
    assert_eq!(scene.fetches(), 1, "the keys are as young as before");
    scene.fake.restart();
    scene.fake.serve("/jwks", jwks(&[&key, &late]));
    scene.clock.advance(MINUTE);
    assert_eq!(scene.status(&late, "b").await, 200, "and age as before");
}

#[tokio::test]
async fn keys_that_moved_are_found_again() {
    let (key, new) = (ec("key"), ec("new"));
    let scene = Scene::adjusted(jwks(&[&key]), |config| config.jwks_url = None);
    let publish = |path: &str| {
        let mut document = scene.fake.metadata();
        document["jwks_uri"] = json!(scene.fake.url(path));
        scene.fake.serve_metadata(MetadataForm::OAuth, document);
    };
    publish("/jwks");
    scene.server.verifier.ready().await;
    assert_eq!(scene.status(&key, "a").await, 200);
    scene.fake.unserve("/jwks");
    scene.fake.serve("/moved", jwks(&[&key, &new]));
    publish("/moved");
    scene.clock.advance(MINUTE);
    assert_eq!(scene.status(&new, "b").await, 200, "found where they are");
    assert_eq!(scene.status(&key, "c").await, 200);
    assert_eq!(scene.server.verifier.readiness(), Ok(()));
}

#[tokio::test]
async fn without_kid_exactly_one_key_must_fit() {
    let keys = || [ec("a"), ec("b"), SigningKey::new("RS256", "c")];
    for (published, fits) in [([0, 2], true), ([0, 1], false)] {
        let mut keys = keys();
        let published: Vec<_> = published
            .iter()
            .map(|index| keys[*index].public())
            .collect();
        let scene = Scene::start(json!({"keys": published})).await;
        keys[0].kid = None;
        let status = scene.status(&keys[0], "t").await;
        assert_eq!(status, if fits { 200 } else { 401 });
    }
    let anonymous = ec("gone");
    let mut public = anonymous.public();
    public["kid"] = Value::Null;
    let scene = Scene::start(json!({"keys": [public]})).await;
    assert_eq!(
        scene.status(&anonymous, "t").await,
        401,
        "no key of that name"
    );
}

#[tokio::test]
async fn keys_for_other_uses_are_not_used() {
    let key = ec("key");
    for (changes, status) in [
        (json!({"use": "enc"}), 401),
        (json!({"use": null, "key_ops": ["sign"]}), 401),
        (json!({"alg": "ECDH-ES"}), 401),
        (json!({"use": null, "alg": null}), 200),
        (json!({"x5c": ["MIIB"], "other": {}}), 200),
    ] {
        let mut public = key.public();
        for (name, value) in changes.as_object().expect("an object") {
            public[name] = value.clone();
        }
        let members = public.as_object_mut().expect("an object");
        members.retain(|_, value| !value.is_null());
        let unknown = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"});
        let other = ec("other").public();
        let scene = Scene::start(json!({"keys": [unknown, other, public]})).await;
        assert_eq!(scene.status(&key, "t").await, status, "{changes}");
    }
}

#[tokio::test]
async fn odd_answers_are_no_keys() {
    let key = ec("key");
    let good = jwks(&[&key]).to_string();
    let twice = good.replacen('{', r#"{"keys":[],"#, 1);
    let large = good.replacen('{', &format!("{{\"x\":\"{}\",", "a".repeat(300_000)), 1);
    for (odd, expected) in [
        (Reply::html(), "malformed"),
        (Reply::from(json!([])), "malformed"),
        (Reply::from(json!({"keys": {}})), "malformed"),
        (Reply::new(200, "application/json", twice), "malformed"),
        (Reply::new(200, "application/json", large), "larger than"),
        (Reply::redirect(302, "http://127.0.0.1:1/"), "redirect"),
        (Reply::status(404), "404"),
        (
            Reply::status(200).after(Duration::from_secs(60)),
            "within 1s",
        ),
    ] {
        let scene = Scene::not_ready(odd);
        eventually(expected, async || {
            let readiness = scene.server.verifier.readiness();
            readiness.is_err_and(|why| why.contains(expected))
        })
        .await;
        assert_eq!(scene.status(&key, "t").await, 503, "{expected}");
    }
    let plain = Reply::new(200, "text/plain", good);
    let scene = Scene::start(plain).await;
    assert_eq!(scene.status(&key, "t").await, 200, "keys as a plain file");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let key = ec("key");
    let scene = Scene::not_ready(Reply::reset());
    eventually("two attempts", async || scene.fetches() >= 2).await;
    scene.fake.serve("/jwks", jwks(&[&key]));
    scene.server.verifier.ready().await;
    assert_eq!(scene.status(&key, "t").await, 200);
}

#[tokio::test]
async fn the_metadata_tells_where_the_keys_are() {
    let key = ec("key");
    for (uri, allowed, ready) in [
        ("/jwks", false, true),
        ("http://as.example/jwks", false, false),
        ("", false, false),
    ] {
        let scene = Scene::adjusted(jwks(&[&key]), |config| {
            config.jwks_url = None;
            config.authorization_server.allow_insecure_http = allowed;
        });
        let mut document = scene.fake.metadata();
        document["jwks_uri"] = match uri {
            "/jwks" => json!(scene.fake.url(uri)),
            "" => json!(null),
            other => json!(other),
        };
        scene.fake.serve_metadata(MetadataForm::OAuth, document);
        if ready {
            scene.server.verifier.ready().await;
            assert_eq!(scene.status(&key, "t").await, 200);
        } else {
            eventually("the reason is told", async || {
                let readiness = scene.server.verifier.readiness();
                readiness.is_err_and(|why| why.contains("jwks_uri"))
            })
            .await;
            assert_eq!(scene.status(&key, "t").await, 503);
            assert_eq!(scene.fetches(), 0);
        }
    }
}
