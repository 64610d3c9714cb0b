//! Tokens of programs: of every form, for others, short-lived. Also our own credentials.

use std::fs;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::Method;
use serde_json::{Value, json};

use super::{RESOURCE, becomes, process::Keycloak, status};

/// The claims in the token itself.
pub(super) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("Base64");
    serde_json::from_slice(&payload).expect("JSON")
}

/// Whether the token itself names this audience. It may name others too: the client tests protect
/// other URLs in the same realm.
fn is_for(token: &str, audience: &str) -> bool {
    match &claims(token)["aud"] {
        Value::Array(all) => all.iter().any(|one| one == audience),
        one => one == audience,
    }
}

/// A mapper that adds an audience.
pub(super) fn audience(name: &str, audience: &str) -> Value {
    json!({
        "name": name, "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": audience,
            "access.token.claim": "true", "introspection.token.claim": "true",
        },
    })
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn lightweight_and_full_tokens_of_programs_are_accepted() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    for (client, names_audience) in [("machine", false), ("machine-full", true)] {
        let token = realm.machine_token(client, "oscal:read").await;
        assert_eq!(is_for(&token, RESOURCE), names_audience, "{client}");
        let caller = server.about(&token).await["caller"].clone();
        assert_eq!(caller["client_id"], client, "{caller}");
        assert_eq!(caller["scopes"], json!(["oscal:read"]), "{caller}");
    }
    let token = realm.machine_token("machine", "oscal:read").await;
    let request = server.call("get_control", &json!({"control": "RS-45"}));
    let answer = request.bearer_auth(token).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    let control = &answer["result"]["structuredContent"];
    assert_eq!(control["label"], "RS-45", "{answer}");
}

/// A lightweight token names no audience, so only introspection can tell whom it is for.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn without_introspection_only_full_tokens_are_accepted() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&["--auth-verifier=jwt", "--auth-jwt-types=JWT"]);
    let full = realm.machine_token("machine-full", "oscal:read").await;
    becomes(&server, &full, 200).await;
    let lightweight = realm.machine_token("machine", "oscal:read").await;
    assert_eq!(status(&server, &lightweight).await, 401);
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn tokens_for_others_and_garbage_are_refused() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let other = "https://other.example/api";
    let mappers =
        json!({"protocolMappers": [audience("other", other)], "optionalClientScopes": []});
    realm.add_machine("machine-other", mappers).await;
    let mappers = json!({"protocolMappers": [audience("other", other)]});
    realm.add_machine("machine-both", mappers).await;

    let server = realm.protects(&[]);
    let both = realm.machine_token("machine-both", "oscal:read").await;
    assert!(is_for(&both, RESOURCE) && is_for(&both, other));
    assert_eq!(status(&server, &both).await, 200, "ours is one of several");

    let foreign = realm.machine_token("machine-other", "").await;
    assert_eq!(claims(&foreign)["aud"], other);
    let unbound = realm.machine_token("machine-full", "").await;
    assert_eq!(claims(&unbound)["aud"], Value::Null);
    let forged = format!("{}AAAA", &both[..both.len() - 4]);
    for (token, case) in [
        (foreign, "another audience"),
        (unbound, "no audience"),
        (forged, "another signature"),
        ("garbage".to_owned(), "garbage"),
    ] {
        assert_eq!(status(&server, &token).await, 401, "{case}");
    }
    let validate = realm.machine_token("machine-full", "oscal:validate").await;
    assert_eq!(status(&server, &validate).await, 403, "another scope");
}

