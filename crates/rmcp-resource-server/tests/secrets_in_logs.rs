//! No log line, answer or metric contains a token or a secret, even at the most verbose log level.
//! In its own binary because it captures what the whole process logs.

#[expect(
    dead_code,
    unused_imports,
    reason = "each test binary uses its part of the support"
)]
mod support;

use std::{sync::LazyLock, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer, Reply};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rmcp_resource_server::{
    ClientCredentials, Secret, SessionKey, SignedIntrospection, Source, UserinfoConfig,
    UserinfoVerifier,
};
use serde_json::json;
use support::{
    Logs, Session, SigningKey, TestServer, altered, jwks, jwt_claims, jwt_verifier, spawn_server,
    spawn_server_with,
};
use tracing::Level;
use tracing_subscriber::util::SubscriberInitExt;
use url::form_urlencoded::byte_serialize;

/// The web framework under the server.
const FRAMEWORK: support::Framework = support::Framework::Actix;

/// Everything that this process logs.
static LOGS: LazyLock<Logs> = LazyLock::new(|| {
    let logs = Logs::default();
    logs.receiver(Level::TRACE).init();
    logs
});

const CLIENT_ID: &str = "http://127.0.0.1/mcp";
const SECRET: &str = "sEcReT:%+ é/value, which may also sign";

/// Signs assertions.
static KEY: LazyLock<String> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    pair.serialize_pem()
});

/// Every form in which `secret` might appear.
fn forms(secret: &str) -> Vec<String> {
    let encoded: String = byte_serialize(secret.as_bytes()).collect();
    let percent = encoded.replace('+', "%20");
    let bytes = format!("{:?}", secret.as_bytes());
    let mut forms = vec![
        secret.to_owned(),
        secret.escape_debug().to_string(),
        secret.escape_default().to_string(),
        BASE64_STANDARD.encode(secret),
        encoded.to_ascii_lowercase(),
        percent,
        bytes.trim_matches(['[', ']']).to_owned(),
        encoded,
    ];
    forms.retain(|form| !form.is_empty());
    forms
}

/// The base64 text in `Authorization: Basic`, for encoded and for raw credentials.
fn basic_headers() -> [String; 2] {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    [
        BASE64_STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(SECRET))),
        BASE64_STANDARD.encode(format!("{CLIENT_ID}:{SECRET}")),
    ]
}

fn token(case: &str) -> String {
    format!("tOkEn-{case}+with/special~characters==")
}

/// What the fake answers for each token, and the status of our answer.
fn cases(fake: &FakeAuthorizationServer) -> Vec<(&'static str, Option<Reply>, u16)> {
    let with = |changes| Some(Reply::from(altered(fake, changes)));
    vec![
        ("good", with(json!({})), 200),
        ("echoed", with(json!({"jwt": token("echoed")})), 200),
        ("unknown", None, 401),
        ("audience", with(json!({"aud": "other"})), 401),
        ("scope", with(json!({"scope": "other"})), 403),
        ("html", Some(Reply::html()), 503),
        ("cut", Some(Reply::huge(10).truncated()), 503),
        (
            "bad-request",
            Some(Reply::json(400, &json!({"error": token("bad-request")}))),
            503,
        ),
        (
            "silent",
            Some(Reply::status(200).after(Duration::from_secs(60))),
            503,
        ),
        (
            "away",
            Some(Reply::redirect(307, "http://127.0.0.1:1/")),
            503,
        ),
    ]
}

fn credentials() -> [ClientCredentials; 5] {
    let id = || Source::Value(Secret::from(CLIENT_ID));
    let secret = || Source::Value(Secret::from(SECRET));
    [
        ClientCredentials::secret_basic(CLIENT_ID, SECRET),
        ClientCredentials::SecretBasicRaw {
            id: Source::Value(CLIENT_ID.replace(':', "").into()),
            secret: secret(),
        },
        ClientCredentials::SecretPost {
            id: id(),
            secret: secret(),
        },
        ClientCredentials::SecretJwt {
            id: id(),
            secret: secret(),
        },
        ClientCredentials::PrivateKeyJwt {
            id: id(),
            key: Source::Value(KEY.as_str().into()),
            key_id: None,
        },
    ]
}

