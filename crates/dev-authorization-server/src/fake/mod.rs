//! The scripted authorization server.

mod connection;
mod metadata;
mod reply;
mod request;
mod script;
#[cfg(test)]
mod tests;

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::timeout;

pub use self::{
    metadata::MetadataForm,
    reply::Reply,
    request::RecordedRequest,
    script::{ExpectedClient, Gate},
};
use self::{metadata::MetadataUrls, script::Script};
use crate::{
    clock::unix_now,
    server_thread::{ServerThread, listen},
};

/// How long a test waits for a request that does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// An authorization server that gives the answers set by the test, and records what it was asked.
///
/// Every method takes `&self` and takes effect from the next request. By default it serves valid
/// metadata (RFC 8414) at every form of its URL and answers every introspection (RFC 7662) with
/// `{"active":false}`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use dev_authorization_server::{FakeAuthorizationServer, Reply};
///
/// let fake = FakeAuthorizationServer::start();
/// fake.answer_token("good", fake.active_claims("http://127.0.0.1:8000/mcp", "mcp:tools"));
/// fake.answer_next(Reply::status(503));
///
/// // What the server under test would send. The first answer is the one that was queued.
/// let http = reqwest::Client::new();
/// let ask = || http.post(fake.introspection_url()).form(&[("token", "good")]).send();
/// assert_eq!(ask().await?.status(), 503);
/// assert_eq!(ask().await?.json::<serde_json::Value>().await?["sub"], "alice");
///
/// assert_eq!(fake.introspection_count(), 2);
/// let asked = &fake.introspections()[1];
/// assert_eq!(asked.form_value("token").as_deref(), Some("good"));
/// # Ok(())
/// # }
/// ```
pub struct FakeAuthorizationServer {
    address: SocketAddr,
    urls: MetadataUrls,
    introspection_path: String,
    script: Arc<Script>,
    running: Mutex<Option<ServerThread>>,
}

/// Where a [`FakeAuthorizationServer`] listens and what its URLs look like.
///
/// ```
/// use dev_authorization_server::{FakeAuthorizationServer, FakeConfig, MetadataForm};
///
/// // As with Keycloak: a path in the issuer, and metadata at one URL only.
/// let fake = FakeAuthorizationServer::start_with(FakeConfig {
///     issuer_path: "/realms/mcp".to_owned(),
///     metadata: vec![MetadataForm::OpenIdAppended],
///     ..FakeConfig::default()
/// });
/// assert!(fake.issuer().ends_with("/realms/mcp"));
/// ```
pub struct FakeConfig {
    /// The port; 0 picks a free one.
    pub port: u16,
    /// The issuer's path: empty, or like `/realms/mcp`.
    pub issuer_path: String,
    /// The path of the introspection endpoint.
    pub introspection_path: String,
    /// The forms of the metadata URL that are served initially.
    pub metadata: Vec<MetadataForm>,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            port: 0,
            issuer_path: String::new(),
            introspection_path: "/introspect".to_owned(),
            metadata: MetadataForm::ALL.to_vec(),
        }
    }
}

impl FakeAuthorizationServer {
    /// Starts with the default [`FakeConfig`].
    ///
    /// # Panics
    ///
    /// If no port is available.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(FakeConfig::default())
    }

    /// Starts with this configuration.
    ///
    /// # Panics
    ///
    /// If the port is not available.
    #[must_use]
    pub fn start_with(config: FakeConfig) -> Self {
        let listener = listen(config.port).expect("the port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let fake = Self {
            address,
            urls: MetadataUrls::new(format!("http://{address}"), config.issuer_path),
            script: Arc::new(Script::new(config.introspection_path.clone())),
            introspection_path: config.introspection_path,
            running: Mutex::new(None),
        };
        for form in config.metadata {
            fake.serve_metadata(form, fake.metadata());
        }
        fake.run(listener);
        fake
    }

    /// The issuer, as in the metadata.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.urls.issuer()
    }

    /// The address where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An absolute URL of this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The absolute URL of the introspection endpoint.
    #[must_use]
    pub fn introspection_url(&self) -> String {
        self.url(&self.introspection_path)
    }

    /// Frees the port and cuts every connection; the script and the records are kept. Use it to
    /// test an outage:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> reqwest::Result<()> {
    /// let fake = dev_authorization_server::FakeAuthorizationServer::start();
    /// fake.stop().await;
    /// assert!(reqwest::get(fake.issuer()).await.is_err());
    /// fake.restart();
    /// assert_eq!(reqwest::get(fake.issuer()).await?.status(), 404);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop(&self) {
        let thread = self.thread().take();
        if let Some(thread) = thread {
            thread.stop().await;
        }
    }

    /// Listens again on the same port, after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// If it was not stopped, or if something else took the port.
    pub fn restart(&self) {
        let listener = listen(self.address.port()).expect("the port is still free");
        self.run(listener);
    }

    fn run(&self, listener: TcpListener) {
        let script = Arc::clone(&self.script);
        let thread = ServerThread::spawn(move |shutdown| {
            connection::serve(listener, script, shutdown).expect("the fake serves connections");
        });
        *self.thread() = Some(thread.expect("a thread can be started"));
    }

    fn thread(&self) -> MutexGuard<'_, Option<ServerThread>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets the answers.
