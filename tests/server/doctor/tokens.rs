//! What the doctor says about single tokens.

use std::{sync::LazyLock, time::SystemTime};

use dev_authorization_server::{
    ExpectedClient, FakeAuthorizationServer, Reply, SigningKey, compact, jwks,
};
use serde_json::{Value, json};

use super::{assert_failed, assert_fix, check, examine, names, serve_metadata};
use crate::support::{RESOURCE, SECRET};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("RS256", "key"));

#[expect(
    clippy::disallowed_methods,
    reason = "the binary's clock is the real one"
)]
fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.expect("after 1970").as_secs()
}

/// Acceptable claims with these changes; `null` removes one.
fn claims(fake: &FakeAuthorizationServer, changes: &Value) -> Value {
    let mut claims = fake.active_claims(RESOURCE, "mcp:tools");
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    let members = claims.as_object_mut().expect("an object");
    members.retain(|_, value| !value.is_null());
    claims
}

#[test]
fn every_policy_check_of_an_active_token_is_listed() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good-token", claims(&fake, &json!({})));
    let scopes = ["--auth-required-scopes=mcp:tools"];
    let (status, report) = examine(fake.issuer(), &scopes, Some("good-token"));
    assert_eq!(status, 0, "{report:#}");
    let of_token: Vec<_> = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["about"] == "token")
        .map(|check| (check["check"].as_str(), check["outcome"].as_str()))
        .collect();
    let wanted = [
        "active",
        "kind",
        "cnf",
        "iss",
        "exp",
        "nbf",
        "aud",
        "principal",
        "scope",
    ];
    assert_eq!(of_token, wanted.map(|name| (Some(name), Some("passed"))));
    assert_eq!(check(&report, "aud")["found"], format!("[{RESOURCE:?}]"));
    assert_eq!(check(&report, "scope")["found"], "\"mcp:tools\"");
}

#[test]
fn each_policy_check_names_its_fix() {
    let fake = FakeAuthorizationServer::start();
    let other_host = fake.issuer().replace("127.0.0.1", "localhost");
    for (changes, failed, words) in [
        (json!({"exp": now() - 5}), "exp", "fresh token"),
        (json!({"nbf": now() + 900}), "nbf", "clocks"),
        (
            json!({"iss": other_host}),
            "iss",
            "Set --auth-issuer-url to \"http://localhost",
        ),
        (
            json!({"iss": "https://as.example/realms/x"}),
            "iss",
            "realm or tenant",
        ),
        (
            json!({"iss": format!("{}/", fake.issuer())}),
            "iss",
            "only the trailing slash",
        ),
        (json!({"aud": "account"}), "aud", "audience mapper"),
        (json!({"aud": null}), "aud", "--auth-allowed-client-ids"),
        (
            json!({"aud": format!("{RESOURCE}/")}),
            "aud",
            "Only the trailing slash",
        ),
        (json!({"aud": "api://mcp"}), "aud", "--auth-audience"),
        (json!({"token_type": "DPoP"}), "cnf", "DPoP"),
        (json!({"cnf": {"jkt": "x"}}), "cnf", "certificate-bound"),
        (
            json!({"cnf": {"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}}),
            "cnf",
            "--auth-client-certificate-header",
        ),
        (
            json!({"token_use": "refresh_token"}),
            "kind",
            "refresh token",
        ),
        (
            json!({"scope": "openid"}),
            "scope",
            "--auth-required-scopes",
        ),
    ] {
        fake.answer_token("some-token", claims(&fake, &changes));
        let scopes = ["--auth-required-scopes=mcp:tools"];
        let (status, report) = examine(fake.issuer(), &scopes, Some("some-token"));
        assert_eq!(status, 1, "{changes}");
        assert_failed(&report, failed, words);
    }
}

#[test]
fn a_token_bound_to_a_certificate_is_good_where_certificates_are_known() {
    const THUMBPRINT: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
    let fake = FakeAuthorizationServer::start();
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    let cnf = json!({"x5t#S256": THUMBPRINT});
    fake.answer_token("some-token", claims(&fake, &json!({"cnf": cnf})));
    let flags = [
        "--auth-client-certificate-header=Client-Cert",
        "--trusted-proxies=192.0.2.1",
        "--auth-required-scopes=mcp:tools",
    ];
    let (status, report) = examine(fake.issuer(), &flags, Some("some-token"));
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), ["certificates"]);
    assert_fix(&report, "certificates", "bearer tokens here as before");
    let bound = check(&report, "cnf");
    assert_eq!(bound["outcome"], "passed");
    let found = format!("bound to the client certificate {THUMBPRINT} (mutual TLS), by cnf");
    assert_eq!(bound["found"], found);

    let member = "tls_client_certificate_bound_access_tokens";
    serve_metadata(&fake, member, json!("true"));
    let (status, report) = examine(fake.issuer(), &flags, None);
    assert_eq!((status, names(&report, "warning").len()), (0, 1));
    serve_metadata(&fake, member, json!(true));
    let (status, report) = examine(fake.issuer(), &flags, Some("some-token"));
    assert_eq!((status, names(&report, "warning").len()), (0, 0));
    let certificates = check(&report, "certificates")["found"].as_str();
    let found = certificates.expect("a text");
    assert!(
        found.ends_with("read from the header client-cert"),
        "{found}"
    );

    let unreadable = json!({"x5t#S256": THUMBPRINT, "jkt": "x"});
    fake.answer_token("some-token", claims(&fake, &json!({"cnf": unreadable})));
    let (_, report) = examine(fake.issuer(), &flags, Some("some-token"));
    assert_failed(&report, "cnf", "--auth-dpop=allowed");
}

#[test]
fn a_client_id_list_is_a_check_of_its_own() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("some-token", claims(&fake, &json!({"aud": null})));
    let (status, report) = examine(
        fake.issuer(),
        &["--auth-allowed-client-ids=client"],
        Some("some-token"),
    );
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(check(&report, "client_id")["outcome"], "passed");
    let others = ["--auth-allowed-client-ids=a,b"];
    let (_, report) = examine(fake.issuer(), &others, Some("some-token"));
    assert_failed(&report, "client_id", "--auth-allowed-client-ids");
    assert_eq!(check(&report, "aud")["outcome"], "skipped");
}