#[tokio::test]
async fn rs_32_no_token_or_secret_in_logs_errors_or_metrics() {
    LazyLock::force(&LOGS);
    let mut seen = String::new();
    let mut tokens = Vec::new();
    for credentials in credentials() {
        seen += &format!("{credentials:?}");
        let fake = FakeAuthorizationServer::start();
        let server = spawn_server(&fake, |setup| {
            setup.introspection.endpoint = None;
            setup.introspection.credentials = credentials;
            setup.introspection.authorization_server.timeout = Duration::from_millis(300);
            setup.introspection.cache.ttl = Duration::ZERO;
        });
        server.verifier.ready().await;
        provoke(&fake, &server, &mut seen, &mut tokens).await;
        seen += &server.metrics_text();
        let asked = fake.introspections();
        tokens.extend(
            asked
                .iter()
                .filter_map(|a| a.form_value("client_assertion")),
        );
    }
    let logs = LOGS.text();
    for logged in ["rmcp_resource_server", "request refused", "hyper", "actix"] {
        assert!(logs.contains(logged), "{logged} is captured");
    }
    let mut needles = forms(SECRET);
    needles.extend(basic_headers());
    needles.extend(KEY.lines().map(str::to_owned));
    needles.extend(tokens.iter().flat_map(|token| forms(token)));
    assert_absent(&needles, &seen);
}

/// Fails if one of `needles` is in the logs or in what else was `seen`.
fn assert_absent(needles: &[String], seen: &str) {
    let logs = LOGS.text();
    for needle in needles {
        for (place, text) in [("logs", logs.as_str()), ("answers or metrics", seen)] {
            let lines = text.lines().filter(|line| line.contains(needle));
            let lines: Vec<_> = lines.collect();
            assert!(lines.is_empty(), "{needle:?} in {place}: {lines:#?}");
        }
    }
}

#[tokio::test]
async fn rs_32_no_token_in_logs_errors_or_metrics_of_the_userinfo_verifier() {
    LazyLock::force(&LOGS);
    let fake = FakeAuthorizationServer::start();
    let mut config = UserinfoConfig::new(fake.issuer().parse().expect("an issuer"));
    config.endpoint = Some(fake.url("/userinfo").parse().expect("a URL"));
    let verifier = UserinfoVerifier::start(config).expect("it starts");
    let server = spawn_server_with(&fake, verifier, |_| {});
    let mut seen = String::new();
    let mut needles = Vec::new();
    for (case, reply, status) in [
        ("scopeless", Reply::from(json!({"sub": "alice"})), 401),
        ("inactive", Reply::status(401), 401),
        (
            "echoed",
            Reply::json(403, &json!({"error": token("userinfo-echoed")})),
            503,
        ),
        ("failed", Reply::status(500), 503),
        ("html", Reply::html(), 503),
        ("reset", Reply::reset(), 503),
    ] {
        fake.serve("/userinfo", reply);
        let token = token(&format!("userinfo-{case}"));
        let answer = server.call(&token).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        seen += &format!("{answer:?}\n");
        needles.extend(forms(&token));
    }
    assert_absent(&needles, &(seen + &server.metrics_text()));
}

#[tokio::test]
async fn rs_32_no_token_in_logs_errors_or_metrics_of_the_jwt_verifier() {
    LazyLock::force(&LOGS);
    let fake = FakeAuthorizationServer::start();
    let key = SigningKey::new("ES256", "key");
    let verifier = jwt_verifier(&fake, &[&key], |_| {}).await;
    let server = spawn_server_with(&fake, verifier, |_| {});
    let claims = |changes| jwt_claims(&fake, changes);
    let stranger = SigningKey::new("ES256", "key");
    let mut seen = String::new();
    let mut needles = Vec::new();
    for (token, status) in [
        (key.token(&claims(json!({}))), 200),
        (key.token(&claims(json!({"aud": "other"}))), 401),
        (key.token(&claims(json!({"scope": "other"}))), 403),
        (key.token(&claims(json!({"exp": "soon"}))), 401),
        (stranger.token(&claims(json!({}))), 401),
        (
            key.token_with(&json!({"kid": "x"}), &claims(json!({}))),
            401,
        ),
        (
            key.token_with(&json!({"alg": "none"}), &claims(json!({}))),
            401,
        ),
        (
            key.token_with(&json!({"typ": "JWT"}), &claims(json!({}))),
            401,
        ),
    ] {
        let answer = server.call(&token).await;
        assert_eq!(answer.status, status, "{answer:?}");
        seen += &format!("{answer:?}\n");
        // A whole token can be replayed; its payload and its signature do not belong in a log
        // either.
        needles.extend(token.split('.').skip(1).map(str::to_owned));
    }
    assert_absent(&needles, &(seen + &server.metrics_text()));
}