impl FakeAuthorizationServer {
    /// The valid metadata document, for a test to change or to serve elsewhere.
    #[must_use]
    pub fn metadata(&self) -> Value {
        self.urls.document(&self.introspection_url())
    }

    /// The path where clients look for metadata of this form.
    #[must_use]
    pub fn metadata_path(&self, form: MetadataForm) -> String {
        self.urls.path(form)
    }

    /// Serves this reply at one form of the metadata URL.
    pub fn serve_metadata(&self, form: MetadataForm, reply: impl Into<Reply>) {
        self.serve(&self.metadata_path(form), reply);
    }

    /// Answers 404 at every form of the metadata URL.
    pub fn hide_metadata(&self) {
        for form in MetadataForm::ALL {
            self.unserve(&self.metadata_path(form));
        }
    }

    /// Serves another path (JWKS, user info, ...) for every method; queries are ignored.
    ///
    /// ```
    /// use dev_authorization_server::{FakeAuthorizationServer, SigningKey, jwks};
    ///
    /// let fake = FakeAuthorizationServer::start();
    /// let key = SigningKey::new("ES256", "key-1");
    /// fake.serve("/jwks", jwks(&[&key]));
    /// ```
    pub fn serve(&self, path: &str, reply: impl Into<Reply>) {
        self.script.serve(path, reply.into());
    }

    /// Answers 404 at this path.
    pub fn unserve(&self, path: &str) {
        self.script.unserve(path);
    }

    /// Sets the answer to introspections of this token: JSON claims, or a [`Reply`].
    pub fn answer_token(&self, token: &str, reply: impl Into<Reply>) {
        self.script.answer_token(token, reply.into());
    }

    /// Undoes [`answer_token`](Self::answer_token), as a revocation would (RFC 7009).
    pub fn forget_token(&self, token: &str) {
        self.script.forget_token(token);
    }

    /// Sets the answer to introspections of all other tokens; initially `{"active":false}`.
    pub fn answer_by_default(&self, reply: impl Into<Reply>) {
        self.script.answer_by_default(reply.into());
    }

    /// Sets the answer to one introspection, whatever its token and credentials. Calls queue up.
    pub fn answer_next(&self, reply: impl Into<Reply>) {
        self.script.answer_next(reply.into());
    }

    /// From now on answers 401 `invalid_client` to any other client; call it again to rotate the
    /// secret. Initially, every client is accepted.
    pub fn require_client(&self, client: ExpectedClient) {
        self.script.require_client(client);
    }

    /// Sets the answer to any client but the [required](Self::require_client) one. Real servers
    /// differ here: 401 with or without a body, 403 with HTML, or 200 `{"active":false}`.
    pub fn refuse_clients_with(&self, reply: impl Into<Reply>) {
        self.script.refuse_clients_with(reply.into());
    }

    /// Keeps introspections waiting, recorded but unanswered, until the gate opens or is dropped;
    /// see [`Gate`].
    #[must_use]
    pub fn hold_introspections(&self) -> Gate {
        self.script.hold()
    }

    /// Claims that a resource server should accept: `alice` through client `client`, for ten
    /// minutes. Change members to get claims that it should refuse:
    ///
    /// ```
    /// # let fake = dev_authorization_server::FakeAuthorizationServer::start();
    /// let mut expired = fake.active_claims("http://127.0.0.1:8000/mcp", "mcp:tools");
    /// expired["exp"] = 1_700_000_000.into();
    /// fake.answer_token("expired", expired);
    /// ```
    #[must_use]
    pub fn active_claims(&self, audience: &str, scope: &str) -> Value {
        let now = unix_now();
        json!({
            "active": true,
            "iss": self.issuer(),
            "sub": "alice",
            "client_id": "client",
            "aud": audience,
            "scope": scope,
            "iat": now,
            "exp": now + 600,
            "token_type": "Bearer",
        })
    }
}

/// Shows what it was asked.
impl FakeAuthorizationServer {
    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.script.requests(|_| true)
    }

    /// Every request so far at this path.
    #[must_use]
    pub fn requests_at(&self, path: &str) -> Vec<RecordedRequest> {
        self.script.requests(|request| request.path == path)
    }

    /// Every introspection so far.
    #[must_use]
    pub fn introspections(&self) -> Vec<RecordedRequest> {
        self.requests_at(&self.introspection_path)
    }

    /// How many introspections have arrived, answered or not.
    #[must_use]
    pub fn introspection_count(&self) -> usize {
        self.script.arrivals().borrow().to_owned()
    }

    /// The largest number of introspections that were unanswered at the same time.
    #[must_use]
    pub fn peak_introspections(&self) -> usize {
        self.script.peak()
    }

    /// Waits until `count` introspections in total have arrived.
    ///
    /// # Panics
    ///
    /// If they have not arrived after ten seconds.
    pub async fn wait_for_introspections(&self, count: usize) {
        let mut arrivals = self.script.arrivals();
        let arrived = timeout(PATIENCE, arrivals.wait_for(|arrived| *arrived >= count))
            .await
            .map(|_| ());
        assert!(
            arrived.is_ok(),
            "{} introspections arrived, not {count}",
            self.introspection_count()
        );
    }
}
