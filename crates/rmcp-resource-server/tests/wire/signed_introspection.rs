//! Signed introspection responses (RFC 9701).

use std::{sync::LazyLock, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{FakeAuthorizationServer, Reply};
use rmcp_resource_server::{
    BearerToken, IntrospectionConfig, Scopes, SignedIntrospection, TokenVerifier, VerifyError,
};
use serde_json::{Value, json};

use crate::support::{
    ABSENT, RESOURCE, SigningKey, TestServer, altered, compact, jwks, jwt_claims, jwt_verifier,
    spawn_server, spawn_server_with, unix_now,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("ES256", "key"));
static OTHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("ES256", "key"));

const TYPE: &str = "token-introspection+jwt";

fn sign(config: &mut IntrospectionConfig, fake: &FakeAuthorizationServer) {
    let mut signed = SignedIntrospection::default();
    signed.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
    signed.audiences = vec![RESOURCE.to_owned()];
    config.signed = Some(signed);
}

/// A server that demands signed answers, which are made with [`KEY`].
async fn demanding(fake: &FakeAuthorizationServer) -> TestServer {
    fake.serve("/jwks", jwks(&[&KEY]));
    let server = spawn_server(fake, |setup| sign(&mut setup.introspection, fake));
    server.verifier.ready().await;
    server
}

/// The claims of a response (RFC 9701 §5) that says `answer`, except for these changes.
fn response(fake: &FakeAuthorizationServer, answer: Value, changes: Value) -> Value {
    let mut claims = json!({
        "iss": fake.issuer(), "aud": "mcp", "iat": unix_now(), "token_introspection": answer,
    });
    for (name, value) in changes.as_object().expect("an object") {
        match value == ABSENT {
            true => drop(claims.as_object_mut().expect("an object").remove(name)),
            false => claims[name] = value.clone(),
        }
    }
    claims
}

fn jwt(claims: &Value) -> String {
    KEY.token_with(&json!({"typ": TYPE}), claims)
}

fn reply(body: impl Into<Vec<u8>>) -> Reply {
    Reply::new(200, &format!("application/{TYPE}; charset=utf-8"), body)
}

fn active(fake: &FakeAuthorizationServer) -> Value {
    altered(fake, json!({}))
}

#[tokio::test]
async fn rs_26_signed_answers_are_asked_for_verified_and_remembered() {
    let fake = FakeAuthorizationServer::start();
    let server = demanding(&fake).await;
    for (token, changes) in [
        ("to our client", json!({})),
        ("to our resource", json!({"aud": RESOURCE})),
        ("to us and others", json!({"aud": ["other", "mcp"]})),
        ("with a time to live", json!({"exp": unix_now() + 60})),
        ("by a clock that is behind", json!({"iat": unix_now() - 20})),
        ("by a clock that is ahead", json!({"iat": unix_now() + 20})),
    ] {
        let token = token.replace(' ', "-");
        let answer = response(&fake, active(&fake), changes);
        fake.answer_token(&token, reply(jwt(&answer)));
        server.call(&token).await.assert_served(&token);
        let asked = fake.introspection_count();
        server.call(&token).await.assert_served("from the cache");
        assert_eq!(fake.introspection_count(), asked, "{token}");
    }
    for request in fake.introspections() {
        let accepted = request.header("accept").map(str::to_owned);
        assert_eq!(accepted, Some(format!("application/{TYPE}")));
    }
    assert_eq!(fake.requests_at("/jwks").len(), 1);
}

/// What is inside is judged like any other answer.
#[tokio::test]
async fn rs_36_the_answer_inside_is_judged_as_always() {
    let fake = FakeAuthorizationServer::start();
    let server = demanding(&fake).await;
    for (token, answer, status) in [
        ("inactive", json!({"active": false}), 401),
        (
            "inactive-still",
            json!({"active": false, "sub": "alice"}),
            401,
        ),
        (
            "expired",
            altered(&fake, json!({"exp": unix_now() - 1})),
            401,
        ),
        (
            "for-others",
            altered(&fake, json!({"aud": "https://other.example"})),
            401,
        ),
        (
            "of-others",
            altered(&fake, json!({"iss": "https://other.example"})),
            401,
        ),
        (
            "bound",
            altered(&fake, json!({"cnf": {"x5t#S256": "x"}})),
            401,
        ),
        ("scopeless", altered(&fake, json!({"scope": "other"})), 403),
        ("activated", altered(&fake, json!({"active": "true"})), 503),
        ("nothing", json!({}), 503),
    ] {
        fake.answer_token(token, reply(jwt(&response(&fake, answer, json!({})))));
        assert_eq!(server.call(token).await.status, status, "{token}");
    }
    // Nobody signs errors. This one, which keeps a token out, is caused by the token.
    let unsupported = json!({"error": "unsupported_token_type"});
    fake.answer_token("unsupported", Reply::json(400, &unsupported));
    let refused = server.call("unsupported").await;
    refused.assert_invalid_token("an error");
    fake.answer_token("refused", Reply::status(401));
    server
        .call("refused")
        .await
        .assert_unavailable("our client");
}

