//! rmcp's own client starts with nothing but the server's URL and goes through the whole
//! authorization flow, against the development authorization server.

use std::time::Duration;

use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use reqwest::Client;
use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult},
    service::{RunningService, ServiceError},
    transport::{
        StreamableHttpClientTransport,
        auth::{AuthClient, AuthorizationCallback, AuthorizationRequest, OAuthState},
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    person::{agree, parameter},
    support::{SECRET, Server, free_port, protected_where_it_listens},
};

const REDIRECT_URI: &str = "http://127.0.0.1:8931/callback";

type Session = RunningService<RoleClient, ()>;

#[tokio::test]
async fn rmcp_registers_authorizes_refreshes_and_steps_up() {
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let authorization_server = DevAuthorizationServer::start(DevConfig {
        resources: vec![url.clone()],
        scopes: vec!["oscal:read".to_owned(), "oscal:validate".to_owned()],
        clients: vec![DevClient::resource_server("mcp", SECRET.1)],
        token_lifetime: Duration::from_secs(4),
        ..DevConfig::default()
    });
    let authorization_server = authorization_server.expect("it starts");
    let mut flags = protected_where_it_listens(authorization_server.issuer(), port);
    flags.push("--auth-required-scopes=oscal:read".to_owned());
    flags.push("--auth-scope-validate=oscal:validate".to_owned());
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");

    let challenge = refused(&url).await;
    let (client, authorization) = authorized(&url, &challenge).await;
    assert_eq!(
        parameter(&authorization, "resource").as_ref(),
        Some(&url),
        "{authorization}"
    );
    let transport = StreamableHttpClientTransport::with_client(
        client.clone(),
        StreamableHttpClientTransportConfig::with_uri(url),
    );
    let session = ().serve(transport).await.expect("a session");
    let about = call(&session, "about", json!({})).await.expect("a result");
    let caller = content(&about)["caller"].clone();
    assert_eq!(caller["kind"], "user", "{caller}");
    assert_eq!(caller["subject"], "alice", "{caller}");
    assert!(has(&caller, "oscal:read") && !has(&caller, "oscal:validate"));

    // The client refreshes the token by itself after half of its lifetime.
    let first = client.get_access_token().await.expect("a token");
    tokio::time::sleep(Duration::from_millis(4100)).await;
    call(&session, "about", json!({})).await.expect("a result");
    let second = client.get_access_token().await.expect("a token");
    assert!(first != second, "the token was refreshed");

    let validation = || call(&session, "validate_document", json!({"content": {}}));
    let refusal = validation().await.expect_err("a scope is missing");
    let challenge = refusal.auth_challenge().expect("a challenge").to_owned();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    step_up(&client, "oscal:read oscal:validate").await;
    validation().await.expect("it has the scope now");
    let about = call(&session, "about", json!({})).await.expect("a result");
    let caller = content(&about)["caller"].clone();
    assert!(has(&caller, "oscal:read") && has(&caller, "oscal:validate"));
}

/// Connects without a token, and returns the challenge.
async fn refused(url: &str) -> String {
    let transport = StreamableHttpClientTransport::with_client(
        http(),
        StreamableHttpClientTransportConfig::with_uri(url),
    );
    let error = ().serve(transport).await.expect_err("a token is needed");
    error.auth_challenge().expect("a challenge").to_owned()
}

/// Registers and lets a person agree. Also returns the URL that the person was sent to.
async fn authorized(url: &str, challenge: &str) -> (AuthClient<Client>, Url) {
    let mut state = OAuthState::new(url, Some(http())).await.expect("a URL");
    let request = AuthorizationRequest::new(REDIRECT_URI)
        .with_client_name("rmcp")
        .with_initial_scope_selection()
        .with_challenge(challenge);
    let started = state.start_authorization(request).await;
    started.expect("discovery and registration succeed");
    let authorization = state.get_authorization_url().await.expect("a URL");
    let callback = agree(&authorization).await;
    let redeemed = state.handle_callback_url(callback.as_str()).await;
    redeemed.expect("the code is redeemed");
    let manager = state.into_authorization_manager().expect("authorized");
    let authorization = Url::parse(&authorization).expect("a URL");
    (AuthClient::new(http(), manager), authorization)
}

async fn step_up(client: &AuthClient<Client>, scopes: &str) {
    let manager = client.auth_manager.lock().await;
    let authorization = manager.request_scope_upgrade(scopes).await.expect("a URL");
    let callback = agree(&authorization).await;
    let callback = AuthorizationCallback::from_redirect_url(callback.as_str());
    let callback = callback.expect("code and state");
    let redeemed = manager
        .exchange_code_for_token_with_issuer(
            &callback.code,
            &callback.csrf_token,
            callback.issuer.as_deref(),
        )
        .await;
    redeemed.expect("the code is redeemed");
}

async fn call(
    session: &Session,
    tool: &'static str,
    arguments: Value,
) -> Result<CallToolResult, ServiceError> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    session.call_tool(request).await
}

fn content(result: &CallToolResult) -> &Value {
    result.structured_content.as_ref().expect("content")
}

fn has(caller: &Value, scope: &str) -> bool {
    let scopes = caller["scopes"].as_array().expect("scopes");
    scopes.contains(&json!(scope))
}

fn http() -> Client {
    let client = Client::builder().no_proxy().tls_certs_only([]).build();
    client.expect("a client")
}
