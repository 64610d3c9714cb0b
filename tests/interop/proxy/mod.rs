//! Behind Debian's nginx, with TLS: public URLs, event streams, client addresses, paths.

pub(crate) mod nginx;

use std::{net::IpAddr, time::Duration};

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{SECRET, Server};
use nginx::Nginx;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// A server whose public URL is `resource`, and its authorization server, which knows the token
/// `good`.
fn protected(resource: &str, more: &[&str]) -> (FakeAuthorizationServer, Server) {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(resource, ""));
    let mut flags = vec![
        "--transport=streamable-http".to_owned(),
        "--port=0".to_owned(),
        "--log-format=json".to_owned(),
        "--auth-client-id=mcp".to_owned(),
        format!("--auth-issuer-url={}", fake.issuer()),
        format!("--auth-resource-server-url={resource}"),
    ];
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    (fake, server)
}

/// The challenge and metadata that a client sees name `resource` and nothing else, and a token
/// gives access.
async fn is_found_at(nginx: &Nginx, resource: &str) {
    let path = resource
        .strip_prefix("https://mcp.example.com")
        .expect("the host");
    let http = nginx.client(|builder| builder);
    let refused = nginx
        .about(&http, path)
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "http")
        .send()
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"]
        .to_str()
        .expect("ASCII");
    assert_eq!(
        challenge,
        format!("Bearer resource_metadata=\"https://mcp.example.com{WELL_KNOWN}{path}\"")
    );
    for place in [format!("{WELL_KNOWN}{path}"), WELL_KNOWN.to_owned()] {
        let answer = http.get(nginx.url(&place)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{place}");
        let metadata: Value = answer.json().await.expect("JSON");
        assert_eq!(metadata["resource"], resource, "{place}");
    }
    let served = nginx.about(&http, path).bearer_auth("good").send().await;
    let served = served.expect("an answer");
    assert_eq!(served.status(), 200);
    let id = served.headers()["x-request-id"].to_str().expect("ASCII");
    assert_eq!(id.len(), 32, "the id is nginx's: {id}");
    let answer: Value = served.json().await.expect("JSON");
    assert_eq!(
        answer["result"]["structuredContent"]["caller"]["subject"],
        "alice"
    );
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn challenge_and_metadata_carry_the_public_url() {
    let resource = "https://mcp.example.com/mcp";
    let (_fake, server) = protected(resource, &[]);
    let Some(nginx) = Nginx::start(server.address(), &[]) else {
        return;
    };
    is_found_at(&nginx, resource).await;

    let http = nginx.client(|builder| builder);
    // The proxy lets documents pass. The server refuses anything else of that size.
    for (tool, member, status) in [
        ("validate_document", "content", 200),
        ("search", "query", 413),
    ] {
        let large = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                           "params": {"name": tool, "arguments": {member: "x".repeat(3 << 20)}}});
        let request = nginx.about(&http, "/mcp").bearer_auth("good").json(&large);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "3 MB for {tool}");
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_path_prefix_is_stripped_by_the_proxy_or_served_by_us() {
    let resource = "https://mcp.example.com/oscal/mcp";
    let stripping = (
        "location /mcp {\n        proxy_pass http://oscal_mcp_server;",
        "location /oscal/mcp {\n        proxy_pass http://oscal_mcp_server/mcp;",
    );
    let passing = ("location /mcp {", "location /oscal/mcp {");
    for (flags, change) in [
        (&[] as &[&str], stripping),
        (&["--path=/oscal/mcp"], passing),
    ] {
        let (_fake, server) = protected(resource, flags);
        let Some(nginx) = Nginx::start(server.address(), &[change]) else {
            return;
        };
        is_found_at(&nginx, resource).await;
    }
}

/// Opens a stream that stays open, and returns its first event, or `None` if none arrives within
/// `patience`.
async fn first_event(
    nginx: &Nginx,
    http: &Client,
    path: &str,
    patience: Duration,
) -> Option<String> {
    let listen = json!({"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": {
        "notifications": {"resourcesListChanged": true},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let request = nginx
        .about(http, path)
        .bearer_auth("good")
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "subscriptions/listen")
        .json(&listen);
    let read = async {
        let mut response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["cache-control"],
            "no-cache, no-transform"
        );
        let mut read = String::new();
        while !read.contains("acknowledged") {
            let chunk = response.chunk().await.expect("it reads");
            read += &String::from_utf8_lossy(&chunk.expect("the stream stays open"));
        }
        let rest = timeout(Duration::from_millis(300), response.chunk()).await;
        assert!(rest.is_err(), "the stream stays open: {rest:?}");
        read
    };
    timeout(patience, read).await.ok()
}

/// The second location shows that the proxy would hold the event back if we did not forbid it.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn an_event_passes_at_once_while_its_stream_stays_open() {
    let documents = tempfile::tempdir().expect("a temporary directory");
    let documents = format!("--documents-dir={}", documents.path().display());
    let (_fake, server) = protected("https://mcp.example.com/mcp", &[&documents]);
    let deaf = (
        "location /mcp {",
        "location /deaf {\n        proxy_ignore_headers X-Accel-Buffering;\n        \
         proxy_pass http://oscal_mcp_server/mcp;\n    }\n    location /mcp {",
    );
    let Some(nginx) = Nginx::start(server.address(), &[deaf]) else {
        return;
    };
    let http = nginx.client(|builder| builder);
    let event = first_event(&nginx, &http, "/mcp", Duration::from_secs(15)).await;
    assert!(event.expect("an event").contains("resourcesListChanged"));
    let held = first_event(&nginx, &http, "/deaf", Duration::from_secs(3)).await;
    assert_eq!(held, None, "buffered");
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_clients_address_is_taken_from_trusted_proxies_only() {
    let peer: IpAddr = "127.0.0.2".parse().expect("an address");
    for (flags, client) in [
        (&["--trusted-proxies=127.0.0.1"] as &[&str], "127.0.0.2"),
        (&["--trusted-proxies=10.0.0.0/8"], "127.0.0.1"),
        (&[], "127.0.0.1"),
    ] {
        let mut flags = flags.to_vec();
        flags.push("--log-level=debug");
        let (_fake, server) = protected("https://mcp.example.com/mcp", &flags);
        let Some(nginx) = Nginx::start(server.address(), &[]) else {
            return;
        };
        let http = nginx.client(|builder| builder.local_address(peer));
        let request = nginx.about(&http, "/mcp").bearer_auth("good");
        let response = request.header("X-Forwarded-For", "8.8.8.8").send().await;
        assert_eq!(response.expect("an answer").status(), 200);
        let log = server.wait_for_log("request answered");
        let line = log.lines().find(|line| line.contains("request answered"));
        let line: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
        assert_eq!(line["client"], client, "{flags:?}");
    }
}