/// Replies to the question about a good token that say so, but not as they must; and the word for it in
/// the log.
fn bad_replies(fake: &FakeAuthorizationServer) -> Vec<(&'static str, Reply, &'static str)> {
    let good = || response(fake, active(fake), json!({}));
    let changed = |changes: Value| reply(jwt(&response(fake, active(fake), changes)));
    let header = |changes: Value| reply(KEY.token_with(&changes, &good()));
    let payload = good().to_string();
    let by_shared_secret = compact(
        &json!({"alg": "HS256", "typ": TYPE, "kid": "key"}).to_string(),
        &payload,
        |message| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY.public_der());
            hmac::sign(&key, message).as_ref().to_vec()
        },
    );
    let unsigned = compact(
        &json!({"alg": "none", "typ": TYPE}).to_string(),
        &payload,
        |_| Vec::new(),
    );
    let parts: Vec<String> = jwt(&good()).split('.').map(str::to_owned).collect();
    let other = response(fake, altered(fake, json!({"sub": "mallory"})), json!({}));
    let exchanged = BASE64_URL_SAFE_NO_PAD.encode(other.to_string());
    let exchanged = format!("{}.{exchanged}.{}", parts[0], parts[2]);
    let mut outside = active(fake);
    outside["token_introspection"] = json!(ABSENT);
    let twice = payload.replacen('{', "{\"iss\":\"https://other.example\",", 1);
    let inner_twice = payload.replacen("\"active\":true", "\"active\":false,\"active\":true", 1);
    let raw = |payload: &str| {
        let header = json!({"alg": "ES256", "typ": TYPE, "kid": "key"}).to_string();
        reply(compact(&header, payload, |message| KEY.sign(message)))
    };
    vec![
        ("plain JSON", Reply::from(active(fake)), "Content-Type is"),
        (
            "plain JSON of another name",
            Reply::new(
                200,
                "application/token-introspection+json",
                active(fake).to_string(),
            ),
            "Content-Type is",
        ),
        (
            "plain JSON as a JWT",
            reply(active(fake).to_string()),
            "not a usable JWT",
        ),
        (
            "a JWT as JSON",
            Reply::new(200, "application/json", jwt(&good())),
            "Content-Type is",
        ),
        (
            "a JWT as a JWT",
            Reply::new(200, "application/jwt", jwt(&good())),
            "Content-Type is",
        ),
        ("an untyped body", Reply::status(200), "Content-Type is"),
        ("a page", Reply::html(), "Content-Type is"),
        ("nothing", reply(""), "not a usable JWT"),
        (
            "a line end",
            reply(format!("{}\n", jwt(&good()))),
            "not a usable JWT",
        ),
        ("bytes", reply([0xff, 0xfe]), "it is not text"),
        ("typ at+jwt", header(json!({})), "typ=at+jwt"),
        ("typ JWT", header(json!({"typ": "JWT"})), "typ=JWT"),
        ("no typ", header(json!({"typ": null})), "no typ"),
        (
            "extensions",
            header(json!({"typ": TYPE, "crit": ["x"]})),
            "crit",
        ),
        ("unsigned", reply(unsigned), "algorithm \"none\""),
        (
            "a shared secret",
            reply(by_shared_secret),
            "algorithm \"HS256\"",
        ),
        (
            "another's key",
            reply(OTHER.token_with(&json!({"typ": TYPE}), &good())),
            "its signature is wrong",
        ),
        ("another answer", reply(exchanged), "its signature is wrong"),
        (
            "encrypted",
            reply("e30.AAAA.AAAA.AAAA.AAAA"),
            "it is encrypted",
        ),
        (
            "another issuer",
            changed(json!({"iss": "https://other.example"})),
            "its issuer",
        ),
        (
            "a longer issuer",
            changed(json!({"iss": format!("{}/", fake.issuer())})),
            "its issuer",
        ),
        (
            "no issuer",
            changed(json!({"iss": ABSENT})),
            "its iss is missing",
        ),
        (
            "another client",
            changed(json!({"aud": "other"})),
            "it is for \"other\"",
        ),
        (
            "other clients",
            changed(json!({"aud": ["other", "mcp2"]})),
            "\"other mcp2\"",
        ),
        ("nobody", changed(json!({"aud": []})), "it is for \"\""),
        (
            "an empty name",
            changed(json!({"aud": ""})),
            "it is for \"\"",
        ),
        (
            "no audience",
            changed(json!({"aud": ABSENT})),
            "its aud is missing",
        ),
        (
            "an odd audience",
            changed(json!({"aud": ["mcp", 5]})),
            "its aud is missing",
        ),
        (
            "no time",
            changed(json!({"iat": ABSENT})),
            "its iat is missing",
        ),
        (
            "an odd time",
            changed(json!({"iat": "now"})),
            "its iat is missing",
        ),
        (
            "recorded before",
            changed(json!({"iat": unix_now() - 90})),
            "before it was asked for",
        ),
        (
            "of the future",
            changed(json!({"iat": unix_now() + 90})),
            "in the future",
        ),
        (
            "expired",
            changed(json!({"exp": unix_now() - 1})),
            "it has expired",
        ),
        (
            "no answer",
            changed(json!({"token_introspection": ABSENT})),
            "its token_introspection",
        ),
        (
            "an answer as text",
            changed(json!({"token_introspection": active(fake).to_string()})),
            "its token_introspection",
        ),
        (
            "the answer outside",
            changed(outside),
            "its token_introspection",
        ),
        ("a member twice", raw(&twice), "occurs twice"),
        ("a member twice inside", raw(&inner_twice), "occurs twice"),
    ]
}

