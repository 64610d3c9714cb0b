//! An MCP server on rmcp and axum. rmcp has nothing for resource servers, so the author writes the
//! middleware: it introspects, and moka keeps what it learned for 30 seconds.

use std::{env, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use moka::future::Cache;
use rmcp::{
    ServerHandler,
    handler::server::wrapper::Parameters,
    schemars::{self, JsonSchema},
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};
use serde::Deserialize;

#[derive(Clone)]
struct Verifier {
    http: reqwest::Client,
    issuer: String,
    resource: String,
    cache: Cache<String, Claims>,
}

#[derive(Clone, Deserialize)]
struct Claims {
    active: bool,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    aud: String,
    #[serde(default)]
    scope: String,
}

impl Verifier {
    async fn verify(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let claims = self
            .cache
            .try_get_with_by_ref(token, self.introspect(token))
            .await
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        if !claims.active || claims.iss != self.issuer || claims.aud != self.resource {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if !claims.scope.split(' ').any(|scope| scope == "mcp:tools") {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(())
    }

    async fn introspect(&self, token: &str) -> reqwest::Result<Claims> {
        let response = self
            .http
            .post(format!("{}/introspect", self.issuer))
            .basic_auth("mcp", Some("secret"))
            .form(&[("token", token), ("token_type_hint", "access_token")])
            .send()
            .await?;
        response.error_for_status()?.json().await
    }
}

async fn protect(
    State(verifier): State<Verifier>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    verifier.verify(request.headers()).await?;
    Ok(next.run(request).await)
}

struct Peer;

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    text: String,
}

#[tool_router]
impl Peer {
    /// Repeats the text
    #[tool]
    async fn echo(&self, Parameters(arguments): Parameters<Arguments>) -> String {
        arguments.text
    }
}

#[tool_handler]
impl ServerHandler for Peer {}

#[tokio::main]
async fn main() {
    let variable = |name| env::var(name).expect(name);
    let timeout = Duration::from_secs(3);
    let verifier = Verifier {
        http: reqwest::Client::builder()
            .timeout(timeout)
            .build()
            .expect("a client"),
        issuer: variable("ISSUER"),
        resource: variable("RESOURCE"),
        cache: Cache::builder()
            .max_capacity(100_000)
            .time_to_live(Duration::from_secs(30))
            .build(),
    };
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let sessions = Arc::new(NeverSessionManager::default());
    let mcp = StreamableHttpService::new(|| Ok(Peer), sessions, config);
    let app = Router::new()
        .route_service("/mcp", mcp)
        .layer(from_fn_with_state(verifier, protect));
    let address = format!("127.0.0.1:{}", variable("PORT"));
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("a free port");
    axum::serve(listener, app).await.expect("it serves");
}
