//! Somebody else's MCP server on axum, protected by the crate `rmcp-resource-server`. The lines
//! between the marks also appear in the crate's README.
//!
//! ```sh
//! cargo run --example protect-an-axum-server              # serves, and prints curl lines
//! cargo run --example protect-an-axum-server -- --check   # calls its tools and ends
//! ```
#![expect(clippy::print_stdout, reason = "it talks to a person")]

#[path = "notes/robot.rs"]
mod robot;

use std::error::Error;

use rmcp::{ErrorData, ServerHandler, tool, tool_handler, tool_router};
use rmcp_resource_server::{
    AccessToken, ClientCredentials, IntrospectionConfig, IntrospectionVerifier,
    ResourceServerConfig,
};
use tokio::net::TcpListener;

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

// <axum>
use axum::Router;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use rmcp_resource_server::ResourceServer;
use tower::Layer;

/// The MCP endpoint at `/mcp`, and the metadata that tells clients where to log in.
fn app(resource_server: &ResourceServer) -> Router {
    let rmcp = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let sessions = NeverSessionManager::default().into();
    let mcp = StreamableHttpService::new(|| Ok(Notes), sessions, rmcp);
    Router::new()
        .route_service("/mcp", resource_server.layer().layer(mcp))
        .fallback_service(resource_server.metadata_service())
}
// </axum>

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let check = std::env::args().any(|argument| argument == "--check");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let resource = format!("http://{}/mcp", listener.local_addr()?);
    let authorization_server = robot::authorization_server(&resource)?;
    let issuer = authorization_server.issuer();

    let mut config = ResourceServerConfig::new(resource.parse()?, issuer.parse()?);
    config.required_scopes = "notes:read".parse()?;
    config.optional_scopes = "notes:write".parse()?;
    let credentials = ClientCredentials::secret_basic("notes", "notes-secret");
    let introspection = IntrospectionConfig::new(config.authorization_server.clone(), credentials);
    let verifier = IntrospectionVerifier::start(introspection)?;
    let server = axum::serve(listener, app(&ResourceServer::new(config, verifier)));

    if !check {
        robot::introduce(issuer, &resource);
        return Ok(server.await?);
    }
    let server = tokio::spawn(async move { server.await });
    robot::check(issuer, &resource).await?;
    server.abort();
    Ok(())
}
