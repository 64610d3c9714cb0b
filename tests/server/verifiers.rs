//! The verifiers that work without introspection: `jwt` and `userinfo`.

use std::sync::LazyLock;

use dev_authorization_server::{FakeAuthorizationServer, MetadataForm, Reply, SigningKey, jwks};
use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, Server, protected_by, run, stderr, stdout};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("RS256", "key"));

/// Metadata with the endpoint `member`, for this issuer.
fn serve_metadata(fake: &FakeAuthorizationServer, issuer: &str, member: &str, url: &str) {
    let metadata = json!({"issuer": issuer, member: url});
    fake.serve_metadata(MetadataForm::OpenIdInserted, metadata);
    fake.serve_metadata(MetadataForm::OAuth, Reply::status(404));
}

fn server(issuer: &str, more: &[&str]) -> Server {
    let flags: Vec<_> = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
        &format!("--auth-issuer-url={issuer}"),
        &format!("--auth-resource-server-url={RESOURCE}"),
    ]
    .iter()
    .chain(more)
    .map(|&flag| flag.to_owned())
    .collect();
    let server = Server::start(&flags, &[]);
    server.wait_for_log("authorization server found");
    server
}

/// A server that verifies signatures made with [`KEY`].
fn jwt_server(fake: &FakeAuthorizationServer, issuer: &str, more: &[&str]) -> Server {
    fake.serve("/jwks", jwks(&[&KEY]));
    serve_metadata(fake, issuer, "jwks_uri", &fake.url("/jwks"));
    server(issuer, &[&["--auth-verifier=jwt"], more].concat())
}

async fn call(server: &Server, token: &str) -> Response {
    let request = server.call("about", &json!({})).bearer_auth(token);
    request.send().await.expect("an answer")
}

