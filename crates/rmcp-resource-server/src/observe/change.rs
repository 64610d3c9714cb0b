//! What an operator's records should say about the authorization server and our account there.

use std::sync::Arc;

/// Something that decides about tokens is not what it was. For
/// [`AuthorizationServer::on_change`](crate::AuthorizationServer::on_change).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The files of our client credentials have new content, which is used from now on.
    CredentialsRotated,
    /// The authorization server's keys were fetched; so many can verify tokens.
    KeysFetched(usize),
    /// The authorization server's metadata names another endpoint, which is asked from now on.
    EndpointMoved,
}

/// The type of [`AuthorizationServer::on_change`](crate::AuthorizationServer::on_change).
pub type ChangeHook = Arc<dyn Fn(Change) + Send + Sync>;
