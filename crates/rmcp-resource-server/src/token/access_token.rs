//! The proof that a request is authorized.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use serde_json::Value;

use crate::token::{
    claims::Claims,
    scope::{ScopeHierarchy, Scopes},
};

/// An access token that passed every check of this request: active, of the configured issuer, for
/// this server, in its time, of the right kind, with all required scopes.
///
/// It is made anew for every request and only by a [`ResourceServer`](crate::ResourceServer), so
/// a handler that holds one needs no further check but for scopes of its own
/// ([`has_scope`](Self::has_scope)). It does not hold the token's text.
#[derive(Clone)]
pub struct AccessToken(Arc<Accepted>);

/// A keyed hash of a token's text: tells tokens apart, and gives none away.
pub(crate) type Fingerprint = [u8; 32];

/// Shared by all clones of one request's token: it is passed on some five times.
struct Accepted {
    claims: Arc<Claims>,
    terms: Arc<Terms>,
    /// Stands for a token that names no user.
    fingerprint: OnceLock<Fingerprint>,
    /// Scopes that a handler missed, for the middleware to ask the client for.
    missed: OnceLock<Scopes>,
}

/// What is the same for all access tokens of one resource server, and so behind one counter.
pub(crate) struct Terms {
    pub(crate) issuer: Box<str>,
    pub(crate) hierarchy: ScopeHierarchy,
}

impl Terms {
    pub(crate) fn new(issuer: &str, hierarchy: ScopeHierarchy) -> Arc<Self> {
        let issuer = issuer.into();
        Arc::new(Self { issuer, hierarchy })
    }
}

/// An operation needs scopes that the token lacks.
///
/// In a handler that returns rmcp's [`ErrorData`](rmcp::ErrorData), `?` passes it on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this needs an access token with the scopes \"{needed}\"")]
pub struct InsufficientScope {
    needed: Scopes,
}

impl InsufficientScope {
    /// All scopes that the operation needs, those that the token has among them.
    pub fn needed(&self) -> &Scopes {
        &self.needed
    }
}

impl AccessToken {
    /// For the policy, which is alone in judging claims.
    pub(crate) fn new(claims: Arc<Claims>, terms: Arc<Terms>) -> Self {
        Self(Arc::new(Accepted {
            claims,
            terms,
            fingerprint: OnceLock::new(),
            missed: OnceLock::new(),
        }))
    }

    /// Enters what stands for the token where it names no user.
    pub(crate) fn with_fingerprint(self, fingerprint: impl FnOnce() -> Fingerprint) -> Self {
        if self.subject().is_none() && self.username().is_none() {
            self.0.fingerprint.get_or_init(fingerprint);
        }
        self
    }

    pub(crate) fn fingerprint(&self) -> Option<&Fingerprint> {
        self.0.fingerprint.get()
    }

    /// Scopes that a handler missed.
    pub(crate) fn missed(&self) -> Option<&Scopes> {
        self.0.missed.get()
    }

    /// The authorization server that issued the token: the configured issuer.
    pub fn issuer(&self) -> &str {
        &self.0.terms.issuer
    }

    /// `sub`: whom the token is about (RFC 7662 §2.2). It may be the client itself; see
    /// [`user`](Self::user).
    pub fn subject(&self) -> Option<&str> {
        self.0.claims.subject.as_deref()
    }

    /// The subject, if it is somebody other than the client: a user for whom the client acts. A
    /// client's own token has no `sub`, or its client id for one.
    ///
    /// Some servers give a client an account of its own whose `sub` cannot be told from a user's
    /// (Keycloak's service accounts): see the claims of yours.
    pub fn user(&self) -> Option<&str> {
        self.subject().filter(|sub| Some(*sub) != self.client_id())
    }

    /// `username`: a name for the user that people can read, where the server tells one.
    pub fn username(&self) -> Option<&str> {
        self.0.claims.username.as_deref()
    }

    /// `client_id`: the client that requested the token.
    pub fn client_id(&self) -> Option<&str> {
        self.0.claims.client_id.as_deref()
    }

