//! Bounds the number of sessions: rmcp has no maximum, and each session takes some 57 KiB.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_core::Stream;
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{
        RestoreOutcome, ServerSseMessage, SessionId, SessionManager, local::LocalSessionManager,
    },
};
use tokio::time::Instant;

#[cfg(feature = "redis")]
use crate::session::shared::SharedSessions;
use crate::{
    observe::metrics::{GaugeGuard, Metrics},
    resource_server::ResourceServer,
    session::{owner::OWNER, seal::Principal},
    token::access_token::AccessToken,
};

/// How many sessions may be open.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// For one principal. Default: 32.
    pub per_principal: usize,
    /// In total. Default: 1,000, some 57 MiB.
    pub total: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            per_principal: 32,
            total: 1_000,
        }
    }
}

/// A session that has ended, for [`BoundedSessions::on_end`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EndedSession<'s> {
    /// Its id, without seal.
    pub id: &'s str,
    /// The token that opened it, if there is authorization.
    pub token: Option<&'s AccessToken>,
    /// Why it ended.
    pub end: SessionEnd,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Its client asked for it.
    Deleted,
    /// It was idle longest, and there was no room for another one.
    Displaced,
    /// Its token was revoked.
    Revoked,
    /// Nobody used it for long; or, without authorization, for any other reason.
    Idle,
}

