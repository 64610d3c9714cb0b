//! Opaque tokens verified at the userinfo endpoint.

use std::{sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, MetadataForm, Reply};
use rmcp_resource_server::{Scopes, TokenVerifier, UserinfoConfig, UserinfoVerifier};
use serde_json::{Value, json};

use crate::support::{
    RESOURCE, SCOPE, Setup, TestClock, TestServer, eventually, spawn_server_with,
};

/// A server that accepts whatever the userinfo endpoint knows, and the clock that both use.
fn spawn(
    fake: &FakeAuthorizationServer,
    adjust: impl FnOnce(&mut UserinfoConfig),
) -> (TestServer<UserinfoVerifier>, TestClock) {
    let clock = TestClock::new();
    let mut config = UserinfoConfig::new(fake.issuer().parse().expect("an issuer"));
    config.endpoint = Some(fake.url("/userinfo").parse().expect("a URL"));
    config.authorization_server.clock = Arc::new(clock.clone());
    config.authorization_server.timeout = Duration::from_secs(1);
    adjust(&mut config);
    let metrics = config.authorization_server.metrics.clone();
    let verifier = UserinfoVerifier::start(config).expect("it starts");
    let server = spawn_server_with(fake, verifier, |setup| {
        accept_unbound(setup);
        setup.resource.authorization_server.metrics = metrics;
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
    });
    (server, clock)
}

fn accept_unbound(setup: &mut Setup) {
    setup.resource.required_scopes = Scopes::none();
    setup.resource.accept_unbound_tokens = true;
}

fn alice() -> Value {
    json!({"sub": "auth0|7", "preferred_username": "alice", "text": "hello"})
}

fn fake_with(reply: impl Into<Reply>) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.serve("/userinfo", reply);
    fake
}

fn asked(fake: &FakeAuthorizationServer) -> usize {
    fake.requests_at("/userinfo").len()
}

