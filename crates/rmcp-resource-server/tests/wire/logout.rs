//! OpenID Connect Back-Channel Logout.

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use dev_authorization_server::FakeAuthorizationServer;
use http::Response;
use rmcp_resource_server::{BackChannelLogout, BackChannelLogoutConfig};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{
    ABSENT, Setup, SigningKey, TestServer, altered, jwks, jwt_claims, jwt_verifier, spawn_server,
    spawn_server_with, unix_now,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("RS256", "key"));
static OTHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("RS256", "key"));

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token that is accepted, except for these changes.
fn logout_claims(fake: &FakeAuthorizationServer, changes: Value) -> Value {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut claims = json!({
        "iss": fake.issuer(), "aud": "app", "iat": unix_now(), "exp": unix_now() + 120,
        "jti": format!("logout-{number}"), "sub": "alice", "events": {EVENT: {}},
    });
    for (name, value) in changes.as_object().expect("an object") {
        match value == ABSENT {
            true => drop(claims.as_object_mut().expect("an object").remove(name)),
            false => claims[name] = value.clone(),
        }
    }
    claims
}

fn token(claims: &Value) -> String {
    KEY.token_with(&json!({"typ": "logout+jwt"}), claims)
}

async fn logout<V>(fake: &FakeAuthorizationServer, server: &TestServer<V>) -> BackChannelLogout {
    fake.serve("/jwks", jwks(&[&KEY]));
    let issuer = fake.issuer().parse().expect("an issuer");
    let mut config = BackChannelLogoutConfig::new(issuer, vec!["app".to_owned()]);
    config.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
    let logout = BackChannelLogout::start(config, server.resource_server.clone());
    let logout = logout.expect("it starts");
    logout.ready().await;
    logout
}

async fn send(logout: &BackChannelLogout, token: &str) -> Response<Bytes> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.append_pair("logout_token", token).finish();
    logout.receive(body.as_bytes(), None).await
}

fn before(fake: &FakeAuthorizationServer, more: Value) -> Value {
    let mut changes = json!({"iat": unix_now() - 60});
    for (name, value) in more.as_object().expect("an object") {
        changes[name] = value.clone();
    }
    altered(fake, changes)
}

#[tokio::test]
async fn rs_72_a_logout_revokes_the_tokens_of_its_user() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t", before(&fake, json!({})));
    let server = spawn_server(&fake, |_| {});
    let logout = logout(&fake, &server).await;
    server.call("t").await.assert_served("before");
    let answer = send(&logout, &token(&logout_claims(&fake, json!({})))).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    server.call("t").await.assert_invalid_token("logged out");
}

#[tokio::test]
async fn rs_72_a_logout_of_one_session_leaves_the_others() {
    let fake = FakeAuthorizationServer::start();
    for (token, session) in [("here", "s-1"), ("there", "s-2")] {
        fake.answer_token(token, before(&fake, json!({"sid": session})));
    }
    fake.answer_token("nowhere", before(&fake, json!({})));
    let server = spawn_server(&fake, |_| {});
    let logout = logout(&fake, &server).await;
    let claims = logout_claims(&fake, json!({"sid": "s-1"}));
    assert_eq!(send(&logout, &token(&claims)).await.status(), 200);
    server
        .call("here")
        .await
        .assert_invalid_token("its session");
    server.call("there").await.assert_served("another session");
    server
        .call("nowhere")
        .await
        .assert_invalid_token("perhaps of that session");
}

/// Keycloak says that a token is active until its logout token has been answered.
#[tokio::test]
async fn rs_72_a_token_issued_in_the_second_of_its_logout_is_not_asked_about() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let logout = logout(&fake, &server).await;
    let now = unix_now();
    let issued = |session: &str, at: u64| altered(&fake, json!({"sid": session, "iat": at}));
    fake.answer_token("ended", issued("s-1", now));
    fake.answer_token("again", issued("s-2", now));
    fake.answer_token("consented-again", issued("s-1", now + 1));
    for token in ["ended", "again"] {
        server.call(token).await.assert_served("before");
    }
    let claims = logout_claims(&fake, json!({"sid": "s-1", "iat": now}));
    assert_eq!(send(&logout, &token(&claims)).await.status(), 200);
    server
        .call("ended")
        .await
        .assert_invalid_token("although it is still active");
    let served = server.call("again").await;
    served.assert_served("a new session in the same second");
    let served = server.call("consented-again").await;
    served.assert_served("the same session, later");
}

