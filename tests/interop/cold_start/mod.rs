//! Real client libraries that start with nothing but the server's URL: they are refused, read the
//! metadata, register (or use an existing client), let a person agree, call tools, refresh an
//! expired token, and come back with more scopes when a tool needs one.

mod authorization_server;
mod client;

use serde_json::{Value, json};
use url::Url;

use self::{
    authorization_server::{AuthorizationServer, Kind, TOKEN_SECONDS},
    client::{Client, Seen, python, typescript},
};
use crate::{
    person::parameter,
    support::{Server, free_port},
};

/// Nothing listens there: the person tells the client where the browser was redirected.
const REDIRECT_URI: &str = "http://127.0.0.1:8931/callback";

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn python_sdk_with_the_development_server() {
    cold_start(python(), Kind::Development).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn python_sdk_with_oidc_provider() {
    cold_start(python(), Kind::OidcProvider).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_1_with_the_development_server() {
    cold_start(typescript("v1"), Kind::Development).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_1_with_oidc_provider() {
    cold_start(typescript("v1"), Kind::OidcProvider).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_2_with_the_development_server() {
    cold_start(typescript("v2"), Kind::Development).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_2_with_oidc_provider() {
    cold_start(typescript("v2"), Kind::OidcProvider).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn python_sdk_with_keycloak() {
    cold_start(python(), Kind::Keycloak).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_1_with_keycloak() {
    cold_start(typescript("v1"), Kind::Keycloak).await;
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk_2_with_keycloak() {
    cold_start(typescript("v2"), Kind::Keycloak).await;
}

/// The whole flow, once with registration and once with a client that the server knows.
async fn cold_start(client: Option<Client>, kind: Kind) {
    let Some(client) = client else {
        return;
    };
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let Some(authorization_server) = AuthorizationServer::start(kind, &url).await else {
        return;
    };
    let server = protected(&authorization_server, port);
    for known in [None, Some(authorization_server.known_client())] {
        let expires = authorization_server.expires(known.is_some());
        let steps_up = authorization_server.steps_up(known.is_some());
        let plan = json!({
            "url": url, "redirect_uri": REDIRECT_URI, "client_id": known, "step_up": steps_up,
            "wait": if expires { TOKEN_SECONDS + 1 } else { 0 },
        });
        let seen = client::run(&client, &plan, || server.log()).await;
        of_one_client(&seen, known);
        it_began_with_one_scope(&seen, &url, expires);
        if steps_up {
            it_got_another_scope(&seen, &url);
        }
    }
}

fn protected(authorization_server: &AuthorizationServer, port: u16) -> Server {
    let (id, secret) = authorization_server.credentials();
    let flags = [
        "--transport=streamable-http",
        &format!("--port={port}"),
        "--log-format=json",
        "--log-level=debug",
        &format!("--auth-client-id={id}"),
        &format!("--auth-issuer-url={}", authorization_server.issuer()),
        &format!("--auth-resource-server-url=http://127.0.0.1:{port}/mcp"),
        // Keycloak is slow at first.
        "--auth-timeout=15s",
        "--auth-required-scopes=oscal:read",
        "--auth-scope-validate=oscal:validate",
    ]
    .map(str::to_owned);
    let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", secret)]);
    server.wait_for_log("authorization server found");
    server
}

fn of_one_client(seen: &Seen, known: Option<&str>) {
    let first = &seen.phases[0]["client_id"];
    for phase in &seen.phases {
        assert_eq!(phase["error"], false, "{phase}");
        assert_eq!(&phase["client_id"], first, "{phase}");
    }
    if let Some(id) = known {
        assert_eq!(first, id);
    }
}

fn it_began_with_one_scope(seen: &Seen, url: &str, expires: bool) {
    let [start, expired] = [0, 1].map(|index| &seen.phases[index]);
    for phase in [start, expired] {
        assert_eq!(phase["authorizations"], 1, "{phase}");
        the_caller_has(phase, &["oscal:read"]);
    }
    if expires {
        let [before, after] = [start, expired].map(|phase| phase["tokens"].as_u64());
        assert!(after > before, "not refreshed: {expired}");
    }
    the_person_was_asked_for(&seen.authorizations[0], url, &["oscal:read"]);
}

fn it_got_another_scope(seen: &Seen, url: &str) {
    let [_, _, more, after] = seen.phases.as_slice() else {
        panic!("{:?}", seen.phases);
    };
    let both = ["oscal:read", "oscal:validate"];
    assert!(more["content"]["error_count"].is_u64(), "{more}");
    assert_eq!(after["authorizations"], 2, "{after}");
    the_caller_has(after, &both);
    assert_eq!(seen.authorizations.len(), 2);
    the_person_was_asked_for(&seen.authorizations[1], url, &both);
}

fn the_caller_has(phase: &Value, expected: &[&str]) {
    let caller = &phase["content"]["caller"];
    assert_eq!(caller["kind"], "user", "{phase}");
    assert_eq!(caller["client_id"], phase["client_id"], "{phase}");
    let scopes = caller["scopes"].as_array().expect("scopes").iter();
    let scopes: Vec<_> = scopes.filter_map(Value::as_str).collect();
    assert_eq!(without_offline_access(&scopes), expected, "{phase}");
}

fn the_person_was_asked_for(authorization: &Url, url: &str, expected: &[&str]) {
    let value = |name| parameter(authorization, name).unwrap_or_default();
    assert_eq!(value("resource"), url, "{authorization}");
    assert_eq!(value("code_challenge_method"), "S256", "{authorization}");
    let scope = value("scope");
    let scopes: Vec<_> = scope.split(' ').collect();
    assert_eq!(without_offline_access(&scopes), expected, "{authorization}");
}

/// Clients also ask for that scope if the authorization server offers it.
fn without_offline_access<'a>(scopes: &[&'a str]) -> Vec<&'a str> {
    let rest = scopes.iter().filter(|scope| **scope != "offline_access");
    let mut rest: Vec<_> = rest.copied().collect();
    rest.sort_unstable();
    rest
}