#[tokio::test]
async fn rs_39_without_a_good_signature_it_is_the_authorization_server_that_failed() {
    let fake = FakeAuthorizationServer::start();
    let server = demanding(&fake).await;
    for (index, (case, bad, word)) in bad_replies(&fake).into_iter().enumerate() {
        let token = format!("t{index}");
        fake.answer_token(&token, bad);
        let retry_after = server.call(&token).await.assert_unavailable(case);
        assert_eq!(retry_after, 30, "{case}: somebody has to put it right");
        let bearer = BearerToken::parse(&token, 64).expect("a token");
        let told = match server.verifier.verify(&bearer).await {
            Err(VerifyError::AuthorizationServer(error)) => error.to_string(),
            other => panic!("{case}: {other:?}"),
        };
        assert!(told.contains(word), "{case}: {word:?} in {told}");
        // It is not remembered.
        let good = jwt(&response(&fake, active(&fake), json!({})));
        fake.answer_token(&token, reply(good));
        server.call(&token).await.assert_served(case);
    }
}

#[tokio::test]
async fn rs_39_a_new_key_is_fetched_and_an_unknown_one_blames_no_token() {
    let fake = FakeAuthorizationServer::start();
    let server = demanding(&fake).await;
    let new = SigningKey::new("ES256", "new");
    let good = response(&fake, active(&fake), json!({}));
    let by_new = new.token_with(&json!({"typ": TYPE}), &good);
    for token in ["a", "b", "c"] {
        fake.answer_token(token, reply(by_new.clone()));
    }
    server
        .call("a")
        .await
        .assert_unavailable("not published yet");
    fake.serve("/jwks", jwks(&[&KEY, &new]));
    server.call("a").await.assert_served("published");
    assert_eq!(fake.requests_at("/jwks").len(), 3);

    fake.serve("/jwks", Reply::status(500));
    let unknown = SigningKey::new("ES256", "unknown");
    fake.answer_token("d", reply(unknown.token_with(&json!({"typ": TYPE}), &good)));
    let retry_after = server.call("d").await.assert_unavailable("no keys");
    assert_eq!(retry_after, 5);
    server
        .call("b")
        .await
        .assert_served("with the keys at hand");
}

