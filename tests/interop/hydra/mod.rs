//! Ory Hydra: opaque tokens, introspection on the admin port without client authentication, and
//! refresh tokens that introspect as active bearer tokens.

mod process;

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::{environment, support::Server};
use process::Hydra;

const RESOURCE: &str = "https://mcp.example.com/mcp";
const OTHER: &str = "https://other.example/api";

fn start() -> Option<Hydra> {
    Some(Hydra::start(environment::installed("hydra/hydra")?))
}

fn protected(hydra: &Hydra) -> Server {
    let flags = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
        "--auth-cache-ttl=1s",
        "--auth-client-auth-method=none",
        "--auth-client-id=mcp",
        "--auth-required-scopes=oscal:read",
        &format!("--auth-issuer-url={}", hydra.issuer()),
        &format!("--auth-introspection-url={}", hydra.introspection_url()),
        &format!("--auth-resource-server-url={RESOURCE}"),
    ];
    Server::start(&flags.map(str::to_owned), &[])
}

async fn status(server: &Server, token: &str) -> StatusCode {
    let request = server.call("about", &json!({})).bearer_auth(token);
    request.send().await.expect("an answer").status()
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn tokens_of_programs_are_good_for_their_audience_until_they_end() {
    let Some(mut hydra) = start() else { return };
    let server = protected(&hydra);
    let token = hydra.machine_token(RESOURCE).await;
    assert_eq!(status(&server, &token).await, 200);
    let about = server.about(&token).await;
    assert_eq!(about["caller"]["client_id"], "machine", "{about}");

    let foreign = hydra.machine_token(OTHER).await;
    assert_eq!(status(&server, &foreign).await, 401, "another audience");
    assert_eq!(status(&server, "ory_at_garbage").await, 401);

    hydra.revoke(&token).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(status(&server, &token).await, 401, "revoked");

    let short = hydra.machine_token(RESOURCE).await;
    assert_eq!(status(&server, &short).await, 200);
    tokio::time::sleep(process::LIFETIME + Duration::from_secs(1)).await;
    assert_eq!(status(&server, &short).await, 401, "expired");

    let token = hydra.machine_token(RESOURCE).await;
    hydra.stop();
    let request = server.call("about", &json!({})).bearer_auth(&token);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_users_token_is_good_and_the_refresh_token_beside_it_is_not() {
    let Some(hydra) = start() else { return };
    let server = protected(&hydra);
    let (access, refresh) = hydra.user_tokens(RESOURCE).await;
    let about = server.about(&access).await;
    assert_eq!(about["caller"]["subject"], "alice", "{about}");
    assert_eq!(status(&server, &refresh).await, 401, "a refresh token");
    server.wait_for_log("refused_kind");
}
