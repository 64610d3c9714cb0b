//! The server under test, on a free port, assembled as in the README.

use std::{net::SocketAddr, sync::Arc};

use dev_authorization_server::FakeAuthorizationServer;
use prometheus_client::{encoding::text::encode, registry::Registry};
use reqwest::{Client, RequestBuilder};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp_resource_server::{
    BoundedSessions, ClientCredentials, IntrospectionConfig, IntrospectionVerifier, Metrics,
    ResourceServer, ResourceServerConfig, SessionLimits, SharedSessions, SharedStore,
    TokenVerifier,
};
use tracing::Dispatch;

use super::{Answer, RESOURCE, SCOPE, call_tool, on_actix, on_tower, probe::Probe};

/// The web framework under the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Actix,
    /// axum, through tower.
    Tower,
}

/// What both frameworks serve.
pub(super) struct Served {
    pub(super) resource_server: ResourceServer,
    pub(super) mcp: StreamableHttpService<Probe, BoundedSessions>,
    pub(super) protects: bool,
    pub(super) allowed_origin: Option<&'static str>,
    pub(super) workers: usize,
    pub(super) logs: Option<Dispatch>,
}

/// Stops a server when called.
pub(super) type Stop = Box<dyn FnOnce() + Send + Sync>;

/// What a test may change before the server starts.
pub(crate) struct Setup {
    pub(crate) resource: ResourceServerConfig,
    pub(crate) introspection: IntrospectionConfig,
    /// Replaces the default verifier.
    pub(crate) verifier: Option<IntrospectionVerifier>,
    pub(crate) stateful: bool,
    /// Whether the author remembered [`ResourceServer::protect`].
    pub(crate) protects: bool,
    pub(crate) sessions: SessionLimits,
    /// The origin that `actix-cors`, around everything, allows.
    pub(crate) allowed_origin: Option<&'static str>,
    pub(crate) workers: usize,
    /// Where the server's threads write their logs.
    pub(crate) logs: Option<Dispatch>,
    /// Where sessions are kept besides.
    pub(crate) shared_store: Option<SharedStore>,
}

/// A running server. It stops when this is dropped.
pub(crate) struct TestServer<V = IntrospectionVerifier> {
    pub(crate) address: SocketAddr,
    pub(crate) verifier: V,
    pub(crate) http: Client,
    pub(crate) resource_server: ResourceServer,
    pub(crate) sessions: Arc<BoundedSessions>,
    metrics: Metrics,
    stop: Option<Stop>,
}

/// Starts a server that trusts `fake`, as changed by `adjust`.
pub(crate) fn spawn_server(
    fake: &FakeAuthorizationServer,
    adjust: impl FnOnce(&mut Setup),
) -> TestServer {
    let mut setup = Setup::new(fake);
    adjust(&mut setup);
    let verifier = setup.verifier.take().unwrap_or_else(|| {
        IntrospectionVerifier::start(setup.introspection.clone()).expect("usable credentials")
    });
    setup.start(verifier)
}

/// Like [`spawn_server`], with a verifier other than introspection.
pub(crate) fn spawn_server_with<V: TokenVerifier + Clone>(
    fake: &FakeAuthorizationServer,
    verifier: V,
    adjust: impl FnOnce(&mut Setup),
) -> TestServer<V> {
    let mut setup = Setup::new(fake);
    adjust(&mut setup);
    setup.start(verifier)
}

impl Setup {
    fn new(fake: &FakeAuthorizationServer) -> Self {
        let metrics = Metrics::default();
        let issuer = fake.issuer().parse().expect("an issuer");
        let resource = RESOURCE.parse().expect("a resource");
        let mut resource = ResourceServerConfig::new(resource, issuer);
        resource.required_scopes = SCOPE.parse().expect("a scope");
        resource.authorization_server.metrics = metrics.clone();
        let credentials = ClientCredentials::secret_basic("mcp", "hush");
        let mut introspection =
            IntrospectionConfig::new(resource.authorization_server.clone(), credentials);
        introspection.endpoint = Some(fake.introspection_url().parse().expect("an endpoint"));
        introspection.authorization_server.metrics = metrics;
        Self {
            resource,
            introspection,
            verifier: None,
            stateful: false,
            protects: true,
            sessions: SessionLimits::default(),
            allowed_origin: None,
            workers: 1,
            logs: None,
            shared_store: None,
        }
    }

    fn start<V: TokenVerifier + Clone>(self, verifier: V) -> TestServer<V> {
        let metrics = self.resource.authorization_server.metrics.clone();
        let mut rmcp = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(self.stateful)
            .with_json_response(true);
        let resource_server = ResourceServer::new(self.resource, verifier.clone());
        let mut sessions = BoundedSessions::new(self.sessions, metrics.clone());
        if let Some(store) = self.shared_store {
            let shared = SharedSessions::new(&store, &resource_server);
            rmcp.session_store = Some(Arc::new(shared.clone()));
            sessions = sessions.shared(shared);
        }
        let sessions = Arc::new(sessions);
        let served = Served {
            resource_server: resource_server.clone(),
            mcp: StreamableHttpService::new(|| Ok(Probe), sessions.clone(), rmcp),
            protects: self.protects,
            allowed_origin: self.allowed_origin,
            workers: self.workers,
            logs: self.logs,
        };
        let (address, stop) = match crate::FRAMEWORK {
            Framework::Actix => on_actix::start(served),
            Framework::Tower => on_tower::start(served),
        };
        TestServer {
            address,
            verifier,
            http: plain_client(),
            resource_server,
            sessions,
            metrics,
            stop: Some(stop),
        }
    }
}

/// A client that depends on nothing on the machine where it runs.
fn plain_client() -> Client {
    let builder = Client::builder().no_proxy().tls_certs_only([]);
    builder.build().expect("a client")
}

impl<V> TestServer<V> {
    pub(crate) fn url(&self, path_and_query: &str) -> String {
        format!("http://{}{path_and_query}", self.address)
    }

    /// A call of the tool `whoami` without credentials, to be changed and sent.
    pub(crate) fn request(&self) -> RequestBuilder {
        self.request_to("/mcp")
    }

    pub(crate) fn request_to(&self, path_and_query: &str) -> RequestBuilder {
        call_tool(self.http.post(self.url(path_and_query)), "whoami")
    }

    /// Calls `whoami` with this token.
    pub(crate) async fn call(&self, token: &str) -> Answer {
        self.send(self.request().bearer_auth(token)).await
    }

    /// Calls `whoami` with this value of `Authorization`.
    pub(crate) async fn call_with(&self, authorization: impl AsRef<[u8]>) -> Answer {
        let authorization = authorization.as_ref();
        self.send(self.request().header("Authorization", authorization))
            .await
    }

    /// Calls `whoami` with this token and this proof.
    pub(crate) async fn call_with_proof(&self, token: &str, proof: &str) -> Answer {
        let request = self.request().header("DPoP", proof);
        let authorization = format!("DPoP {token}");
        self.send(request.header("Authorization", authorization))
            .await
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await
    }

    /// All metrics in the text format.
    pub(crate) fn metrics_text(&self) -> String {
        let mut registry = Registry::default();
        self.metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes all");
        text
    }

    /// The value of the metric line with this beginning; 0 if there is none.
    pub(crate) fn metric(&self, line_start: &str) -> f64 {
        let text = self.metrics_text();
        text.lines()
            .find_map(|line| line.strip_prefix(line_start))
            .map_or(0.0, |value| value.trim().parse().expect("a number"))
    }
}

impl<V> Drop for TestServer<V> {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
    }
}
