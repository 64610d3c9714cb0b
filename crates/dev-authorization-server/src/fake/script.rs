//! The state of the fake: what the test wants answered, and what was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::{reply::Reply, request::RecordedRequest};

/// The client that may introspect, and how it must authenticate. A second authentication method in
/// the same request is refused (RFC 6749 §2.3).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> reqwest::Result<()> {
/// use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer};
///
/// let fake = FakeAuthorizationServer::start();
/// fake.require_client(ExpectedClient::basic("mcp", "secret"));
/// let refused = reqwest::Client::new()
///     .post(fake.introspection_url())
///     .basic_auth("mcp", Some("wrong"))
///     .form(&[("token", "good")])
///     .send()
///     .await?;
/// assert_eq!(refused.status(), 401);
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone)]
pub enum ExpectedClient {
    /// `client_secret_basic`: id and secret form-encoded before base64 (RFC 6749 §2.3.1).
    Basic {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
    /// HTTP Basic as many servers read it, without form-decoding.
    RawBasic {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
    /// `client_secret_post`.
    Post {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
    },
}

impl ExpectedClient {
    /// Form-encoded Basic.
    #[must_use]
    pub fn basic(id: &str, secret: &str) -> Self {
        Self::Basic {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }

    fn sent(&self, request: &RecordedRequest) -> bool {
        let posted_secret = request.form_value("client_secret");
        let (sent, expected, other) = match self {
            Self::Basic { id, secret } => (request.basic(), (id, secret), posted_secret.is_some()),
            Self::RawBasic { id, secret } => {
                (request.raw_basic(), (id, secret), posted_secret.is_some())
            }
            Self::Post { id, secret } => (
                request.form_value("client_id").zip(posted_secret),
                (id, secret),
                request.header("authorization").is_some(),
            ),
        };
        !other && sent.is_some_and(|(id, secret)| (&id, &secret) == expected)
    }
}

/// Holds introspections back until it is opened or dropped. Use it to see how many run at once, and
/// what happens to requests that wait.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fake = dev_authorization_server::FakeAuthorizationServer::start();
/// let gate = fake.hold_introspections();
/// let asking = tokio::spawn(reqwest::Client::new().post(fake.introspection_url()).send());
/// fake.wait_for_introspections(1).await;
/// assert!(!asking.is_finished());
/// gate.open();
/// assert_eq!(asking.await??.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Gate {
    permits: Arc<Semaphore>,
}

impl Gate {
    /// Lets this many introspections through, now or when they come.
    pub fn release(&self, count: usize) {
        self.permits.add_permits(count);
    }

    /// Lets all through, from now on.
    pub fn open(self) {
        drop(self);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.permits.close();
    }
}

pub(super) struct Script {
    introspection_path: String,
    state: Mutex<State>,
    arrivals: watch::Sender<usize>,
}

struct State {
    pages: HashMap<String, Reply>,
    tokens: HashMap<String, Reply>,
    default: Reply,
    next: VecDeque<Reply>,
    client: Option<ExpectedClient>,
    refusal: Reply,
    gate: Option<Arc<Semaphore>>,
    requests: Vec<RecordedRequest>,
    unanswered: usize,
    peak: usize,
}

impl Script {
    pub(super) fn new(introspection_path: String) -> Self {
        let state = State {
            pages: HashMap::new(),
            tokens: HashMap::new(),
            default: json!({"active": false}).into(),
            next: VecDeque::new(),
            client: None,
            refusal: Reply::json(401, &json!({"error": "invalid_client"}))
                .with_header("WWW-Authenticate", "Basic realm=\"introspection\""),
            gate: None,
            requests: Vec::new(),
            unanswered: 0,
            peak: 0,
        };
        Self {
            introspection_path,
            state: Mutex::new(state),
            arrivals: watch::Sender::new(0),
        }
    }

    pub(super) fn serve(&self, path: &str, reply: Reply) {
        self.state().pages.insert(path.to_owned(), reply);
    }

    pub(super) fn unserve(&self, path: &str) {
        self.state().pages.remove(path);
    }

    pub(super) fn answer_token(&self, token: &str, reply: Reply) {
        self.state().tokens.insert(token.to_owned(), reply);
    }

    pub(super) fn forget_token(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    pub(super) fn answer_by_default(&self, reply: Reply) {
        self.state().default = reply;
    }

    pub(super) fn answer_next(&self, reply: Reply) {
        self.state().next.push_back(reply);
    }

    pub(super) fn require_client(&self, client: ExpectedClient) {
        self.state().client = Some(client);
    }

    pub(super) fn refuse_clients_with(&self, reply: Reply) {
        self.state().refusal = reply;
    }

    pub(super) fn hold(&self) -> Gate {
        let permits = Arc::new(Semaphore::new(0));
        self.state().gate = Some(Arc::clone(&permits));
        Gate { permits }
    }

    pub(super) fn requests(
        &self,
        wanted: impl Fn(&RecordedRequest) -> bool,
    ) -> Vec<RecordedRequest> {
        let state = self.state();
        state
            .requests
            .iter()
            .filter(|request| wanted(request))
            .cloned()
            .collect()
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<usize> {
        self.arrivals.subscribe()
    }

    pub(super) fn peak(&self) -> usize {
        self.state().peak
    }

    /// Records the request, which counts as unanswered while the returned value lives.
    pub(super) fn exchange(&self, request: RecordedRequest) -> Exchange<'_> {
        let introspection = request.path == self.introspection_path;
        let mut state = self.state();
        state.requests.push(request.clone());
        if introspection {
            state.unanswered += 1;
            state.peak = state.peak.max(state.unanswered);
            self.arrivals.send_modify(|count| *count += 1);
        }
        Exchange {
            script: self,
            request,
            introspection,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that has arrived and is not answered yet.
pub(super) struct Exchange<'a> {
    script: &'a Script,
    request: RecordedRequest,
    introspection: bool,
}

impl Exchange<'_> {
    pub(super) async fn reply(&self) -> Reply {
        if !self.introspection {
            let state = self.script.state();
            let page = state.pages.get(&self.request.path).cloned();
            return page.unwrap_or_else(|| Reply::status(404));
        }
        let gate = self.script.state().gate.clone();
        if let Some(gate) = gate
            && let Ok(permit) = gate.acquire().await
        {
            permit.forget();
        }
        self.script.state().introspect(&self.request)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if self.introspection {
            self.script.state().unanswered -= 1;
        }
    }
}

impl State {
    fn introspect(&mut self, request: &RecordedRequest) -> Reply {
        if let Some(reply) = self.next.pop_front() {
            return reply;
        }
        if request.method != "POST" {
            return Reply::status(405).with_header("Allow", "POST");
        }
        if self
            .client
            .as_ref()
            .is_some_and(|client| !client.sent(request))
        {
            return self.refusal.clone();
        }
        let known = request
            .form_value("token")
            .and_then(|token| self.tokens.get(&token));
        known.unwrap_or(&self.default).clone()
    }
}
