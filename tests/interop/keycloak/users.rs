//! Users: the code flow with PKCE, for a known client and for one that registers itself.

use serde_json::{Value, json};

use super::{process::Keycloak, status};

const ALICE: (&str, &str) = ("alice", "wonderland");
const BOB: (&str, &str) = ("bob", "builder");

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_user_logs_in_and_has_the_scopes_of_the_users_roles() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    // Any port of a loopback address (RFC 8252 §7.3).
    for (user, redirect_uri, granted) in [
        (
            ALICE,
            "http://127.0.0.1:8931/callback",
            json!(["oscal:read"]),
        ),
        (
            BOB,
            "http://localhost:33418/",
            json!(["oscal:read", "oscal:sensitive"]),
        ),
    ] {
        let scope = "oscal:read oscal:sensitive";
        let tokens = realm
            .user_tokens("desktop", redirect_uri, scope, user)
            .await;
        let caller = server.about(&tokens.access).await["caller"].clone();
        assert_eq!(caller["kind"], "user", "{caller}");
        assert_eq!(caller["client_id"], "desktop", "{caller}");
        assert_eq!(caller["scopes"], granted, "{caller}");

        // A refresh token is not for us; it only gets another access token.
        assert_eq!(status(&server, &tokens.refresh).await, 401, "refresh token");
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &tokens.refresh),
        ];
        let refreshed = realm.as_desktop("token", &form).await;
        let refreshed: Value = refreshed.json().await.expect("JSON");
        let access = refreshed["access_token"].as_str().expect("a token");
        assert_ne!(access, tokens.access);
        assert_eq!(status(&server, access).await, 200);
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_client_on_loopback_registers_itself_and_its_user_consents() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = realm.protects(&[]);
    let redirect_uri = "http://localhost:8931/oauth/callback";
    let response = realm.register(redirect_uri).await;
    assert_eq!(response.status(), 201);
    let registered: Value = response.json().await.expect("JSON");
    let client = registered["client_id"].as_str().expect("an id");
    let tokens = realm
        .user_tokens(client, redirect_uri, "oscal:read", ALICE)
        .await;
    let caller = server.about(&tokens.access).await["caller"].clone();
    assert_eq!(caller["kind"], "user", "{caller}");
    assert_eq!(caller["client_id"], client, "{caller}");

    let elsewhere = realm.register("https://attacker.example/callback").await;
    assert_eq!(elsewhere.status(), 403);
}
