//! Revocations that somebody tells us of, instead of us finding out when a cache entry ends.
//!
//! A mark says who or what is revoked, and when. It is compared with each token on each request,
//! cached or not, and on each open stream, so nothing that was verified before the mark is accepted.
//! Marks are in the memory of one process; replicas tell each other by a shared store, if there is one.

#[cfg(feature = "jwt")]
pub(crate) mod logout;
#[cfg(feature = "jwt")]
pub(crate) mod logout_token;
pub(crate) mod marks;

/// Who or what is revoked, for [`ResourceServer::revoke`](crate::ResourceServer::revoke).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// All tokens of a user, by their `sub`.
    Subject(String),
    /// The tokens of one session at the authorization server, by their `sid` (OpenID Connect
    /// Back-Channel Logout §2.4).
    Session {
        /// The session.
        id: String,
        /// Its user. Tokens of that user that name no session count as tokens of this one.
        subject: Option<String>,
    },
    /// All tokens of a client, by their `client_id`.
    Client(String),
    /// One token, by its [`fingerprint`](crate::AccessToken::fingerprint).
    Token(String),
}

/// Who revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokedBy {
    /// The authorization server, by a logout token.
    AuthorizationServer,
    /// An administrator of this server.
    Administrator,
    /// Somebody told another replica, which told this one by the shared store.
    Replica,
}

impl Revocation {
    /// What kind it is, for logs: `subject`, `session`, `client` or `token`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::Session { .. } => "session",
            Self::Client(_) => "client",
            Self::Token(_) => "token",
        }
    }
}
