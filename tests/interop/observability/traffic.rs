//! Two servers with every kind of traffic that the dashboard shows.

use std::time::{Duration, Instant};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{RESOURCE, SECRET, Server, protected_by};

/// Consecutive failures that open the circuit breaker.
const OUTAGE: usize = 5;

/// Two protected servers, one with sessions, and their authorization server.
pub(super) struct Watched {
    fake: FakeAuthorizationServer,
    stateless: Server,
    stateful: Server,
}

impl Watched {
    pub(super) fn start() -> Self {
        let fake = FakeAuthorizationServer::start();
        let start = |more: &str| {
            let mut flags = protected_by(fake.issuer());
            flags.push("--admin-addr=127.0.0.1:0".to_owned());
            flags.push("--auth-required-scopes=mcp:tools".to_owned());
            flags.push(more.to_owned());
            let server = Server::start(&flags, &[SECRET]);
            server.wait_for_log("authorization server found");
            server
        };
        let (stateless, stateful) = (
            start("--stateless-http=true"),
            start("--stateless-http=false"),
        );
        let foreign = fake.active_claims("https://other.example", "mcp:tools");
        fake.answer_token("foreign", foreign);
        fake.answer_token("scopeless", fake.active_claims(RESOURCE, ""));
        Self {
            fake,
            stateless,
            stateful,
        }
    }

    pub(super) fn admin_addresses(&self) -> [&str; 2] {
        [
            self.stateless.admin_address(),
            self.stateful.admin_address(),
        ]
    }

    /// Rounds of requests: users come, call tools, open sessions and are refused, and once the
    /// authorization server fails for a while.
    pub(super) async fn keep_busy_for(&self, time: Duration) {
        let begun = Instant::now();
        let mut round = 0_usize;
        let mut streams = Vec::new();
        let mut has_failed = false;
        while begun.elapsed() < time {
            round += 1;
            let user = format!("user-{}", round / 4);
            let claims = self.fake.active_claims(RESOURCE, "mcp:tools");
            self.fake.answer_token(&user, claims);
            for (tool, arguments) in [
                ("about", json!({})),
                ("search", json!({"query": "token"})),
                ("get_control", json!({"control": "RS-45"})),
                ("get_control", json!({"control": "none such"})),
                ("none-such", json!({})),
            ] {
                self.call(Some(&user), tool, &arguments).await;
            }
            for token in ["unknown", "foreign", "scopeless"] {
                self.call(Some(token), "about", &json!({})).await;
            }
            self.call(None, "about", &json!({})).await;
            if round.is_multiple_of(10) {
                streams.extend(self.open_stream(&user).await);
            }
            if begun.elapsed() > time / 2 && !has_failed {
                has_failed = true;
                for number in 0..OUTAGE {
                    self.fake.answer_next(Reply::status(500));
                    let newcomer = format!("newcomer-{number}");
                    self.call(Some(&newcomer), "about", &json!({})).await;
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn call(&self, token: Option<&str>, tool: &str, arguments: &Value) {
        let mut request = self.stateless.call(tool, arguments);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        response.bytes().await.expect("a whole answer");
    }

    /// Opens a session and its stream, unless the authorization server is down.
    async fn open_stream(&self, user: &str) -> Option<Response> {
        let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }});
        let request = self.stateful.call("", &json!({})).json(&initialize);
        let opened = request.bearer_auth(user).send().await.expect("an answer");
        let session = opened.headers().get("mcp-session-id")?.clone();
        opened.bytes().await.expect("a whole answer");
        let request = self
            .stateful
            .get("/mcp")
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", session);
        let stream = request.bearer_auth(user).send().await.expect("an answer");
        Some(stream)
    }
}
