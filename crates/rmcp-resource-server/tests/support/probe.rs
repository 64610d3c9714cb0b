//! An MCP server whose tools report what they see.

use std::time::UNIX_EPOCH;

use rmcp::{
    ErrorData, RoleServer, ServerHandler, service::RequestContext, tool, tool_handler, tool_router,
};
use rmcp_resource_server::AccessToken;
use serde_json::json;

#[derive(Clone)]
pub(crate) struct Probe;

#[tool_router]
impl Probe {
    #[tool(description = "The fields of the caller's access token")]
    async fn whoami(&self, caller: AccessToken) -> String {
        let expires_at = caller.expires_at().map(|time| {
            let since_epoch = time.duration_since(UNIX_EPOCH);
            since_epoch.expect("after 1970").as_secs()
        });
        let extra: Vec<_> = [
            "text", "number", "nothing", "list", "nested", "missing", "jwt",
        ]
        .into_iter()
        .map(|name| (name, caller.claim(name)))
        .collect();
        json!({
            "issuer": caller.issuer(),
            "subject": caller.subject(),
            "user": caller.user(),
            "username": caller.username(),
            "client_id": caller.client_id(),
            "audience": caller.audience().collect::<Vec<_>>(),
            "scopes": caller.scopes().iter().collect::<Vec<_>>(),
            "expires_at": expires_at,
            "key": caller.key_thumbprint(),
            "certificate": caller.certificate_thumbprint(),
            "extra": extra,
        })
        .to_string()
    }

    #[tool(description = "Demands the scope mcp:admin")]
    async fn administer(&self, caller: AccessToken) -> Result<String, ErrorData> {
        let needed = "mcp:admin".parse().expect("a scope");
        caller.require_scopes(&needed)?;
        Ok("{}".to_owned())
    }

    #[tool(description = "Everything of the request that a handler can reach")]
    async fn dump(&self, caller: AccessToken, context: RequestContext<RoleServer>) -> String {
        let parts = context.extensions.get::<http::request::Parts>();
        let parts = parts.expect("the HTTP request's head");
        let headers: Vec<_> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        json!({
            "uri": parts.uri.to_string(),
            "headers": headers,
            "parts": format!("{parts:?}"),
            "extensions": format!("{:?}", context.extensions),
            "meta": format!("{:?}", context.meta),
            "caller": format!("{caller:?}"),
        })
        .to_string()
    }
}

#[tool_handler]
impl ServerHandler for Probe {}
