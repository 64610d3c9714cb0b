//! The protected resource metadata (RFC 9728).

use std::collections::BTreeSet;

use dev_authorization_server::{FakeAuthorizationServer, FakeConfig};
use reqwest::Method;
use rmcp_resource_server::{InvalidUrl, ResourceUrl, Scopes};
use serde_json::json;

use crate::support::{
    METADATA_URL, RESOURCE, TestServer, altered, fake_with_good_token, spawn_server,
};

const ROOT: &str = "/.well-known/oauth-protected-resource";
const INSERTED: &str = "/.well-known/oauth-protected-resource/mcp";

fn server_for(fake: &FakeAuthorizationServer, resource: &str) -> TestServer {
    spawn_server(fake, |setup| {
        setup.resource.resource = resource.parse().expect("a resource URL");
        setup.resource.audiences = vec![resource.to_owned()];
    })
}

#[tokio::test]
async fn rs_17_metadata_url_ignores_request_headers() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let port = server.address.port();
    let mut urls = BTreeSet::new();
    for (name, value) in [
        ("Host", format!("localhost:{port}")),
        ("Host", "evil.example".to_owned()),
        ("X-Forwarded-Host", "evil.example".to_owned()),
        ("X-Forwarded-Proto", "gopher".to_owned()),
        ("Forwarded", "host=evil.example;proto=http".to_owned()),
    ] {
        for token in [None, Some("unknown")] {
            let mut request = server.request().header(name, &value);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = server.send(request).await;
            assert_eq!(answer.status, 401, "{name}: {value}: {answer:?}");
            let url = answer
                .challenge()
                .get("resource_metadata")
                .map(str::to_owned);
            urls.insert(url.expect("resource_metadata"));
        }
    }
    assert_eq!(urls, BTreeSet::from([METADATA_URL.to_owned()]));
}

#[tokio::test]
async fn rs_18_metadata_at_both_well_known_urls() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let (root, inserted) = (server.get(ROOT).await, server.get(INSERTED).await);
    root.assert_served(ROOT);
    inserted.assert_served(INSERTED);
    assert_eq!(root.body, inserted.body);
    let refused = server.send(server.request()).await;
    let challenge = refused.challenge();
    let named = challenge.get("resource_metadata").expect("a URL");
    assert_eq!(named, format!("https://mcp.example.com{INSERTED}"));
    assert_eq!(fake.requests().len(), 0, "nothing is asked for it");
}

#[tokio::test]
async fn the_named_metadata_url_is_served_for_every_resource_path() {
    let fake = fake_with_good_token();
    let mut unserved = Vec::new();
    for resource in [
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com/a/b/c",
        "https://mcp.example.com/MCP",
        "https://mcp.example.com/a~b",
        "https://mcp.example.com/a/../mcp",
        "https://mcp.example.com/m%20cp",
        "https://mcp.example.com/m%63p",
        "https://mcp.example.com/m%2Fcp",
        "https://mcp.example.com/m%C3%A9cp",
        "https://mcp.example.com/{tenant}/mcp",
    ] {
        let server = server_for(&fake, resource);
        let refused = server.send(server.request()).await;
        let challenge = refused.challenge();
        let named = challenge.get("resource_metadata").expect("a URL");
        let path = named
            .strip_prefix("https://mcp.example.com")
            .expect("the same host");
        let metadata = server.get(path).await;
        if metadata.status != 200 || metadata.json()["resource"] != resource {
            unserved.push((resource, path.to_owned(), metadata.status));
        }
    }
    assert!(unserved.is_empty(), "{unserved:#?}");
}

#[tokio::test]
async fn rs_19_metadata_is_json_and_readable_cross_origin() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for path in [ROOT, INSERTED] {
        let from_page = server
            .http
            .get(server.url(path))
            .header("Origin", "https://app.example");
        let answer = server.send(from_page).await;
        answer.assert_served(path);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));

        let preflight = server
            .http
            .request(Method::OPTIONS, server.url(path))
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "mcp-protocol-version");
        let answer = server.send(preflight).await;
        assert!(matches!(answer.status, 200 | 204), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let methods = answer.header("access-control-allow-methods");
        assert!(methods.is_some_and(|methods| methods.contains("GET")));
        assert_eq!(answer.header("access-control-allow-headers"), Some("*"));
    }
}

