//! The one interface between the resource server and whatever knows about tokens.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::VerifyError,
    token::{bearer::BearerToken, claims::Claims},
};

/// Finds out what stands behind a bearer token.
///
/// A verifier establishes that a token is genuine and active, and returns its claims. It need not
/// check issuer, audience, time or scopes: the [`ResourceServer`](crate::ResourceServer) judges
/// those on every request, even when the verifier answers from a cache
/// ([`TokenCache`](crate::TokenCache)).
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use rmcp_resource_server::{BearerToken, Claims, TokenError, TokenVerifier, VerifyError};
/// use serde_json::json;
///
/// /// Knows one token.
/// struct OneToken;
///
/// #[async_trait]
/// impl TokenVerifier for OneToken {
///     async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
///         if token.expose() != "the-one" {
///             return Err(TokenError::Inactive.into());
///         }
///         let claims = json!({"sub": "alice", "aud": "https://notes.example.com/mcp"});
///         let members = claims.as_object().cloned().unwrap_or_default();
///         let claims = Claims::from_members(members).expect("claims of the right types");
///         Ok(Arc::new(claims))
///     }
/// }
/// ```
#[async_trait]
pub trait TokenVerifier: Send + Sync + 'static {
    /// The claims of an active token.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Token`] if the token is bad, usually
    /// [`TokenError::Inactive`](crate::TokenError::Inactive); [`VerifyError::AuthorizationServer`]
    /// if there was no way to find out. The difference decides whether a client gets 401 and
    /// fetches a new token, or 503 and tries again.
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError>;

    /// Whether the token was good when it was last presented, or verifying it costs nobody else
    /// anything. It is then verified even for a client that has exceeded
    /// [`RequestLimits::failures_per_minute`](crate::RequestLimits::failures_per_minute). Default:
    /// no.
    fn was_good(&self, _token: &BearerToken) -> bool {
        false
    }

    /// Forgets what is remembered of the token, because it may have been revoked. The next call of
    /// [`verify`](Self::verify) finds out anew. Default: does nothing, for a verifier without memory.
    async fn forget(&self, _token: &BearerToken) {}

    /// Whether tokens can be verified. An outage of the authorization server does not count:
    /// remembered tokens still work. Default: yes.
    ///
    /// # Errors
    ///
    /// Why they cannot be verified yet, or not any more.
    fn readiness(&self) -> Result<(), Arc<str>> {
        Ok(())
    }

    /// Updates the metric of remembered tokens, for a scrape. Default: does nothing.
    async fn count_cache_entries(&self) {}
}

/// A shared verifier is a verifier, too.
#[async_trait]
impl<V: TokenVerifier + ?Sized> TokenVerifier for Arc<V> {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        (**self).verify(token).await
    }

    fn was_good(&self, token: &BearerToken) -> bool {
        (**self).was_good(token)
    }

    async fn forget(&self, token: &BearerToken) {
        (**self).forget(token).await;
    }

    fn readiness(&self) -> Result<(), Arc<str>> {
        (**self).readiness()
    }

    async fn count_cache_entries(&self) {
        (**self).count_cache_entries().await;
    }
}