#[test]
fn an_inactive_token_is_told_from_refused_credentials_and_may_say_why() {
    let fake = FakeAuthorizationServer::start();
    fake.require_client(ExpectedClient::basic("mcp", SECRET.1));
    let jwt = |changes: &Value| {
        let payload = claims(&fake, changes).to_string();
        compact(r#"{"alg":"RS256","typ":"JWT"}"#, &payload, |_| vec![7; 256])
    };
    for (token, words) in [
        ("opaque-token".to_owned(), "revoked"),
        ("head.pay1oad.s1gn".to_owned(), "revoked"),
        (jwt(&json!({})), "audience mapper for \"mcp\""),
        (
            jwt(&json!({"aud": ["account", RESOURCE]})),
            "Keycloak since 26.4.12",
        ),
        (jwt(&json!({"aud": [RESOURCE, "mcp"]})), "revoked"),
        (jwt(&json!({"exp": now() - 5})), "has expired"),
        (jwt(&json!({"iss": "http://keycloak:8080"})), "--hostname"),
    ] {
        let (status, report) = examine(fake.issuer(), &[], Some(&token));
        assert_eq!(status, 1);
        assert_failed(&report, "active", words);
        assert_eq!(check(&report, "credentials")["outcome"], "passed");
        assert_eq!(check(&report, "policy")["outcome"], "skipped");
    }
    let unsupported = json!({"error": "unsupported_token_type"});
    fake.answer_token("some-token", Reply::json(400, &unsupported));
    let (_, report) = examine(fake.issuer(), &[], Some("some-token"));
    assert_failed(&report, "active", "--auth-verifier jwt");
}

#[test]
fn what_is_no_token_is_not_sent() {
    let fake = FakeAuthorizationServer::start();
    for text in [
        "Bearer abc-def",
        "\"abc-def\"",
        "{\"access_token\": \"abc-def\"}",
    ] {
        let (status, report) = examine(fake.issuer(), &[], Some(text));
        assert_eq!(status, 1);
        assert_failed(&report, "form", "nothing but the token's text");
    }
    let asked = fake.introspections();
    assert!(asked.iter().all(|request| {
        let token = request.form_value("token").expect("a token");
        !token.contains("abc-def")
    }));
}

/// A fake that publishes these keys.
fn publishing(keys: &Value) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.serve("/jwks", keys.clone());
    fake
}

