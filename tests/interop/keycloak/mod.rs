//! Keycloak, with the realm of `examples/keycloak`: the setup that operators are told to use is the
//! one tested here.

mod dpop;
mod login;
mod logout;
mod outage;
mod process;
mod realm;
mod revocation;
mod tokens;
mod users;

use std::time::{Duration, Instant};

use serde_json::json;

pub(crate) use self::process::Keycloak;
use crate::support::Server;

/// The MCP server's URL in `realm.json`, where it is the client id and the audience of tokens.
pub(crate) const RESOURCE: &str = "http://127.0.0.1:8000/mcp";

/// The status of a tool call.
async fn status(server: &Server, token: &str) -> u16 {
    let request = server.call("about", &json!({})).bearer_auth(token);
    request.send().await.expect("an answer").status().as_u16()
}

/// Calls a tool until the status is `wanted`: the server trusts its cache for a while.
async fn becomes(server: &Server, token: &str, wanted: u16) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = status(server, token).await;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{found}\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
