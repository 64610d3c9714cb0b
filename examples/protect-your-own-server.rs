//! A tiny MCP server of somebody else's, protected by the crate `rmcp-resource-server`. The lines
//! between the marks are those of the crate's README.
//!
//! ```sh
//! cargo run --example protect-your-own-server              # serves, and prints a curl line
//! cargo run --example protect-your-own-server -- --check   # calls its tool and ends
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

use std::{error::Error, net::TcpListener, sync::Arc};

use actix_web::{App, HttpServer, rt::System};
use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use rmcp_actix_web::transport::{LocalSessionManager, StreamableHttpService};
use rmcp_resource_server::{
    AccessToken, ClientCredentials, IntrospectionConfig, IntrospectionVerifier, ResourceServer,
    ResourceServerConfig, forward_access_token,
};

struct Greeter;

#[tool_router]
impl Greeter {
    /// Greets whoever calls
    #[tool]
    async fn greet(&self, caller: AccessToken) -> String {
        let name = caller.user().or(caller.client_id()).unwrap_or("stranger");
        format!("Hello, {name}!")
    }
}

#[tool_handler]
impl ServerHandler for Greeter {}

fn main() -> Result<(), Box<dyn Error>> {
    System::new().block_on(example(
        std::env::args().any(|argument| argument == "--check"),
    ))
}

async fn example(check: bool) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);
    let authorization_server = DevAuthorizationServer::start(DevConfig {
        resources: vec![resource.clone()],
        scopes: vec!["greet".to_owned()],
        clients: vec![
            DevClient::resource_server("greeter", "greeter-secret"),
            DevClient::machine("robot", "robot-secret"),
        ],
        ..DevConfig::default()
    })?;
    let issuer = authorization_server.issuer();
    let secret = "greeter-secret";

    // <protect>
    let config = ResourceServerConfig::new(resource.parse()?, issuer.parse()?);
    let credentials = ClientCredentials::secret_basic("greeter", secret);
    let introspection = IntrospectionConfig::new(config.issuer.clone(), credentials);
    let resource_server = ResourceServer::new(config, IntrospectionVerifier::start(introspection)?);

    let server = HttpServer::new(move || {
        let mcp = StreamableHttpService::builder()
            .service_factory(Arc::new(|| Ok(Greeter)))
            .session_manager(Arc::new(LocalSessionManager::default()))
            .stateful_mode(false)
            .json_response(true)
            .on_request_fn(forward_access_token)
            .build();
        App::new()
            .configure(|config| resource_server.serve_metadata(config))
            .service(mcp.scope_with_path("/mcp").wrap(resource_server.protect()))
    });
    // </protect>
    let server = server.tcp_nodelay(true).listen(listener)?.run();

    let get_token = format!(
        "curl -s -u robot:robot-secret {issuer}/token -d grant_type=client_credentials \
         -d resource={resource}"
    );
    if !check {
        println!("The greeter runs at {resource}. Get a token for it with\n\n  {get_token}\n");
        return Ok(server.await?);
    }
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let answer = greet(issuer, &resource).await?;
    println!("{answer}");
    handle.stop(false).await;
    match answer.contains("Hello, robot!") {
        true => Ok(()),
        false => Err("the greeter did not greet".into()),
    }
}

/// Gets a token and calls the tool with it.
async fn greet(issuer: &str, resource: &str) -> Result<String, Box<dyn Error>> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    let token: serde_json::Value = http
        .post(format!("{issuer}/token"))
        .basic_auth("robot", Some("robot-secret"))
        .form(&[("grant_type", "client_credentials"), ("resource", resource)])
        .send()
        .await?
        .json()
        .await?;
    let call = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "greet", "arguments": {}},
    });
    let response = http
        .post(resource)
        .bearer_auth(token["access_token"].as_str().ok_or("no token")?)
        .header("Accept", "application/json, text/event-stream")
        .json(&call)
        .send()
        .await?;
    Ok(response.text().await?)
}
