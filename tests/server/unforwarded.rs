//! An `authorized` server refuses anyone without an access token, even if its host was put together
//! wrongly: no method answers, and no session starts.

use std::{net::Ipv4Addr, sync::Arc, sync::mpsc, thread};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::ServerHandle,
    middleware::Condition,
    web::{self, Bytes},
};
use dev_authorization_server::FakeAuthorizationServer;
use oscal_documents::{Library, Limits, Schemas};
use oscal_mcp_server::{
    BUILT_IN,
    config::HttpConfig,
    host::{Host, HostError},
    mcp::{Announcements, OscalServer, ScopeRules},
};
use reqwest::Client;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use rmcp_resource_server::{
    ActixMcp, ClientCredentials, IntrospectionConfig, IntrospectionVerifier, ResourceServer,
    ResourceServerConfig, request_parts,
};
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server};

/// What the author of the host remembered to do.
#[derive(Debug, Clone, Copy)]
struct Wiring {
    forwards: bool,
    protects: bool,
    stateful: bool,
}

/// A host around an `authorized` server. It stops when dropped.
struct Wired {
    url: String,
    http: Client,
    handle: ServerHandle,
}

impl Drop for Wired {
    fn drop(&mut self) {
        // The command is sent at once; only the confirmation would need awaiting.
        drop(self.handle.stop(false));
    }
}

impl Wired {
    fn start(fake: &FakeAuthorizationServer, wiring: Wiring) -> Self {
        let config = ResourceServerConfig::new(
            RESOURCE.parse().expect("a resource"),
            fake.issuer().parse().expect("an issuer"),
        );
        let credentials = ClientCredentials::secret_basic("mcp", "hush");
        let mut introspection =
            IntrospectionConfig::new(config.authorization_server.clone(), credentials);
        introspection.endpoint = Some(fake.introspection_url().parse().expect("an endpoint"));
        let verifier = IntrospectionVerifier::start(introspection).expect("usable credentials");
        let protected = ResourceServer::new(config, verifier);
        let library = Library::load(&BUILT_IN, None, Limits::default()).expect("documents");
        let mcp =
            OscalServer::authorized("OSCAL", library, Schemas::default(), ScopeRules::default())
                .announcing_to(Announcements::Everybody);
        let app = move || {
            let mcp = mcp.clone();
            let rmcp = StreamableHttpServerConfig::default()
                .with_legacy_session_mode(wiring.stateful)
                .with_json_response(true);
            let sessions = Arc::new(LocalSessionManager::default());
            let mcp = StreamableHttpService::new(move || Ok(mcp.clone()), sessions, rmcp);
            let mcp = ActixMcp::new(mcp);
            let resource = match wiring.forwards {
                true => mcp.resource("/mcp"),
                // The author's own bridge, which drops what it does not know.
                false => web::resource("/mcp").to(move |request: HttpRequest, body: Bytes| {
                    let (mcp, mut parts) = (mcp.clone(), request_parts(&request));
                    parts.extensions.clear();
                    async move { mcp.serve(parts, body).await }
                }),
            };
            let protection = Condition::new(wiring.protects, protected.protect());
            App::new().service(resource.wrap(protection))
        };
        let (started, start) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = HttpServer::new(app)
                    .workers(1)
                    .tcp_nodelay(true)
                    .disable_signals()
                    .bind((Ipv4Addr::LOCALHOST, 0))
                    .expect("a free port");
                let address = server.addrs()[0];
                let server = server.run();
                started
                    .send((address, server.handle()))
                    .expect("the test waits");
                server.await.expect("it runs until it is stopped");
            });
        });
        let (address, handle) = start.recv().expect("it starts");
        Self {
            url: format!("http://{address}/mcp"),
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .build()
                .expect("a client"),
            handle,
        }
    }

    /// The response body for one request with a good token.
    async fn ask(&self, method: &str, params: &Value, version: &str) -> String {
        let mut params = params.clone();
        let mut request = self
            .http
            .post(&self.url)
            .bearer_auth("good")
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", version);
        if version == NEW {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": NEW,
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            request = request.header("Mcp-Method", method);
            for name in ["name", "uri"] {
                if let Some(name) = params[name].as_str() {
                    request = request.header("Mcp-Name", name);
                }
            }
        }
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = request.json(&message).send().await.expect("an answer");
        answer.text().await.expect("a whole body")
    }
}

const OLD: &str = "2025-06-18";
const NEW: &str = "2026-07-28";

