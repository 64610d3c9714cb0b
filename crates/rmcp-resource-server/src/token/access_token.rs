//! The proof that a request is authorized.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::token::{
    binding::{Bound, Thumbprint},
    claims::Claims,
    scope::{ScopeHierarchy, Scopes},
};

/// An access token that passed every check for this request: active, from the configured issuer,
/// for this server, within its validity period, of the right kind, with all required scopes.
///
/// Only a [`ResourceServer`](crate::ResourceServer) creates it, anew for every request, so a
/// handler that holds one needs no further check except for scopes of its own
/// ([`has_scope`](Self::has_scope)). It does not contain the token's text.
#[derive(Clone)]
pub struct AccessToken(Arc<Accepted>);

/// A keyed hash of a token's text: distinguishes tokens without revealing them.
pub(crate) type Fingerprint = [u8; 32];

/// A fingerprint as operators see it.
pub(crate) fn shown(fingerprint: &Fingerprint) -> String {
    HEXLOWER.encode(&fingerprint[..16])
}

/// Shared by all clones of one request's token, which is passed on some five times.
struct Accepted {
    claims: Arc<Claims>,
    terms: Arc<Terms>,
    /// Stands in for the user if the token names none.
    fingerprint: OnceLock<Fingerprint>,
    /// Scopes that a handler found missing, for the middleware to ask the client for.
    missed: OnceLock<Scopes>,
}

/// What all access tokens of one resource server share, behind one reference count.
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
    /// All scopes that the operation needs, including those that the token has.
    pub fn needed(&self) -> &Scopes {
        &self.needed
    }
}

impl AccessToken {
    /// For the policy, which alone judges claims.
    pub(crate) fn new(claims: Arc<Claims>, terms: Arc<Terms>) -> Self {
        Self(Arc::new(Accepted {
            claims,
            terms,
            fingerprint: OnceLock::new(),
            missed: OnceLock::new(),
        }))
    }

    /// Sets the fingerprint if it is wanted, or if the token names no user.
    pub(crate) fn with_fingerprint(
        self,
        is_wanted: bool,
        fingerprint: impl FnOnce() -> Fingerprint,
    ) -> Self {
        if is_wanted || self.subject().is_none() && self.username().is_none() {
            self.0.fingerprint.get_or_init(fingerprint);
        }
        self
    }

    pub(crate) fn stand_in(&self) -> Option<&Fingerprint> {
        self.0.fingerprint.get()
    }

    /// Tells two tokens apart without revealing them: 32 hexadecimal digits, keyed by the
    /// [`SessionKey`](crate::SessionKey). For audit logs; there only if
    /// [`ResourceServerConfig::fingerprints`](crate::ResourceServerConfig::fingerprints) is set, or if
    /// the token names no user.
    pub fn fingerprint(&self) -> Option<String> {
        self.stand_in().map(shown)
    }

    /// The user's session at the authorization server, `sid`.
    pub fn session_id(&self) -> Option<&str> {
        self.0.claims.session.as_deref()
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.0.claims
    }

    /// Scopes that a handler found missing.
    pub(crate) fn missed(&self) -> Option<&Scopes> {
        self.0.missed.get()
    }

    /// The authorization server that issued the token: the configured issuer.
    pub fn issuer(&self) -> &str {
        &self.0.terms.issuer
    }

    /// `sub`: the subject of the token (RFC 7662 §2.2). It may be the client itself; see
    /// [`user`](Self::user).
    pub fn subject(&self) -> Option<&str> {
        self.0.claims.subject.as_deref()
    }

    /// The subject, if it is not the client itself: a user for whom the client acts. A client's own
    /// token has no `sub`, or has its client id there.
    ///
    /// Some servers give a client its own account, whose `sub` looks like a user's (Keycloak's
    /// service accounts): check the claims of your server.
    pub fn user(&self) -> Option<&str> {
        self.subject().filter(|sub| Some(*sub) != self.client_id())
    }

    /// `username`: a human-readable name for the user, if the server sends one.
    pub fn username(&self) -> Option<&str> {
        self.0.claims.username.as_deref()
    }

    /// `client_id`: the client that requested the token.
    pub fn client_id(&self) -> Option<&str> {
        self.0.claims.client_id.as_deref()
    }

    /// `aud`: all resources that the token is meant for.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.0.claims.audience.iter().map(AsRef::as_ref)
    }

    /// The scopes as granted, without those that they imply.
    pub fn scopes(&self) -> &Scopes {
        &self.0.claims.scopes
    }

    /// Whether the token has `scope`, directly or through a broader one that implies it. For output
    /// that is merely left out without it; [`require_scope`](Self::require_scope) asks the client
    /// for it.
    pub fn has_scope(&self, scope: &str) -> bool {
        (self.0.terms.hierarchy).satisfies(&self.0.claims.scopes, scope)
    }

    /// Requires scopes for what a handler is about to do, in addition to those that every request
    /// needs. If any are missing, the client gets 403 with a challenge that names all of them, so
    /// that it can ask its user for more (MCP authorization, step-up; RFC 6750 §3.1).
    ///
    /// The status can be chosen only before the answer begins, so the 403 can replace only an
    /// answer in JSON (`with_legacy_session_mode(false)` and `with_json_response(true)` of
    /// `StreamableHttpServerConfig`). In a session of MCP before 2026-07-28, and wherever else the
    /// answer is an event stream, the client gets the handler's own error. The one made from
    /// [`InsufficientScope`] names the scopes, too.
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
    /// [`InsufficientScope`]: the handler must not continue.
    pub fn require_scopes(&self, scopes: &Scopes) -> Result<(), InsufficientScope> {
        if scopes.iter().all(|scope| self.has_scope(scope)) {
            return Ok(());
        }
        // Only the first missing set counts: it already fails the request.
        let _ = self.0.missed.set(scopes.clone());
        Err(InsufficientScope {
            needed: scopes.clone(),
        })
    }

    /// Requires one scope, like [`require_scopes`](Self::require_scopes).
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`]: the handler must not continue.
    ///
    /// # Panics
    ///
    /// If `scope` is not a single scope (RFC 6749 §3.3): a mistake in the program.
    pub fn require_scope(&self, scope: &'static str) -> Result<(), InsufficientScope> {
        let scopes: Scopes = scope.parse().expect("a scope");
        assert!(scopes.contains(scope), "{scope:?} is not one scope");
        self.require_scopes(&scopes)
    }

    /// `exp`: when the token expires, if the server says so.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.claims.expires_at
    }

    /// The key to which the token is bound, and which the client has proved to have: the base64url
    /// SHA-256 thumbprint of the public key (`jkt`, RFC 9449 §6.1). `None` for a bearer token.
    pub fn key_thumbprint(&self) -> Option<String> {
        self.bound().key.as_ref().map(Thumbprint::to_string)
    }

    /// The certificate to which the token is bound, and which the client has shown: its base64url
    /// SHA-256 thumbprint (`x5t#S256`, RFC 8705 §3.1). `None` for a token without that binding, even
    /// if its client has a certificate.
    pub fn certificate_thumbprint(&self) -> Option<String> {
        self.bound().certificate.as_ref().map(Thumbprint::to_string)
    }

    pub(crate) fn bound(&self) -> Bound {
        self.0.claims.binding.bound()
    }

    /// Another member of the server's answer, for example `realm_access`. `None` for members that
    /// have their own method, and for the token itself.
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
