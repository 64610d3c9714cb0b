//! What is wrong with a signed introspection response.

/// Why a signed introspection response is not accepted (RFC 9701). Its text is for operators: it says
/// what to put right, and contains no part of the response but header members and names, shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedResponseProblem {
    /// It is not of the media type that was asked for: the authorization server does not sign its
    /// responses, or not for our client.
    #[error(
        "its Content-Type is {found:?}, not application/token-introspection+jwt: the authorization \
         server does not sign responses for this client"
    )]
    MediaType {
        /// The Content-Type without its parameters, shortened; empty if there is none.
        found: String,
    },
    /// It is encrypted (RFC 7516 §7.1), which is not supported.
    #[error("it is encrypted, which is not supported here")]
    Encrypted,
    /// Not a signed JWT.
    #[error("it is not a usable JWT: {0}")]
    Malformed(String),
    /// The header's `typ` is not `token-introspection+jwt`.
    #[error("it is of another kind, not typ=token-introspection+jwt: {found}")]
    WrongType {
        /// What the header says, shortened.
        found: String,
    },
    /// The header's `alg` is not among those accepted.
    #[error("its signature algorithm {found:?} is not accepted")]
    RefusedAlgorithm {
        /// The header's value, shortened.
        found: String,
    },
    /// None, or more than one, of the authorization server's keys fits.
    #[error(
        "the authorization server publishes no key for it, or more than one: alg {algorithm}, kid \
         {kid:?}"
    )]
    UnknownKey {
        /// `alg`.
        algorithm: &'static str,
        /// `kid`, shortened.
        kid: Option<String>,
    },
    /// The keys cannot be fetched.
    #[error("the keys to verify it are not at hand: {0}")]
    NoKeys(String),
    /// Not signed with the key that it names.
    #[error("its signature is wrong")]
    WrongSignature,
    /// A member is missing or of the wrong type (RFC 9701 §5).
    #[error("its {0} is missing or of the wrong type")]
    Member(&'static str),
    /// Made by another issuer.
    #[error("its issuer {found:?} is not the configured one")]
    WrongIssuer {
        /// `iss`, shortened.
        found: String,
    },
    /// Made for another resource server.
    #[error(
        "it is for {found:?}, not for this server: neither our client id nor an accepted audience \
         is in its aud"
    )]
    WrongAudience {
        /// `aud`, shortened.
        found: String,
    },
    /// Made before the question.
    #[error(
        "it was made {seconds} s before it was asked for: compare the clocks, or it was replayed"
    )]
    TooOld {
        /// By this server's clock.
        seconds: u64,
    },
    /// Made in the future.
    #[error("it is from {seconds} s in the future: compare the clocks")]
    InTheFuture {
        /// By this server's clock.
        seconds: u64,
    },
    /// Its `exp` is not in the future.
    #[error("it has expired")]
    Expired,
}