    /// `aud`: all resources that the token is for.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.0.claims.audience.iter().map(AsRef::as_ref)
    }

    /// The scopes as granted, without those they imply.
    pub fn scopes(&self) -> &Scopes {
        &self.0.claims.scopes
    }

    /// Whether the token has `scope`, itself or by a broader one that implies it. For what is merely
    /// left out without it; [`require_scope`](Self::require_scope) asks the client for it.
    pub fn has_scope(&self, scope: &str) -> bool {
        (self.0.terms.hierarchy).satisfies(&self.0.claims.scopes, scope)
    }

    /// Demands scopes for what a handler is about to do, in addition to those that every request
    /// needs. If some are missing, the client gets 403 with a challenge that names all of them, so
    /// that it can ask its user for more (MCP authorization, step-up; RFC 6750 §3.1).
    ///
    /// A status can be chosen only before the answer begins. So the 403 takes the place of an answer
    /// in JSON (`stateful_mode(false)` and `json_response(true)` of `StreamableHttpService`). In a
    /// session of MCP before 2026-07-28, and wherever else the answer is an event stream, the client
    /// gets the handler's own error: that of [`InsufficientScope`] names the scopes, too.
    ///
    /// ```
    /// use rmcp::{ErrorData, tool, tool_router};
    /// use rmcp_resource_server::AccessToken;
    ///
    /// struct Notes;
    ///
    /// #[tool_router]
    /// impl Notes {
    ///     /// Deletes all notes
    ///     #[tool]
    ///     async fn delete_all(&self, caller: AccessToken) -> Result<String, ErrorData> {
    ///         caller.require_scope("notes:write")?;
    ///         Ok("All notes are gone".to_owned())
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`]: the handler must not go on.
    pub fn require_scopes(&self, scopes: &Scopes) -> Result<(), InsufficientScope> {
        if scopes.iter().all(|scope| self.has_scope(scope)) {
            return Ok(());
        }
        // A second demand of one request adds nothing that the first did not make fail.
        let _ = self.0.missed.set(scopes.clone());
        Err(InsufficientScope {
            needed: scopes.clone(),
        })
    }

    /// Demands one scope, as [`require_scopes`](Self::require_scopes) does.
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`]: the handler must not go on.
    ///
    /// # Panics
    ///
    /// If `scope` is not one scope (RFC 6749 §3.3): a mistake in the program.
    pub fn require_scope(&self, scope: &'static str) -> Result<(), InsufficientScope> {
        let scopes: Scopes = scope.parse().expect("a scope");
        assert!(scopes.contains(scope), "{scope:?} is not one scope");
        self.require_scopes(&scopes)
    }

    /// `exp`: when the token ends, if the server tells.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.claims.expires_at
    }

    /// Another member of the server's answer, for example `realm_access`. `None` for those that
    /// have a method of their own, and for the token itself.
    pub fn claim(&self, member: &str) -> Option<Value> {
        self.0.claims.extra(member)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("issuer", &self.0.terms.issuer)
            .field("subject", &self.0.claims.subject)
            .field("client_id", &self.0.claims.client_id)
            .field("scopes", &self.0.claims.scopes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reader() -> AccessToken {
        let claims = json!({"sub": "alice", "scope": "notes:read"});
        let claims = Claims::from_members(claims.as_object().cloned().expect("an object"));
        AccessToken::new(
            Arc::new(claims.expect("claims")),
            Terms::new("https://as.example.com", ScopeHierarchy::default()),
        )
    }

    #[test]
    fn a_scope_that_is_missing_is_remembered_for_the_challenge() {
        let token = reader();
        assert_eq!(token.require_scope("notes:read"), Ok(()));
        assert_eq!(token.missed(), None);
        let missing = token.require_scope("notes:write").expect_err("missing");
        assert_eq!(missing.needed().to_string(), "notes:write");
        assert_eq!(token.missed(), Some(missing.needed()));
    }

    #[test]
    #[should_panic(expected = "is not one scope")]
    fn a_list_is_not_one_scope() {
        let _ = reader().require_scope("notes:read notes:write");
    }
}