#[tokio::test]
async fn rs_60_without_keys_the_authorization_server_is_not_asked() {
    let fake = FakeAuthorizationServer::start();
    let answer = response(&fake, active(&fake), json!({}));
    fake.answer_token("t", reply(jwt(&answer)));
    let server = spawn_server(&fake, |setup| sign(&mut setup.introspection, &fake));
    server.call("t").await.assert_unavailable("no keys");
    assert!(server.verifier.readiness().is_err());
    assert_eq!(fake.introspection_count(), 0, "the token stays here");
    fake.serve("/jwks", jwks(&[&KEY]));
    server.verifier.ready().await;
    server.call("t").await.assert_served("with keys");
    assert_eq!(server.verifier.readiness(), Ok(()));
}

/// The keys are found in the issuer's metadata.
#[tokio::test]
async fn keys_are_those_of_the_metadata() {
    let fake = FakeAuthorizationServer::start();
    let mut metadata = fake.metadata();
    metadata["jwks_uri"] = json!(fake.url("/keys-of-metadata"));
    fake.serve("/.well-known/oauth-authorization-server", metadata);
    fake.serve("/keys-of-metadata", jwks(&[&KEY]));
    let server = spawn_server(&fake, |setup| {
        setup.introspection.endpoint = None;
        setup.introspection.signed = Some(SignedIntrospection::default());
    });
    server.verifier.ready().await;
    let answer = response(&fake, active(&fake), json!({}));
    fake.answer_token("t", reply(jwt(&answer)));
    server.call("t").await.assert_served("by the metadata");
    // By default only the client id names us.
    let to_resource = response(&fake, active(&fake), json!({"aud": RESOURCE}));
    fake.answer_token("u", reply(jwt(&to_resource)));
    server
        .call("u")
        .await
        .assert_unavailable("another audience");
}

/// RFC 9701 §8.1: an introspection response is no access token, whatever it says, and the reverse.
#[tokio::test]
async fn rs_48_an_introspection_response_is_no_token_and_a_token_is_no_response() {
    let fake = FakeAuthorizationServer::start();
    // A response with every claim that a token needs.
    let mut everything = jwt_claims(&fake, json!({}));
    everything["token_introspection"] = active(&fake);
    let token = jwt_claims(&fake, json!({}));
    for lenient in [false, true] {
        let verifier = jwt_verifier(&fake, &[&KEY], |config| {
            if lenient {
                config.accepted_types = vec!["at+jwt".to_owned(), "JWT".to_owned()];
                config.accept_untyped = true;
            }
        })
        .await;
        let server = spawn_server_with(&fake, verifier, |setup| {
            setup.resource.required_scopes = Scopes::none();
        });
        let good = server.call(&KEY.token(&token)).await;
        good.assert_served("an access token");
        for typ in [
            json!(TYPE),
            json!(format!("application/{TYPE}")),
            json!("JWT"),
            json!("at+jwt"),
            json!(null),
        ] {
            let response = KEY.token_with(&json!({"typ": typ}), &everything);
            let refused = server.call(&response).await;
            refused.assert_invalid_token(&format!("typ={typ}, lenient={lenient}"));
        }
        let typed = server
            .call(&KEY.token_with(&json!({"typ": TYPE}), &token))
            .await;
        typed.assert_invalid_token("the claims of a token, the type of a response");
    }

    let server = demanding(&fake).await;
    // As a token it is unknown to the authorization server, as any text is.
    let nothing = response(&fake, json!({"active": false}), json!({}));
    fake.answer_by_default(reply(jwt(&nothing)));
    let good = jwt(&response(&fake, active(&fake), json!({})));
    server.call(&good).await.assert_invalid_token("a response");
    // And if the authorization server answered with an access token of ours:
    let mut to_us = everything.clone();
    to_us["aud"] = json!(["mcp", RESOURCE]);
    fake.answer_token("t", reply(KEY.token(&to_us)));
    server.call("t").await.assert_unavailable("a token");
}

/// The time that counts is when we asked: a slow answer is not old.
#[tokio::test]
async fn a_slow_answer_is_not_an_old_one() {
    let fake = FakeAuthorizationServer::start();
    let server = demanding(&fake).await;
    let answer = response(&fake, active(&fake), json!({}));
    let slow = reply(jwt(&answer)).after(Duration::from_millis(300));
    fake.answer_token("t", slow);
    server.call("t").await.assert_served("slow");
}
