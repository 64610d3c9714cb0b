//! Sessions that survive the replica that opened them.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use rmcp::transport::streamable_http_server::session::{
    SessionState, SessionStore, SessionStoreError,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    resource_server::ResourceServer,
    revocation::marks::LIFETIME,
    session::owner::OWNER,
    shared_store::{sessions::StoredSessions, store::SharedStore},
    token::{access_token::AccessToken, claims::stored::StoredClaims},
};

/// How often the store is told that a session is in use.
const PROLONG_EVERY: Duration = Duration::from_secs(60);

/// Keeps the sessions of clients with protocol versions before 2026-07-28 in a [`SharedStore`], so that
/// any replica can go on with them. A session that nobody uses is kept there for an hour.
///
/// The store has what a client said when it opened the session, and who it was. A request that gets
/// here has shown its seal already ([`SessionKey`](crate::SessionKey)), so only the principal that
/// opened a session can have it restored. One that a revocation concerns is not restored.
///
/// A restored session starts anew: what the server was about to send on its event stream is lost.
///
/// ```
/// # use std::sync::Arc;
/// # use rmcp::ServerHandler;
/// use rmcp::transport::streamable_http_server::{
///     StreamableHttpServerConfig, StreamableHttpService,
/// };
/// use rmcp_resource_server::{
///     BoundedSessions, Metrics, ResourceServer, SessionLimits, SharedSessions, SharedStore,
/// };
///
/// # struct Notes;
/// # impl ServerHandler for Notes {}
/// fn service(
///     store: &SharedStore,
///     resource_server: &ResourceServer,
/// ) -> StreamableHttpService<Notes, BoundedSessions> {
///     let shared = SharedSessions::new(store, resource_server);
///     let sessions = BoundedSessions::new(SessionLimits::default(), Metrics::default());
///     let mut config = StreamableHttpServerConfig::default();
///     config.session_store = Some(Arc::new(shared.clone()));
///     StreamableHttpService::new(|| Ok(Notes), Arc::new(sessions.shared(shared)), config)
/// }
/// ```
#[derive(Clone)]
pub struct SharedSessions {
    stored: StoredSessions,
    resource_server: ResourceServer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    state: SessionState,
    /// The token that opened it.
    owner: StoredClaims,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// In seconds since 1970.
    opened_at: u64,
}

impl SharedSessions {
    /// Keeps sessions in `store`; `resource_server` knows what was revoked.
    pub fn new(store: &SharedStore, resource_server: &ResourceServer) -> Self {
        Self {
            stored: StoredSessions::new(store),
            resource_server: resource_server.clone(),
        }
    }

    /// Removes a session that must not be restored, in the background.
    pub(crate) fn remove(&self, id: &str) {
        let (stored, id) = (self.stored.clone(), id.to_owned());
        tokio::spawn(async move { stored.delete(&id).await });
    }

    /// The session is in use; `prolonged` says when the store was last told.
    pub(crate) fn prolong(&self, id: &str, prolonged: &mut Instant) {
        if prolonged.elapsed() >= PROLONG_EVERY {
            *prolonged = Instant::now();
            let (stored, id) = (self.stored.clone(), id.to_owned());
            tokio::spawn(async move { stored.prolong(&id).await });
        }
    }

    /// Whether a revocation concerns the token that opened the session.
    fn is_revoked(&self, opened_at: u64, owner: StoredClaims, fingerprint: Option<String>) -> bool {
        let Some(mut claims) = owner.into_claims() else {
            return true;
        };
        let opened_at = SystemTime::UNIX_EPOCH + Duration::from_secs(opened_at);
        let age = self.resource_server.now().duration_since(opened_at);
        // What was revoked earlier is forgotten.
        if age.as_ref().is_ok_and(|age| *age >= LIFETIME) {
            return true;
        }
        let asked_at = self.resource_server.monotonic();
        // What is older than this machine is older than any revocation that we know of.
        claims.asked_at = asked_at.checked_sub(age.unwrap_or_default());
        claims.asked_at.is_none() || self.resource_server.is_concerned(&claims, fingerprint)
    }
}

#[async_trait::async_trait]
impl SessionStore for SharedSessions {
    /// Without the store the session is not found, and its client opens another one.
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(value) = self.stored.load(id).await else {
            return Ok(None);
        };
        let Ok(stored) = serde_json::from_slice::<Stored>(&value) else {
            return Ok(None);
        };
        if self.is_revoked(stored.opened_at, stored.owner, stored.fingerprint) {
            self.remove(id);
            return Ok(None);
        }
        Ok(Some(stored.state))
    }

    /// A session without an owner is not stored: anybody with its id could have it restored.
    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let Ok(token) = OWNER.try_with(AccessToken::clone) else {
            return Ok(());
        };
        let since = (self.resource_server.now()).duration_since(SystemTime::UNIX_EPOCH);
        let stored = Stored {
            state: state.clone(),
            owner: StoredClaims::of(token.claims()),
            fingerprint: token.fingerprint(),
            opened_at: since.map_or(0, |since| since.as_secs()),
        };
        self.stored.store(id, serde_json::to_vec(&stored)?).await;
        Ok(())
    }

    async fn delete(&self, id: &str) -> Result<(), SessionStoreError> {
        self.stored.delete(id).await;
        Ok(())
    }
}

impl fmt::Debug for SharedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSessions").finish_non_exhaustive()
    }
}