#[tokio::test]
async fn the_endpoint_is_asked_with_the_token_and_says_who_it_is() {
    let fake = fake_with(alice());
    let (server, _clock) = spawn(&fake, |_| {});
    let answer = server.call("opaque~token/1==").await;
    answer.assert_served("known");
    let seen = answer.tool_result();
    assert_eq!(seen["subject"], "auth0|7");
    assert_eq!(seen["username"], "alice");
    assert_eq!(seen["issuer"], fake.issuer());
    assert_eq!(seen["audience"], json!([]));
    assert_eq!(seen["extra"][0], json!(["text", "hello"]));

    let requests = fake.requests();
    let [request] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("GET", "/userinfo")
    );
    assert_eq!(request.query, None);
    assert_eq!(
        request.header("authorization"),
        Some("Bearer opaque~token/1==")
    );
    assert_eq!(request.header("accept"), Some("application/json"));
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn unbound_tokens_need_the_consent_of_the_operator() {
    let fake = fake_with(alice());
    let (server, _clock) = spawn(&fake, |_| {});
    let strict = spawn_server_with(&fake, server.verifier.clone(), |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    strict.call("t").await.assert_invalid_token("no consent");
    server.call("t").await.assert_served("consent");
    let listed = spawn_server_with(&fake, server.verifier.clone(), |setup| {
        accept_unbound(setup);
        setup.resource.allowed_client_ids = vec!["client".to_owned()];
    });
    let answer = listed.call("t").await;
    answer.assert_invalid_token("nobody knows the client");
}

#[tokio::test]
async fn what_a_profile_says_of_audience_and_scopes_means_nothing() {
    let profile = json!({
        "sub": "mallory", "aud": RESOURCE, "scope": SCOPE, "scp": [SCOPE], "client_id": "trusted",
        "exp": 1, "iss": "https://other.example",
    });
    let fake = fake_with(profile);
    let (server, _clock) = spawn(&fake, |_| {});
    let seen = server.call("t").await.tool_result();
    assert_eq!(
        (&seen["audience"], &seen["scopes"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(seen["client_id"], json!(null));
    let strict = spawn_server_with(&fake, server.verifier.clone(), |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    strict.call("t").await.assert_invalid_token("no consent");
    let scoped = spawn_server_with(&fake, server.verifier.clone(), |setup| {
        setup.resource.accept_unbound_tokens = true;
    });
    scoped.call("t").await.assert_insufficient_scope("required");
}

#[tokio::test]
async fn a_bound_token_is_refused() {
    let fake = fake_with(json!({"sub": "alice", "cnf": {"jkt": "x"}}));
    let (server, _clock) = spawn(&fake, |_| {});
    server.call("t").await.assert_invalid_token("cnf");
}

#[tokio::test]
async fn an_answer_is_remembered_for_five_minutes() {
    let fake = fake_with(alice());
    let (server, clock) = spawn(&fake, |_| {});
    server.call("t").await.assert_served("fresh");
    clock.advance(Duration::from_millis(299_999));
    server.call("t").await.assert_served("remembered");
    assert_eq!(asked(&fake), 1);
    clock.advance(Duration::from_millis(1));
    server.call("t").await.assert_served("asked again");
    assert_eq!(asked(&fake), 2);
}

#[tokio::test]
async fn what_each_answer_means() {
    let refusal =
        |status, challenge: &str| Reply::status(status).with_header("WWW-Authenticate", challenge);
    let invalid = r#"Bearer error="invalid_token", error_description="x""#;
    let scope = r#"Bearer realm="x", error="insufficient_scope", scope="openid""#;
    for (case, reply, status, calls) in [
        ("401", Reply::status(401), 401, 1),
        ("401 with reason", refusal(401, invalid), 401, 1),
        ("400 invalid_token", refusal(400, invalid), 401, 1),
        ("403 without openid", refusal(403, scope), 401, 1),
        (
            "403 without openid, in the body",
            Reply::json(403, &json!({"error": "insufficient_scope"})),
            401,
            1,
        ),
        (
            "400, spelt differently",
            refusal(400, r#"bearer Realm=x , ERROR = "invalid\_token""#),
            401,
            1,
        ),
        (
            "403, in the second header",
            refusal(403, r#"Basic realm="error=\"invalid_token\"""#)
                .with_header("WWW-Authenticate", "Bearer error=invalid_token"),
            401,
            1,
        ),
        (
            "400 of another scheme",
            refusal(400, r#"Basic realm="x", error="invalid_token""#),
            503,
            1,
        ),
        ("403 of a firewall", Reply::status(403), 503, 1),
        ("400", Reply::status(400), 503, 1),
        ("404", Reply::status(404), 503, 1),
        ("429", Reply::status(429), 503, 1),
        ("500", Reply::status(500), 503, 1),
        ("503 twice", Reply::status(503), 503, 2),
        ("reset twice", Reply::reset(), 503, 2),
        (
            "redirect",
            Reply::redirect(307, "http://127.0.0.1:1/"),
            503,
            1,
        ),
        (
            "silence",
            Reply::status(200).after(Duration::from_secs(60)),
            503,
            1,
        ),
        ("html", Reply::html(), 503, 1),
        (
            "signed",
            Reply::new(200, "application/jwt", "e30.e30.AAAA"),
            503,
            1,
        ),
        ("too large", Reply::huge(70_000), 503, 1),
        ("no sub", Reply::from(json!({"name": "alice"})), 503, 1),
        ("empty sub", Reply::from(json!({"sub": ""})), 503, 1),
        (
            "sub twice",
            Reply::new(200, "application/json", r#"{"sub":"a","sub":"b"}"#),
            503,
            1,
        ),
    ] {
        let fake = fake_with(reply);
        let (server, _clock) = spawn(&fake, |_| {});
        let answer = server.call("t").await;
        assert_eq!(asked(&fake), calls, "{case}");
        if status == 401 {
            answer.assert_invalid_token(case);
        } else {
            answer.assert_unavailable(case);
        }
    }
}

#[tokio::test]
async fn an_inactive_token_is_remembered_and_a_failure_is_not() {
    let fake = fake_with(Reply::status(401));
    let (server, _clock) = spawn(&fake, |_| {});
    for _use in 0..3 {
        server.call("unknown").await.assert_invalid_token("unknown");
    }
    assert_eq!(asked(&fake), 1);
    fake.serve("/userinfo", Reply::status(500));
    server.call("t").await.assert_unavailable("failing");
    fake.serve("/userinfo", alice());
    server.call("t").await.assert_served("working");
}

#[tokio::test]
async fn rate_limit_holds_off_the_token_concerned_and_no_other() {
    let limited = Reply::status(429).with_header("Retry-After", "90");
    let fake = fake_with(limited);
    let (server, clock) = spawn(&fake, |_| {});
    assert_eq!(server.call("busy").await.assert_unavailable("limited"), 90);
    fake.serve("/userinfo", alice());
    clock.advance(Duration::from_secs(30));
    let left = server.call("busy").await.assert_unavailable("held off");
    assert_eq!((left, asked(&fake)), (60, 1));
    server.call("other").await.assert_served("another user");
    assert_eq!(asked(&fake), 2);
    clock.advance(Duration::from_secs(60));
    server.call("busy").await.assert_served("its time is over");
    assert_eq!(asked(&fake), 3);
}

#[tokio::test]
async fn the_circuit_opens_and_closes_as_for_introspection() {
    let fake = fake_with(Reply::status(503));
    let (server, _clock) = spawn(&fake, |_| {});
    let open = || server.metric("resource_server_circuit_open") > 0.5;
    let mut number = 0;
    while !open() {
        number += 1;
        assert!(number < 100, "the circuit opens some time");
        let answer = server.call(&format!("t{number}")).await;
        answer.assert_unavailable("failing");
    }
    fake.serve("/userinfo", alice());
    eventually("closed by a probe", async || !open()).await;
    server.call("t").await.assert_served("closed");
}

#[tokio::test]
async fn an_endpoint_that_moved_is_found_again() {
    let fake = fake_with(alice());
    let publish = |path: &str| {
        let mut document = fake.metadata();
        document["userinfo_endpoint"] = json!(fake.url(path));
        fake.serve_metadata(MetadataForm::OAuth, document);
    };
    publish("/userinfo");
    let (server, _clock) = spawn(&fake, |config| config.endpoint = None);
    server.verifier.ready().await;
    server.call("t0").await.assert_served("where it was");
    fake.unserve("/userinfo");
    fake.serve("/moved", alice());
    publish("/moved");
    server.call("t1").await.assert_served("where it is");
}

#[tokio::test]
async fn the_metadata_tells_where_the_endpoint_is() {
    let fake = fake_with(alice());
    let mut document = fake.metadata();
    document["userinfo_endpoint"] = json!(fake.url("/userinfo"));
    fake.serve_metadata(MetadataForm::OAuth, document);
    let (server, _clock) = spawn(&fake, |config| config.endpoint = None);
    server.verifier.ready().await;
    assert_eq!(server.verifier.readiness(), Ok(()));
    server.call("t").await.assert_served("found");
}