/// The claims that every token here has.
fn claims(issuer: &str, more: Value) -> Value {
    let mut claims = json!({"iss": issuer, "sub": "alice", "exp": 4_102_444_800_u64});
    for (name, value) in more.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn jwts_are_verified_without_asking_anybody() {
    let fake = FakeAuthorizationServer::start();
    let issuer = fake.issuer();
    let server = jwt_server(&fake, issuer, &["--auth-required-scopes=oscal:read"]);
    let good = json!({"aud": RESOURCE, "client_id": "agent", "scope": "oscal:read"});
    let good = claims(issuer, good);
    let about = server.about(&KEY.token(&good)).await;
    assert_eq!(about["caller"]["subject"], "alice");
    assert_eq!(about["caller"]["client_id"], "agent");

    let changed = |name: &str, value: &str| {
        let mut claims = good.clone();
        claims[name] = json!(value);
        KEY.token(&claims)
    };
    let stranger = SigningKey::new("RS256", "key");
    for (token, status) in [
        (KEY.token_with(&json!({"typ": "JWT"}), &good), 401),
        (stranger.token(&good), 401),
        (changed("aud", "https://other.example"), 401),
        (changed("iss", "https://other.example"), 401),
        (changed("scope", "openid"), 403),
        ("opaque".to_owned(), 401),
    ] {
        assert_eq!(
            call(&server, &token).await.status(),
            status,
            "{}",
            server.log()
        );
    }
    assert_eq!(fake.introspection_count(), 0);

    fake.stop().await;
    let fresh = changed("jti", "another");
    assert_eq!(
        call(&server, &fresh).await.status(),
        200,
        "the keys are at hand"
    );
}

/// Introspection answers are signed with [`KEY`] (RFC 9701), and made for our resource.
#[tokio::test]
async fn rs_39_with_signed_introspection_only_signed_answers_count() {
    let fake = FakeAuthorizationServer::start();
    let mut metadata = fake.metadata();
    metadata["jwks_uri"] = json!(fake.url("/jwks"));
    fake.serve_metadata(MetadataForm::OAuth, metadata);
    fake.serve("/jwks", jwks(&[&KEY]));
    let mut flags = protected_by(fake.issuer());
    flags.push("--auth-introspection-signed".to_owned());
    let server = Server::start(&flags, &[SECRET]);
    // The endpoint and the keys are looked for at the same time.
    let ready = async || {
        server
            .get("/readyz")
            .send()
            .await
            .expect("an answer")
            .status()
            == 200
    };
    while !ready().await {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let claims = fake.active_claims(RESOURCE, "");
    let response = json!({
        "iss": fake.issuer(), "aud": RESOURCE, "iat": claims["iat"],
        "token_introspection": claims,
    });
    let typ = json!({"typ": "token-introspection+jwt"});
    let kind = "application/token-introspection+jwt";
    let signed = Reply::new(200, kind, KEY.token_with(&typ, &response));
    let of_another = SigningKey::new("RS256", "key").token_with(&typ, &response);
    for (token, reply, status) in [
        ("signed", signed, 200),
        ("forged", Reply::new(200, kind, of_another), 503),
        ("plain", Reply::from(claims), 503),
    ] {
        fake.answer_token(token, reply);
        let answer = call(&server, token).await;
        assert_eq!(answer.status(), status, "{token}: {}", server.log());
    }
    server.wait_for_log("its signature is wrong");
}

/// The issuer ends with a slash, the type is JWT, `aud` is a list, and the client is in `azp`.
#[tokio::test]
async fn jwts_as_auth0_writes_them() {
    let fake = FakeAuthorizationServer::start();
    let issuer = format!("{}/", fake.issuer());
    let server = jwt_server(&fake, &issuer, &["--auth-jwt-types=JWT"]);
    let userinfo = format!("{issuer}userinfo");
    let claims = claims(
        &issuer,
        json!({"aud": [RESOURCE, userinfo], "azp": "agent", "scope": "openid oscal:read"}),
    );
    let token = KEY.token_with(&json!({"typ": "JWT"}), &claims);
    let about = server.about(&token).await;
    assert_eq!(about["caller"]["client_id"], "agent");
    assert_eq!(
        call(&server, &KEY.token(&claims)).await.status(),
        401,
        "at+jwt"
    );
}

/// No `aud` and no `typ`; `client_id` and `token_use` instead.
#[tokio::test]
async fn jwts_as_cognito_writes_them() {
    let fake = FakeAuthorizationServer::start();
    let issuer = fake.issuer();
    let untyped = json!({"typ": null});
    let access = json!({"client_id": "7k3o", "token_use": "access", "scope": "oscal:read"});
    let access = claims(issuer, access);
    let id = json!({"aud": "7k3o", "token_use": "id", "client_id": "7k3o"});
    let id = KEY.token_with(&untyped, &claims(issuer, id));
    let mut of_another = access.clone();
    of_another["client_id"] = json!("other");
    let of_another = KEY.token_with(&untyped, &of_another);
    let access = KEY.token_with(&untyped, &access);

    let flags = [
        "--auth-jwt-types=none",
        "--auth-allowed-client-ids=7k3o 9q2x",
    ];
    let server = jwt_server(&fake, issuer, &flags);
    let about = server.about(&access).await;
    assert_eq!(about["caller"]["client_id"], "7k3o");
    for (token, reason) in [(&id, "refused_kind"), (&of_another, "client_not_allowed")] {
        assert_eq!(call(&server, token).await.status(), 401);
        server.wait_for_log(reason);
    }
    let without_list = jwt_server(&fake, issuer, &["--auth-jwt-types=none"]);
    assert_eq!(call(&without_list, &access).await.status(), 401);
    without_list.wait_for_log("no_audience");
}

#[tokio::test]
async fn userinfo_knows_good_from_bad_from_down() {
    let fake = FakeAuthorizationServer::start();
    let issuer = fake.issuer();
    serve_metadata(&fake, issuer, "userinfo_endpoint", &fake.url("/userinfo"));
    let flags = ["--auth-verifier=userinfo", "--auth-accept-unbound-tokens"];
    let server = server(issuer, &flags);
    assert!(
        server
            .log()
            .contains("does not meet the audience rule of MCP")
    );

    fake.serve("/userinfo", json!({"sub": "auth0|7"}));
    assert_eq!(server.about("good").await["caller"]["subject"], "auth0|7");
    let sent = &fake.requests_at("/userinfo")[0];
    assert_eq!(sent.header("authorization"), Some("Bearer good"));
    fake.serve("/userinfo", Reply::status(401));
    assert_eq!(call(&server, "bad").await.status(), 401);
    fake.serve(
        "/userinfo",
        Reply::status(429).with_header("Retry-After", "7"),
    );
    let limited = call(&server, "limited").await;
    assert_eq!(limited.status(), 503);
    assert_eq!(limited.headers()["retry-after"], "7");
    fake.stop().await;
    assert_eq!(call(&server, "unknown").await.status(), 503);
    server.about("good").await;
    assert_eq!(fake.introspection_count(), 0);
}

#[test]
fn userinfo_refuses_what_it_cannot_know() {
    let flags = [
        "--transport=streamable-http",
        "--auth-issuer-url=https://as.example.com",
        "--auth-resource-server-url=https://mcp.example.com/mcp",
        "--auth-verifier=userinfo",
    ];
    let output = run(&flags, &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("--auth-accept-unbound-tokens"), "{text}");
    assert!(text.contains("does not say for whom"), "{text}");

    let unbound = ("OSCAL_AUTH_ACCEPT_UNBOUND_TOKENS", "true");
    for option in [
        "OSCAL_AUTH_REQUIRED_SCOPES",
        "OSCAL_AUTH_SCOPE_READ",
        "OSCAL_AUTH_SCOPE_VALIDATE",
        "OSCAL_AUTH_SCOPE_SENSITIVE",
    ] {
        let output = run(&flags, &[unbound, (option, "oscal:read")]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let text = stderr(&output);
        let named = format!("({option}): userinfo does not report a token's scopes");
        assert!(text.contains(&named), "{named} in:\n{text}");
        assert!(text.contains("has an error"), "nothing else:\n{text}");
    }
    let output = run(&[&flags[..], &["--print-config"]].concat(), &[unbound]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("# authorization: by userinfo"));
}