#[tokio::test]
async fn rs_32_no_token_or_signed_answer_in_logs_errors_or_metrics() {
    LazyLock::force(&LOGS);
    let fake = FakeAuthorizationServer::start();
    let (key, stranger) = (
        SigningKey::new("ES256", "key"),
        SigningKey::new("ES256", "key"),
    );
    fake.serve("/jwks", jwks(&[&key]));
    let server = spawn_server(&fake, |setup| {
        let mut signed = SignedIntrospection::default();
        signed.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
        setup.introspection.signed = Some(signed);
    });
    server.verifier.ready().await;
    let claims = altered(&fake, json!({}));
    let mut answer = json!({
        "iss": fake.issuer(), "aud": CLIENT_ID, "iat": claims["iat"],
        "token_introspection": claims,
    });
    let typ = json!({"typ": "token-introspection+jwt"});
    let for_others = key.token_with(&typ, &answer);
    answer["aud"] = json!("mcp");
    let mut seen = String::new();
    let mut needles = Vec::new();
    for (case, signed, status) in [
        ("good", key.token_with(&typ, &answer), 200),
        ("for-others", for_others, 503),
        ("untyped", key.token(&answer), 503),
        ("forged", stranger.token_with(&typ, &answer), 503),
        ("cut", "e30.e30".to_owned(), 503),
    ] {
        let token = token(&format!("signed-{case}"));
        let kind = "application/token-introspection+jwt";
        fake.answer_token(&token, Reply::new(200, kind, signed.clone()));
        let response = server.call(&token).await;
        assert_eq!(response.status, status, "{case}: {response:?}");
        seen += &format!("{response:?}\n");
        needles.extend(forms(&token));
        let parts = signed.split('.').skip(1).filter(|part| part.len() > 8);
        needles.extend(parts.map(str::to_owned));
    }
    assert_absent(&needles, &(seen + &server.metrics_text()));
}

/// Makes everything happen that can happen to a token.
async fn provoke(
    fake: &FakeAuthorizationServer,
    server: &TestServer,
    seen: &mut String,
    tokens: &mut Vec<String>,
) {
    for (case, reply, status) in cases(fake) {
        let token = token(case);
        if let Some(reply) = reply {
            fake.answer_token(&token, reply);
        }
        let answer = server.call(&token).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        *seen += &format!("{answer:?}\n");
        tokens.push(token);
    }
    let good = token("good");
    let query = format!("/mcp?access_token={}", token("in-the-url"));
    let malformed = format!("Bearer {{{}}}", token("malformed"));
    for (request, status) in [
        (server.request_to(&query), 401),
        (server.request_to(&query).bearer_auth(&good), 400),
        (server.request().header("Authorization", malformed), 401),
        (server.request().bearer_auth(format!("{good} {good}")), 400),
    ] {
        let answer = server.send(request).await;
        assert_eq!(answer.status, status);
        *seen += &format!("{answer:?}\n");
    }
    tokens.push(token("malformed"));

    let with_sessions = spawn_server(fake, |setup| {
        setup.verifier = Some(server.verifier.clone());
        setup.stateful = true;
        setup.resource.session_key = SessionKey::random();
        setup.resource.stream_recheck = Duration::from_millis(50);
    });
    let session = Session::open(&with_sessions, &good).await;
    let mut stream = session.stream(&good).await;
    fake.forget_token(&good);
    while stream.chunk().await.expect("a clean end").is_some() {}

    fake.require_client(ExpectedClient::basic("somebody", "else"));
    let refused = server.call(&token("refused")).await;
    refused.assert_unavailable("our credentials");
    *seen += &format!("{refused:?}\n");
    tokens.push(token("refused"));
    fake.stop().await;
    let unreachable = server.call(&token("unreachable")).await;
    unreachable.assert_unavailable("stopped");
    *seen += &format!("{unreachable:?}\n");
    tokens.push(token("unreachable"));
    // Last, because the server is then left alone for a while.
    fake.restart();
    fake.answer_next(Reply::status(429));
    let limited = server.call(&token("limited")).await;
    limited.assert_unavailable("limited");
    *seen += &format!("{limited:?}\n");
    tokens.push(token("limited"));
}
