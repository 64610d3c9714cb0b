//! Somebody else's MCP server, protected by the crate `rmcp-resource-server`, and its test. The
//! lines between the marks also appear in the crate's README.
//!
//! ```sh
//! cargo run --example protect-your-own-server              # serves, and prints curl lines
//! cargo run --example protect-your-own-server -- --check   # calls its tools and ends
//! cargo test --example protect-your-own-server             # the test that the README shows
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

// <server>
use std::{error::Error, sync::Arc};

use actix_web::{App, HttpServer, web::ServiceConfig};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use rmcp::{ErrorData, ServerHandler, tool, tool_handler, tool_router};
use rmcp_resource_server::{
    AccessToken, ActixMcp, ClientCredentials, IntrospectionConfig, IntrospectionVerifier,
    ResourceServer, ResourceServerConfig,
};

struct Notes;

#[tool_router]
impl Notes {
    /// The notes of whoever calls
    #[tool]
    async fn read(&self, caller: AccessToken) -> String {
        let name = caller.user().or(caller.client_id()).unwrap_or("somebody");
        format!("Notes of {name}: none yet")
    }

    /// Erases the notes of whoever calls
    #[tool]
    async fn erase(&self, caller: AccessToken) -> Result<String, ErrorData> {
        caller.require_scope("notes:write")?;
        Ok("Erased".to_owned())
    }
}

#[tool_handler]
impl ServerHandler for Notes {}

/// Accepts tokens that `issuer` issued for `resource`.
async fn resource_server(
    resource: &str,
    issuer: &str,
    secret: &str,
) -> Result<ResourceServer, Box<dyn Error>> {
    let mut config = ResourceServerConfig::new(resource.parse()?, issuer.parse()?);
    config.required_scopes = "notes:read".parse()?;
    config.optional_scopes = "notes:write".parse()?;
    let credentials = ClientCredentials::secret_basic("notes", secret);
    let introspection = IntrospectionConfig::new(config.authorization_server.clone(), credentials);
    let verifier = IntrospectionVerifier::start(introspection)?;
    // It looks for the introspection endpoint. Requests that come earlier would get 503.
    verifier.ready().await;
    Ok(ResourceServer::new(config, verifier))
}

/// The MCP endpoint at `/mcp`, and the metadata that tells clients where to log in.
fn endpoints(resource_server: ResourceServer) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let rmcp = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true);
        let sessions = Arc::new(NeverSessionManager::default());
        let mcp = ActixMcp::new(StreamableHttpService::new(|| Ok(Notes), sessions, rmcp));
        resource_server.serve_metadata(config);
        config.service(mcp.resource("/mcp").wrap(resource_server.protect()));
    }
}
// </server>

#[path = "notes/robot.rs"]
mod robot;

use std::net::TcpListener;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let check = std::env::args().any(|argument| argument == "--check");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);
    let authorization_server = robot::authorization_server(&resource)?;
    let issuer = authorization_server.issuer();
    let resource_server = resource_server(&resource, issuer, "notes-secret").await?;
    let server = HttpServer::new(move || App::new().configure(endpoints(resource_server.clone())));
    let server = server.tcp_nodelay(true).listen(listener)?.run();

    if !check {
        robot::introduce(issuer, &resource);
        return Ok(server.await?);
    }
    let handle = server.handle();
    actix_web::rt::spawn(server);
    robot::check(issuer, &resource).await?;
    handle.stop(false).await;
    Ok(())
}

// <test>
#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        test::{TestRequest, call_service, init_service},
    };
    use dev_authorization_server::FakeAuthorizationServer;
    use serde_json::json;

    const RESOURCE: &str = "https://notes.example.com/mcp";

    #[actix_web::test]
    async fn erasing_needs_a_scope_of_its_own() {
        let fake = FakeAuthorizationServer::start();
        for (token, scopes) in [
            ("reader", "notes:read"),
            ("writer", "notes:read notes:write"),
        ] {
            fake.answer_token(token, fake.active_claims(RESOURCE, scopes));
        }
        let resource_server = super::resource_server(RESOURCE, fake.issuer(), "secret").await;
        let endpoints = super::endpoints(resource_server.expect("a usable configuration"));
        let app = init_service(App::new().configure(endpoints)).await;

        for (token, tool, status) in [
            ("reader", "read", 200),
            ("reader", "erase", 403),
            ("writer", "erase", 200),
            ("stranger", "read", 401),
        ] {
            let call = json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": tool, "arguments": {}},
            });
            let request = TestRequest::post()
                .uri("/mcp")
                .insert_header(("Host", "localhost"))
                .insert_header(("Accept", "application/json, text/event-stream"))
                .insert_header(("Authorization", format!("Bearer {token}")))
                .set_json(call);
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), status, "{tool} by {token}");
        }
    }
}
// </test>
