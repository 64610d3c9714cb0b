//! MCP messages over HTTP, as a client sends them.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Answer, TestServer};

const LEGACY: &str = "2025-06-18";

/// A request of a session that needs no probe.
pub(crate) const LIST_TOOLS: &str =
    r#"{"jsonrpc": "2.0", "id": 8, "method": "tools/list", "params": {}}"#;

/// Turns `request` into a stateless call of one of the probe's tools.
pub(crate) fn call_tool(request: RequestBuilder, tool: &str) -> RequestBuilder {
    message(
        request,
        &json!({
            "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": {"name": tool, "arguments": {}},
        }),
    )
    .header("MCP-Protocol-Version", LEGACY)
}

fn message(request: RequestBuilder, message: &Value) -> RequestBuilder {
    request
        .header("Accept", "application/json, text/event-stream")
        .json(message)
}

/// Opens a session and returns the answer to `initialize`.
pub(crate) async fn initialize(server: &TestServer, token: &str) -> Answer {
    initialize_by(server, |request| request.bearer_auth(token)).await
}

/// The same with other credentials.
pub(crate) async fn initialize_by(
    server: &TestServer,
    credentials: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Answer {
    let request = credentials(server.http.post(server.url("/mcp")));
    let request = message(
        request,
        &json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {
                "protocolVersion": LEGACY,
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        }),
    );
    server.send(request).await
}

/// A session's id, as its client knows it.
pub(crate) struct Session<'a> {
    server: &'a TestServer,
    pub(crate) id: String,
}

impl<'a> Session<'a> {
    /// Initializes a session as MCP clients do.
    pub(crate) async fn open(server: &'a TestServer, token: &str) -> Self {
        let opened = initialize(server, token).await;
        opened.assert_served("initialize");
        let id = opened.header("mcp-session-id").expect("a session id");
        let session = Self {
            server,
            id: id.to_owned(),
        };
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let request = session.request(Method::POST).bearer_auth(token);
        let answer = server.send(message(request, &initialized)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        session
    }

    /// A session that was opened in another way.
    pub(crate) fn known(server: &'a TestServer, id: &str) -> Self {
        let id = id.to_owned();
        Self { server, id }
    }

    /// The same server, with another id.
    pub(crate) fn with_id(&self, id: impl Into<String>) -> Self {
        Self {
            server: self.server,
            id: id.into(),
        }
    }

    /// A request in this session, without credentials.
    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        self.server
            .http
            .request(method, self.server.url("/mcp"))
            .header("Mcp-Session-Id", &self.id)
            .header("MCP-Protocol-Version", LEGACY)
            .header("Accept", "application/json, text/event-stream")
    }

    pub(crate) async fn call(&self, token: &str) -> Answer {
        self.call_tool(token, "whoami").await
    }

    pub(crate) async fn call_tool(&self, token: &str, tool: &str) -> Answer {
        let call = json!({
            "jsonrpc": "2.0", "id": 8, "method": "tools/call",
            "params": {"name": tool, "arguments": {}},
        });
        let request = self.request(Method::POST).bearer_auth(token);
        self.server.send(request.json(&call)).await
    }

    /// Opens the event stream.
    pub(crate) async fn stream(&self, token: &str) -> Response {
        let request = self.request(Method::GET).bearer_auth(token);
        request.send().await.expect("an answer")
    }

    pub(crate) async fn delete(&self, token: &str) -> Answer {
        let request = self.request(Method::DELETE).bearer_auth(token);
        self.server.send(request).await
    }
}