/// Every method that the server answers, with valid parameters.
fn methods() -> Vec<(&'static str, Value)> {
    let reference = json!({"type": "ref/prompt", "name": "explain_control"});
    let catalog: Value = serde_json::from_str(BUILT_IN[0].1).expect("JSON");
    let catalog = catalog["catalog"]["uuid"].as_str().expect("a uuid");
    let catalog = format!("oscal://documents/{catalog}/controls/rs-1");
    let tools = [
        ("about", json!({})),
        ("search", json!({"query": "audience"})),
        ("list_documents", json!({})),
        ("list_models", json!({})),
    ];
    let mut methods = vec![
        ("initialize", initialize()),
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": catalog})),
        ("prompts/list", json!({})),
        (
            "prompts/get",
            json!({"name": "explain_control", "arguments": {"control": "rs-1"}}),
        ),
        (
            "completion/complete",
            json!({"ref": reference, "argument": {"name": "control", "value": "rs"}}),
        ),
    ];
    let call = |(name, arguments)| ("tools/call", json!({"name": name, "arguments": arguments}));
    methods.extend(tools.map(call));
    methods
}

fn initialize() -> Value {
    json!({
        "protocolVersion": OLD, "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    })
}

#[tokio::test]
async fn rs_05_an_authorized_server_answers_nothing_without_a_token() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp"));
    let stateful = false;
    for (forwards, protects, cause) in [
        (true, true, None),
        (false, true, Some("ResourceServer::protect()")),
        (true, false, Some("ResourceServer::protect()")),
        (false, false, Some("ResourceServer::protect()")),
    ] {
        let wiring = Wiring {
            forwards,
            protects,
            stateful,
        };
        let server = Wired::start(&fake, wiring);
        for (method, params) in methods() {
            for version in [OLD, NEW] {
                let only = match method {
                    "initialize" => Some(OLD),
                    "server/discover" => Some(NEW),
                    _ => None,
                };
                if only.is_some_and(|only| only != version) {
                    continue;
                }
                let text = server.ask(method, &params, version).await;
                let answer: Value = serde_json::from_str(&text).expect("JSON");
                let case = format!("{wiring:?}, {method} of {version}: {answer}");
                let Some(cause) = cause else {
                    assert!(answer["result"].is_object(), "{case}");
                    continue;
                };
                assert!(answer.get("result").is_none(), "{case}");
                let message = answer["error"]["message"].as_str();
                assert!(message.is_some_and(|text| text.contains(cause)), "{case}");
            }
        }
        if let Some(cause) = cause {
            let listening = json!({"notifications": {"resourcesListChanged": true}});
            let text = server.ask("subscriptions/listen", &listening, NEW).await;
            assert!(text.contains(cause), "{wiring:?}: {text}");
        }
    }
}

#[tokio::test]
async fn rs_05_an_authorized_server_begins_no_session_without_a_token() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp"));
    let stateful = true;
    for (forwards, protects) in [(true, true), (false, true), (true, false), (false, false)] {
        let wiring = Wiring {
            forwards,
            protects,
            stateful,
        };
        let server = Wired::start(&fake, wiring);
        let text = server.ask("initialize", &initialize(), OLD).await;
        let begun = text.contains("\"result\"");
        assert_eq!(begun, forwards && protects, "{wiring:?}: {text}");
    }
}

/// Without an issuer, the binary's own configuration says that it trusts everybody.
#[tokio::test]
async fn without_authorization_everybody_reads_and_a_token_means_nothing() {
    for host in [
        &["--host=127.0.0.1"][..],
        &["--host=0.0.0.0", "--allow-unauthenticated"],
    ] {
        let mut flags = vec![
            "--transport=streamable-http",
            "--port=0",
            "--log-format=json",
        ];
        flags.extend(host);
        let flags: Vec<_> = flags.into_iter().map(str::to_owned).collect();
        let server = Server::start(&flags, &[]);
        for token in [None, Some("anything")] {
            let request = server.call("about", &json!({}));
            let mut request = request.header("Host", "localhost");
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{host:?}, {token:?}");
            let answer: Value = answer.json().await.expect("JSON");
            let about = &answer["result"]["structuredContent"];
            assert_ne!(about["controls"], 0, "{answer}");
            assert_eq!(about.get("caller"), None, "{answer}");
        }
    }
}

#[test]
fn a_host_does_not_start_around_a_server_that_trusts_others_than_it_lets_in() {
    let library = || Library::load(&BUILT_IN, None, Limits::default()).expect("documents");
    let config = || HttpConfig {
        port: 0,
        ..HttpConfig::default()
    };
    let (scopes, schemas) = (ScopeRules::default(), Schemas::default);
    let authorized = OscalServer::authorized("OSCAL", library(), schemas(), scopes);
    let local = OscalServer::local("OSCAL", library(), schemas());
    actix_web::rt::System::new().block_on(async {
        let refused = Host::start(config(), authorized);
        assert!(matches!(refused, Err(HostError::Trust)));
        assert!(Host::start(config(), local).is_ok());
    });
}