fn examine_jwt(fake: &FakeAuthorizationServer, token: Option<&str>) -> (i32, Value) {
    let keys = format!("--auth-jwks-url={}", fake.url("/jwks"));
    examine(fake.issuer(), &["--auth-verifier=jwt", &keys], token)
}

#[test]
fn jwts_are_explained_by_form_signature_and_claims() {
    let fake = publishing(&jwks(&[&KEY]));
    let stranger = SigningKey::new("RS256", "key");
    let unpublished = SigningKey::new("RS256", "new");
    let good = claims(&fake, &json!({"token_type": null, "active": null}));
    let (status, report) = examine_jwt(&fake, Some(&KEY.token(&good)));
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(report["verifier"], "jwt");
    let of_token = &names(&report, "passed")[5..];
    let wanted = [
        "jwt",
        "signature",
        "claims",
        "kind",
        "cnf",
        "iss",
        "exp",
        "nbf",
        "aud",
        "principal",
        "scope",
    ];
    assert_eq!(of_token, wanted);

    let changed = |changes: &Value| {
        let mut claims = good.clone();
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        KEY.token(&claims)
    };
    for (token, failed, words) in [
        ("opaque-token".to_owned(), "jwt", "good for userinfo only"),
        (
            "eyJhbGciOiJkaXIifQ..aaaaa.bbbbb.ccccc".to_owned(),
            "jwt",
            "good for userinfo only",
        ),
        (
            KEY.token_with(&json!({"typ": "JWT"}), &good),
            "jwt",
            "\"JWT\" to --auth-jwt-types",
        ),
        (
            KEY.token_with(&json!({"typ": null}), &good),
            "jwt",
            "\"none\" to --auth-jwt-types",
        ),
        (
            KEY.token_with(&json!({"alg": "HS256"}), &good),
            "jwt",
            "not HS256",
        ),
        (unpublished.token(&good), "signature", "not published"),
        (stranger.token(&good), "signature", "fresh one"),
        (changed(&json!({"exp": null})), "claims", "exp"),
        (changed(&json!({"at_hash": "x"})), "kind", "ID token"),
        (
            changed(&json!({"aud": "https://other.example"})),
            "aud",
            "resource parameter",
        ),
    ] {
        let (status, report) = examine_jwt(&fake, Some(&token));
        assert_eq!(status, 1);
        assert_failed(&report, failed, words);
    }
}

#[test]
fn keys_must_be_there_and_usable() {
    for (keys, words) in [
        (Reply::status(404), "--auth-jwks-url"),
        (Reply::html(), "--auth-jwks-url"),
        (json!({"keys": []}).into(), "sign access tokens with"),
        (
            jwks(&[&SigningKey::new("ES384", "key")]).into(),
            "sign access tokens with",
        ),
    ] {
        let fake = FakeAuthorizationServer::start();
        fake.serve("/jwks", keys);
        let (status, report) = examine_jwt(&fake, None);
        assert_eq!(status, 1);
        assert_failed(&report, "keys", words);
    }
}

#[test]
fn userinfo_is_asked_and_its_weakness_told() {
    let fake = FakeAuthorizationServer::start();
    let endpoint = format!("--auth-userinfo-url={}", fake.url("/userinfo"));
    let flags = [
        "--auth-verifier=userinfo",
        "--auth-accept-unbound-tokens",
        &endpoint,
    ];
    fake.serve("/userinfo", Reply::status(401));
    let (status, report) = examine(fake.issuer(), &flags, None);
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(names(&report, "warning"), ["audience"]);
    let words = check(&report, "audience")["fix"].as_str().expect("a fix");
    assert!(words.contains("audience rule of MCP"), "{words}");
    let (_, report) = examine(fake.issuer(), &flags, Some("bad-token"));
    assert_failed(&report, "active", "revoked");

    for (reply, words) in [
        (
            Reply::from(json!({"sub": "whoever"})),
            "does not check tokens",
        ),
        (Reply::status(404), "--auth-userinfo-url"),
        (Reply::status(429), "limits the rate"),
    ] {
        fake.serve("/userinfo", reply);
        let (status, report) = examine(fake.issuer(), &flags, Some("some-token"));
        assert_eq!(status, 1);
        assert_failed(&report, "userinfo", words);
    }
}