#[tokio::test]
async fn rs_72_a_logout_revokes_jwts_until_they_expire() {
    let fake = FakeAuthorizationServer::start();
    let verifier = jwt_verifier(&fake, &[&KEY], |_| {}).await;
    let server = spawn_server_with(&fake, verifier, |_: &mut Setup| {});
    let logout = logout(&fake, &server).await;
    let issued = |at: u64| KEY.token(&jwt_claims(&fake, json!({"iat": at})));
    let (old, new) = (issued(unix_now() - 60), issued(unix_now() + 60));
    server.call(&old).await.assert_served("before");
    let claims = logout_claims(&fake, json!({}));
    assert_eq!(send(&logout, &token(&claims)).await.status(), 200);
    server.call(&old).await.assert_invalid_token("logged out");
    server.call(&old).await.assert_invalid_token("still");
    server.call(&new).await.assert_served("logged in again");
    // No token is a logout token, and the reverse.
    server
        .call(&token(&claims))
        .await
        .assert_invalid_token("a logout token");
    assert_eq!(send(&logout, &new).await.status(), 400);
}

#[tokio::test]
async fn rs_72_what_is_no_good_logout_token_revokes_nothing() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t", before(&fake, json!({})));
    let server = spawn_server(&fake, |_| {});
    let logout = logout(&fake, &server).await;
    let good = || logout_claims(&fake, json!({}));
    let altered = |changes: Value| token(&logout_claims(&fake, changes));
    for (case, token) in [
        ("nothing", String::new()),
        ("no JWT", "t".to_owned()),
        ("unsigned", {
            let signed = KEY.token_with(&json!({"alg": "none"}), &good());
            signed.rsplit_once('.').expect("parts").0.to_owned() + "."
        }),
        (
            "another's key",
            OTHER.token_with(&json!({"typ": "logout+jwt"}), &good()),
        ),
        ("an access token's type", KEY.token(&good())),
        (
            "another issuer",
            altered(json!({"iss": "https://other.example.com"})),
        ),
        ("another client", altered(json!({"aud": "other"}))),
        ("old", altered(json!({"iat": unix_now() - 600}))),
        ("of the future", altered(json!({"iat": unix_now() + 600}))),
        ("expired", altered(json!({"exp": unix_now() - 1}))),
        ("without jti", altered(json!({"jti": ABSENT}))),
        ("without event", altered(json!({"events": {}}))),
        ("with a nonce", altered(json!({"nonce": "n"}))),
        ("of nobody", altered(json!({"sub": ABSENT}))),
    ] {
        let answer = send(&logout, &token).await;
        assert_eq!(answer.status(), 400, "{case}");
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(
            !body.contains("other") && !body.contains("alice"),
            "{case}: {body}"
        );
    }
    assert_eq!(logout.receive(b"token=x", None).await.status(), 400);
    server.call("t").await.assert_served("nobody logged out");
}

#[tokio::test]
async fn rs_72_a_logout_token_counts_once() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let logout = logout(&fake, &server).await;
    let token = token(&logout_claims(&fake, json!({})));
    let (one, other) = tokio::join!(send(&logout, &token), send(&logout, &token));
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn rs_72_without_keys_a_logout_is_to_be_sent_again() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let issuer = fake.issuer().parse().expect("an issuer");
    let mut config = BackChannelLogoutConfig::new(issuer, vec!["app".to_owned()]);
    config.jwks_url = Some(fake.url("/nothing-there").parse().expect("a URL"));
    let logout = BackChannelLogout::start(config, server.resource_server.clone());
    let logout = logout.expect("it starts");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = send(&logout, &token(&logout_claims(&fake, json!({})))).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
}