/// The server's client in Keycloak has a public key instead of a secret.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn an_assertion_by_a_private_key_authenticates_us() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let (x, y) = key.public_key_raw()[1..].split_at(32);
    let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "key-1", "use": "sig",
                     "alg": "ES256"});
    let jwks = json!({"keys": [jwk]}).to_string();
    let introspector = json!({
        "clientId": "key-introspector", "clientAuthenticatorType": "client-jwt",
        "serviceAccountsEnabled": true, "standardFlowEnabled": false,
        "attributes": {"use.jwks.string": "true", "jwks.string": jwks},
    });
    realm.admin(Method::POST, "/clients", &introspector).await;
    let mappers = json!({"protocolMappers": [audience("introspector", "key-introspector")]});
    realm.add_machine("machine-key", mappers).await;
    let token = realm.machine_token("machine-key", "oscal:read").await;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key.pem");
    let flags = [
        "--auth-client-auth-method=private_key_jwt",
        "--auth-client-key-id=key-1",
        &format!("--auth-client-key-file={}", file.display()),
    ];
    let another = KeyPair::generate().expect("a key");
    for (key, expected) in [(&key, 200), (&another, 503)] {
        fs::write(&file, key.serialize_pem()).expect("writable");
        let server = realm.protects_client("key-introspector", "", &flags);
        assert_eq!(status(&server, &token).await, expected);
    }
}

/// The server's client in Keycloak signs its assertions with its secret.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn an_assertion_by_the_secret_authenticates_us() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let secret = "introspector-secret-0123456789-0123456789";
    let introspector = json!({
        "clientId": "secret-introspector", "clientAuthenticatorType": "client-secret-jwt",
        "secret": secret, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
    });
    realm.admin(Method::POST, "/clients", &introspector).await;
    let mappers = json!({"protocolMappers": [audience("introspector", "secret-introspector")]});
    realm.add_machine("machine-secret", mappers).await;
    let token = realm.machine_token("machine-secret", "oscal:read").await;
    let method = "--auth-client-auth-method=client_secret_jwt";
    for (secret, expected) in [(secret, 200), (&secret[1..], 503)] {
        let server = realm.protects_client("secret-introspector", secret, &[method]);
        assert_eq!(status(&server, &token).await, expected);
    }
}

/// Keycloak answers in JSON to whoever asks for signed answers (RFC 9701). No such answer counts.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn with_signed_introspection_its_plain_answers_do_not_count() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&["--auth-introspection-signed"]);
    let token = realm.machine_token("machine-full", "oscal:read").await;
    becomes(&server, &token, 503).await;
    server.wait_for_log("not application/token-introspection+jwt");
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn an_expired_token_is_refused() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let lifespan = json!({"attributes": {"access.token.lifespan": "6"}});
    realm.add_machine("machine-short", lifespan).await;
    let server = realm.protects(&[]);
    // Warms up, so that the first call of the expiring token is not slow.
    let token = realm.machine_token("machine", "oscal:read").await;
    assert_eq!(status(&server, &token).await, 200);

    let token = realm.machine_token("machine-short", "oscal:read").await;
    assert_eq!(status(&server, &token).await, 200);
    becomes(&server, &token, 401).await;
}

/// Since 26.4.12, 26.6.2 and 26.7.0 (CVE-2026-37979), every client that is not in `aud` is told
/// that the token is inactive. A server with such a client therefore refuses good tokens.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_stranger_is_told_nothing_and_wrong_credentials_are_our_failure() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    realm.add_machine("stranger", json!({})).await;
    let token = realm.machine_token("machine-full", "oscal:read").await;
    let public = json!({
        "clientId": "public-introspector", "publicClient": true, "secret": "unused",
    });
    realm.admin(Method::POST, "/clients", &public).await;
    for (client, secret, method, expected, logged) in [
        ("stranger", "stranger-secret", "basic", 401, "inactive"),
        (RESOURCE, "mcp-server-secret", "post", 200, "listening"),
        (RESOURCE, "wrong", "basic", 503, "credentials_refused"),
        (RESOURCE, "wrong", "post", 503, "credentials_refused"),
        ("nobody", "wrong", "basic", 503, "credentials_refused"),
        (
            "public-introspector",
            "unused",
            "basic",
            503,
            "credentials_refused",
        ),
    ] {
        let method = format!("--auth-client-auth-method=client_secret_{method}");
        let server = realm.protects_client(client, secret, &[&method]);
        let request = server.call("about", &json!({})).bearer_auth(&token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), expected, "{client} {secret} {method}");
        let unavailable = expected == 503;
        let headers = response.headers();
        assert_eq!(headers.contains_key("retry-after"), unavailable);
        assert_eq!(headers.contains_key("www-authenticate"), expected == 401);
        server.wait_for_log(logged);
    }
}