#[tokio::test]
async fn rs_70_head_on_the_metadata() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for path in [ROOT, INSERTED] {
        let get = server.get(path).await;
        let head = server.send(server.http.head(server.url(path))).await;
        assert_eq!(head.status, 200, "{path}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(head.body, "");
    }
}

#[tokio::test]
async fn rs_20_resource_is_byte_for_byte_configured() {
    let fake = fake_with_good_token();
    for resource in [
        "https://mcp.example.com",
        "https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com:443/mcp",
        "https://MCP.example.com/Mcp",
        "https://mcp.example.com/m%63p/%7Ex",
        "HTTPS://mcp.example.com/mcp",
        "https://mcp.example.com/a/../mcp",
    ] {
        let server = server_for(&fake, resource);
        let metadata = server.get(ROOT).await;
        metadata.assert_served(resource);
        assert_eq!(metadata.json()["resource"], resource);
    }
}

#[test]
fn rs_21_resource_url_must_be_https_without_fragment_or_query() {
    for (text, expected) in [
        ("http://mcp.example/mcp", Err(InvalidUrl::Insecure)),
        ("https://mcp.example/mcp#x", Err(InvalidUrl::Fragment)),
        ("https://mcp.example/mcp#", Err(InvalidUrl::Fragment)),
        ("https://mcp.example/mcp?x=1", Err(InvalidUrl::Query)),
        ("https://u:p@mcp.example/mcp", Err(InvalidUrl::UserInfo)),
        ("http://127.0.0.1.example/mcp", Err(InvalidUrl::Insecure)),
        ("http://0.0.0.0/mcp", Err(InvalidUrl::Insecure)),
        ("https://mcp.example/mcp", Ok(())),
        ("http://127.0.0.1:8000/mcp", Ok(())),
        ("http://[::1]:8000/mcp", Ok(())),
        ("http://localhost:8000/mcp", Ok(())),
    ] {
        let parsed: Result<ResourceUrl, _> = text.parse();
        assert_eq!(parsed.map(|_| ()), expected, "{text}");
    }
}

#[tokio::test]
async fn rs_22_metadata_names_the_authorization_server() {
    for issuer_path in ["", "/", "/realms/mcp", "/realms/MCP/"] {
        let fake = FakeAuthorizationServer::start_with(FakeConfig {
            issuer_path: issuer_path.to_owned(),
            ..FakeConfig::default()
        });
        let server = spawn_server(&fake, |_| {});
        let metadata = server.get(ROOT).await.json();
        assert_eq!(metadata["authorization_servers"], json!([fake.issuer()]));
    }
}

#[tokio::test]
async fn rs_23_empty_arrays_are_left_out() {
    let fake = fake_with_good_token();
    let scopeless = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    let metadata = scopeless.get(ROOT).await.json();
    let members = metadata.as_object().expect("an object");
    assert!(!members.contains_key("scopes_supported"), "{metadata}");
    let empty = |value: &serde_json::Value| value.as_array().is_some_and(Vec::is_empty);
    assert!(!members.values().any(empty), "{metadata}");
    assert!(
        !members.values().any(serde_json::Value::is_null),
        "{metadata}"
    );

    let scoped = spawn_server(&fake, |setup| {
        setup.resource.resource_name = Some("OSCAL".to_owned());
    });
    let metadata = scoped.get(ROOT).await.json();
    assert_eq!(metadata["scopes_supported"], json!(["mcp:tools"]));
    assert_eq!(metadata["resource_name"], "OSCAL");
}

#[tokio::test]
async fn rs_24_advertised_resource_is_the_demanded_audience() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let metadata = server.get(INSERTED).await.json();
    let resource = metadata["resource"].as_str().expect("a text");
    assert_eq!(resource, RESOURCE);
    fake.answer_token("for-us", altered(&fake, json!({"aud": resource})));
    fake.answer_token(
        "for-others",
        altered(&fake, json!({"aud": "https://other.example/mcp"})),
    );
    server.call("for-us").await.assert_served("its audience");
    server
        .call("for-others")
        .await
        .assert_invalid_token("another audience");
}

#[tokio::test]
async fn rs_25_metadata_states_header_method_and_no_dpop() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let metadata = server.get(ROOT).await.json();
    assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
    let mut members = metadata.as_object().expect("an object").keys();
    assert!(!members.any(|name| name.starts_with("dpop_")), "{metadata}");
}
