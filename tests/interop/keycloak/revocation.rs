//! Whatever invalidates a token in Keycloak takes effect here once the cache entry expires.

use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::{Value, json};

use super::{becomes, process::Keycloak, realm::Realm, status};
use crate::support::Server;

const REDIRECT_URI: &str = "http://127.0.0.1:8931/callback";

async fn access_and_refresh_token(realm: &Realm, server: &Server, user: &str) -> (String, String) {
    let user = (user, "secret");
    let tokens = realm
        .user_tokens("desktop", REDIRECT_URI, "oscal:read", user)
        .await;
    assert_eq!(status(server, &tokens.access).await, 200);
    (tokens.access, tokens.refresh)
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_end_of_a_session_and_a_revoked_token_are_felt() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    let id = realm.add_user("carol").await;

    let (token, refresh) = access_and_refresh_token(&realm, &server, "carol").await;
    let form = [("refresh_token", refresh.as_str())];
    let response = realm.as_desktop("logout", &form).await;
    assert_eq!(response.status(), 204, "logout by the client");
    becomes(&server, &token, 401).await;

    let (token, _) = access_and_refresh_token(&realm, &server, "carol").await;
    realm
        .admin(Method::POST, &format!("/users/{id}/logout"), &json!({}))
        .await;
    becomes(&server, &token, 401).await;

    let (token, _) = access_and_refresh_token(&realm, &server, "carol").await;
    let response = realm.as_desktop("revoke", &[("token", &token)]).await;
    assert_eq!(response.status(), 200, "RFC 7009");
    becomes(&server, &token, 401).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_disabled_user_or_client_is_felt() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    let disabled = json!({"enabled": false});

    let user = realm.add_user("dave").await;
    let (token, _) = access_and_refresh_token(&realm, &server, "dave").await;
    realm
        .admin(Method::PUT, &format!("/users/{user}"), &disabled)
        .await;
    becomes(&server, &token, 401).await;

    let client = realm.add_machine("machine-disabled", json!({})).await;
    let token = realm.machine_token("machine-disabled", "oscal:read").await;
    assert_eq!(status(&server, &token).await, 200);
    realm
        .admin(Method::PUT, &format!("/clients/{client}"), &disabled)
        .await;
    becomes(&server, &token, 401).await;
}

/// Keycloak revokes everything issued before a given time: for one client, and for the whole realm.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_pushed_not_before_is_felt() {
    let Some(keycloak) = Keycloak::alone().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    let client = realm.add_machine("machine-void", json!({})).await;
    for (issuer_of_tokens, path) in [
        ("machine-void", format!("/clients/{client}")),
        ("machine", String::new()),
    ] {
        let token = realm.machine_token(issuer_of_tokens, "oscal:read").await;
        assert_eq!(status(&server, &token).await, 200);
        let not_before = json!({"notBefore": next_second().await});
        realm.admin(Method::PUT, &path, &not_before).await;
        let push = format!("{path}/push-revocation");
        realm.admin(Method::POST, &push, &Value::Null).await;
        becomes(&server, &token, 401).await;

        let token = realm.machine_token(issuer_of_tokens, "oscal:read").await;
        assert_eq!(status(&server, &token).await, 200, "a new token");
    }
}

/// The time in seconds, once it is later than that of any token.
async fn next_second() -> u64 {
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let now = SystemTime::UNIX_EPOCH.elapsed();
    now.expect("after 1970").as_secs()
}
