//! Real client libraries that begin with nothing but the server's URL: they are refused, read the
//! metadata, register (or use a client registered before), let a person agree, call tools, refresh
//! an expired token, and come back with more scopes when a tool needs one.

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

/// Nothing listens there: the person tells the client where the browser was sent.
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

/// The whole way, once with registration and once with a client that the server knows.
async fn cold_start(client: Option<Client>, kind: Kind) {
    let Some(client) = client else {
        return;
    };
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let Some(authorization_server) = AuthorizationServer::start(kind, &url) else {
        return;
    };
    let server = protected(&authorization_server, port);
    for known in [None, Some(authorization_server.known_client())] {
        // One wait is enough for both to have seen an expired token.
        let wait = known.map_or(TOKEN_SECONDS + 1, |_| 0);
        let plan = json!({
            "url": url, "redirect_uri": REDIRECT_URI, "client_id": known, "wait": wait,
        });
        let seen = client::run(&client, &plan, || server.log()).await;
        it_went_as_it_should(&seen, &url, known);
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
        "--auth-required-scopes=oscal:read",
        "--auth-scope-validate=oscal:validate",
    ]
    .map(str::to_owned);
    let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", &secret)]);
    server.wait_for_log("authorization server found");
    server
}

fn it_went_as_it_should(seen: &Seen, url: &str, known: Option<&str>) {
    let [start, expired, more, after] = seen.phases.as_slice() else {
        panic!("{:?}", seen.phases);
    };
    let number = |phase: &Value, name: &str| phase[name].as_u64().expect("a number");
    for phase in &seen.phases {
        assert_eq!(phase["error"], false, "{phase}");
        match known {
            Some(id) => assert_eq!(phase["client_id"], id, "{phase}"),
            None => assert_eq!(phase["client_id"], start["client_id"], "{phase}"),
        }
    }
    for (phase, authorizations, validates) in
        [(start, 1, false), (expired, 1, false), (after, 2, true)]
    {
        assert_eq!(number(phase, "authorizations"), authorizations, "{phase}");
        let caller = &phase["content"]["caller"];
        assert_eq!(caller["kind"], "user", "{phase}");
        assert_eq!(caller["client_id"], phase["client_id"], "{phase}");
        let scopes = caller["scopes"].as_array().expect("scopes");
        assert!(scopes.contains(&json!("oscal:read")), "{phase}");
        assert_eq!(
            scopes.contains(&json!("oscal:validate")),
            validates,
            "{phase}"
        );
    }
    if known.is_none() {
        assert!(
            number(expired, "tokens") > number(start, "tokens"),
            "refreshed: {expired}"
        );
    }
    assert_eq!(number(more, "authorizations"), 2, "{more}");
    assert!(more["content"]["error_count"].is_u64(), "{more}");
    people_were_asked_for_the_right_thing(&seen.authorizations, url);
}

fn people_were_asked_for_the_right_thing(authorizations: &[Url], url: &str) {
    let [first, second] = authorizations else {
        panic!("{authorizations:?}");
    };
    for (authorization, validates) in [(first, false), (second, true)] {
        let value = |name| parameter(authorization, name).unwrap_or_default();
        assert_eq!(value("resource"), url, "{authorization}");
        assert_eq!(value("code_challenge_method"), "S256", "{authorization}");
        let scope = value("scope");
        let scopes: Vec<_> = scope.split(' ').collect();
        assert!(scopes.contains(&"oscal:read"), "{authorization}");
        assert_eq!(
            scopes.contains(&"oscal:validate"),
            validates,
            "{authorization}"
        );
    }
}