/// The type of [`BoundedSessions::on_end`].
pub type SessionHook = Arc<dyn Fn(EndedSession<'_>) + Send + Sync>;

/// rmcp's in-memory sessions, with a maximum. When it is reached, a new session ends the one that
/// has been idle longest: one of the same principal if that principal is at its limit, otherwise
/// one of anybody. The client of an ended session gets 404 and initializes a new one, as MCP
/// specifies.
///
/// ```
/// # use std::sync::Arc;
/// # use rmcp::ServerHandler;
/// use rmcp::transport::streamable_http_server::StreamableHttpService;
/// use rmcp_resource_server::{BoundedSessions, Metrics, SessionLimits};
///
/// # struct Notes;
/// # impl ServerHandler for Notes {}
/// let sessions = BoundedSessions::new(SessionLimits::default(), Metrics::default());
/// let service = StreamableHttpService::new(|| Ok(Notes), Arc::new(sessions), Default::default());
/// # let _ = service;
/// ```
pub struct BoundedSessions {
    inner: LocalSessionManager,
    limits: SessionLimits,
    metrics: Metrics,
    on_end: Option<SessionHook>,
    #[cfg(feature = "redis")]
    shared: Option<SharedSessions>,
    open: Mutex<HashMap<SessionId, Open>>,
}

struct Open {
    owner: Option<String>,
    token: Option<AccessToken>,
    last_used: Instant,
    /// When the shared store was last told that it is in use.
    #[cfg(feature = "redis")]
    prolonged: Instant,
    _counted: GaugeGuard,
}

impl BoundedSessions {
    /// Starts without sessions.
    pub fn new(limits: SessionLimits, metrics: Metrics) -> Self {
        Self {
            inner: LocalSessionManager::default(),
            limits,
            metrics,
            on_end: None,
            #[cfg(feature = "redis")]
            shared: None,
            open: Mutex::default(),
        }
    }

    /// Calls `hook` with each session that ends. It must not block.
    #[must_use]
    pub fn on_end(mut self, hook: SessionHook) -> Self {
        self.on_end = Some(hook);
        self
    }

    /// Restores sessions of other replicas. Give the same value to rmcp, as
    /// `StreamableHttpServerConfig::session_store`.
    #[cfg(feature = "redis")]
    #[must_use]
    pub fn shared(mut self, shared: SharedSessions) -> Self {
        self.shared = Some(shared);
        self
    }

    /// Ends the sessions that a token opened which is now [revoked](ResourceServer::is_revoked).
    pub async fn end_revoked(&self, resource_server: &ResourceServer) {
        let is_revoked = |session: &Open| {
            (session.token.as_ref()).is_some_and(|token| resource_server.is_revoked(token))
        };
        let ended: Vec<_> = (self.open())
            .extract_if(|_id, session| is_revoked(session))
            .collect();
        for (id, session) in ended {
            self.tell(&id, &session, SessionEnd::Revoked);
            // It fails only if the session has ended already.
            let _ = self.inner.close_session(&id).await;
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters `id`, and returns the session that must end to make room, if any.
    fn admit(&self, id: SessionId, token: Option<AccessToken>) -> Option<(SessionId, Open)> {
        let owner = token
            .as_ref()
            .and_then(Principal::of)
            .map(|owner| owner.name());
        let mut open = self.open();
        let held = |session: &Open| owner.is_some() && session.owner == owner;
        let at_own_limit =
            open.values().filter(|session| held(session)).count() >= self.limits.per_principal;
        let surplus = (at_own_limit || open.len() >= self.limits.total)
            .then(|| {
                open.iter()
                    .filter(|(_, session)| !at_own_limit || held(session))
                    .min_by_key(|(_, session)| session.last_used)
                    .map(|(id, _)| id.clone())
            })
            .flatten()
            .and_then(|surplus| open.remove_entry(&surplus));
        let session = Open {
            owner,
            token,
            last_used: Instant::now(),
            #[cfg(feature = "redis")]
            prolonged: Instant::now(),
            _counted: self.metrics.session(),
        };
        open.insert(id, session);
        surplus
    }

    /// Ends the session that must make room, if any.
    async fn make_room(
        &self,
        surplus: Option<(SessionId, Open)>,
    ) -> Result<(), <LocalSessionManager as SessionManager>::Error> {
        let Some((surplus, session)) = surplus else {
            return Ok(());
        };
        self.tell(&surplus, &session, SessionEnd::Displaced);
        tracing::info!("the session that was idle longest was ended to admit another one");
        self.inner.close_session(&surplus).await
    }

    fn tell(&self, id: &SessionId, session: &Open, end: SessionEnd) {
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared
            && end != SessionEnd::Idle
        {
            shared.remove(id);
        }
        if let Some(on_end) = &self.on_end {
            on_end(EndedSession {
                id,
                token: session.token.as_ref(),
                end,
            });
        }
    }
}

impl SessionManager for BoundedSessions {
    type Error = <LocalSessionManager as SessionManager>::Error;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let token = OWNER.try_with(AccessToken::clone).ok();
        let (id, transport) = self.inner.create_session().await?;
        self.make_room(self.admit(id.clone(), token)).await?;
        Ok((id, transport))
    }

    async fn restore_session(
        &self,
        id: SessionId,
    ) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        let token = OWNER.try_with(AccessToken::clone).ok();
        let outcome = self.inner.restore_session(id.clone()).await?;
        if matches!(outcome, RestoreOutcome::Restored(_)) {
            self.make_room(self.admit(id, token)).await?;
        }
        Ok(outcome)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        if let Some(session) = self.open().get_mut(id) {
            session.last_used = Instant::now();
            #[cfg(feature = "redis")]
            if let Some(shared) = &self.shared {
                shared.prolong(id, &mut session.prolonged);
            }
        }
        self.inner.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        let session = self.open().remove(id);
        if let Some(session) = session {
            let end = match OWNER.try_with(|_token| ()) {
                Ok(()) => SessionEnd::Deleted,
                Err(_) => SessionEnd::Idle,
            };
            self.tell(id, &session, end);
        }
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_stream(id, message).await
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.inner.resume(id, last_event_id).await
    }
}

impl fmt::Debug for BoundedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSessions")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{token::access_token::Terms, token::claims::Claims, token::scope::ScopeHierarchy};

    fn sessions(per_principal: usize, total: usize) -> BoundedSessions {
        BoundedSessions::new(
            SessionLimits {
                per_principal,
                total,
            },
            Metrics::default(),
        )
    }

    async fn create(sessions: &BoundedSessions, owner: Option<&str>) -> SessionId {
        let created = match owner {
            Some(owner) => {
                OWNER
                    .scope(token_of(owner), sessions.create_session())
                    .await
            }
            None => sessions.create_session().await,
        };
        created.expect("created").0
    }

    fn token_of(subject: &str) -> AccessToken {
        let claims = json!({"sub": subject}).as_object().cloned();
        AccessToken::new(
            Arc::new(Claims::from_members(claims.expect("an object")).expect("claims")),
            Terms::new("https://as.example.com", ScopeHierarchy::default()),
        )
    }

    async fn which_live(sessions: &BoundedSessions, ids: &[&SessionId]) -> Vec<bool> {
        let mut live = Vec::new();
        for id in ids {
            live.push(sessions.inner.has_session(id).await.expect("answers"));
        }
        live
    }

    #[tokio::test(start_paused = true)]
    async fn a_principal_at_its_limit_loses_its_own_idlest() {
        let sessions = sessions(2, 100);
        let bob = create(&sessions, Some("bob")).await;
        let first = create(&sessions, Some("alice")).await;
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let second = create(&sessions, Some("alice")).await;
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert!(sessions.has_session(&first).await.expect("answers"));
        let third = create(&sessions, Some("alice")).await;
        assert_eq!(
            which_live(&sessions, &[&bob, &first, &second, &third]).await,
            [true, true, false, true]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_have_a_limit_too() {
        let sessions = sessions(2, 3);
        let mut ids = Vec::new();
        for owner in [None, None, None, Some("alice")] {
            ids.push(create(&sessions, owner).await);
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
        }
        let ids: Vec<_> = ids.iter().collect();
        assert_eq!(which_live(&sessions, &ids).await, [false, true, true, true]);
        sessions.close_session(ids[1]).await.expect("closed");
        assert_eq!(sessions.open().len(), 2);
    }
}
