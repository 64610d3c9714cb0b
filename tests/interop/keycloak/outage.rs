//! Keycloak is restarted while clients call tools.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use super::{becomes, process::Keycloak, status};

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_restart_in_mid_traffic_costs_503_and_no_token() {
    let Some(mut keycloak) = Keycloak::alone().await else {
        return;
    };
    let realm = keycloak.realm();
    let server = Arc::new(realm.protects(&[]));
    let token = realm.machine_token("machine", "oscal:read").await;
    let user = realm
        .user_tokens(
            "desktop",
            "http://127.0.0.1:8931/callback",
            "oscal:read",
            ("alice", "wonderland"),
        )
        .await
        .access;
    assert_eq!(status(&server, &token).await, 200);
    assert_eq!(status(&server, &user).await, 200);

    let over = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (server, token, over) = (server.clone(), token.clone(), over.clone());
        async move {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                seen.push(status(&server, &token).await);
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            seen
        }
    });
    keycloak.stop();
    becomes(&server, &token, 503).await;
    let request = server.call("about", &json!({})).bearer_auth(&token);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(!response.headers().contains_key("www-authenticate"));

    keycloak.restart().await;
    becomes(&server, &token, 200).await;
    becomes(&server, &user, 200).await;
    over.store(true, Ordering::Relaxed);
    let seen = traffic.await.expect("no panic");
    assert!(
        seen.iter().all(|code| [200, 503].contains(code)),
        "{seen:?}"
    );
}
