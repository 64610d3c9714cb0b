//! What is wrong with a proof.

use std::time::Duration;

/// Why a DPoP proof is not accepted (RFC 9449 §4.3). Its text is for operators: it says what to put
/// right, and contains no part of a proof but its `htu` and `htm`, shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofProblem {
    /// The scheme is `DPoP`, but there is no header `DPoP`.
    #[error("there is no header DPoP")]
    Missing,
    /// There are several headers `DPoP`.
    #[error("there is more than one header DPoP")]
    Several,
    /// Longer than the limit.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Not a signed JWT.
    #[error("it is not a usable JWT: {0}")]
    Malformed(String),
    /// The header's `typ` is not `dpop+jwt`.
    #[error("its typ is not dpop+jwt")]
    WrongType,
    /// The header's `alg` is not among those that the metadata names.
    #[error("its alg is not among those accepted here")]
    RefusedAlgorithm,
    /// The header's `jwk` is no public key, or not one for its `alg`.
    #[error("its jwk is of no use: {0}")]
    UnusableKey(&'static str),
    /// Not signed with the key in its header.
    #[error("its signature was not made with the key in its jwk")]
    WrongSignature,
    /// A claim is missing or has another type.
    #[error("its claim {0} is missing or is not what RFC 9449 requires")]
    MissingClaim(&'static str),
    /// Made for a request with another method.
    #[error("it was made for the method {given:?}, but the request has another")]
    WrongMethod {
        /// `htm`, shortened.
        given: String,
    },
    /// Made for another URL.
    #[error(
        "it was made for {given:?}, not for {expected:?}: clients must use the URL that this server \
         is configured with"
    )]
    WrongUrl {
        /// The configured URL of the resource.
        expected: String,
        /// `htu` without its query, shortened.
        given: String,
    },
    /// Made too long ago.
    #[error(
        "it is {age:?} old, more than {limit:?}: compare the clocks of client and server (NTP)"
    )]
    TooOld {
        /// Its age by this server's clock.
        age: Duration,
        /// The most allowed.
        limit: Duration,
    },
    /// Made in the future.
    #[error(
        "it is from {ahead:?} in the future, more than {limit:?}: compare the clocks of client and \
         server (NTP)"
    )]
    InTheFuture {
        /// How far ahead of this server's clock.
        ahead: Duration,
        /// The most allowed.
        limit: Duration,
    },
    /// Made for another token.
    #[error("its ath is not the hash of the token in the request")]
    OtherToken,
    /// Used before.
    #[error("it was used before")]
    Replayed,
    /// From a time whose proofs are no longer remembered, so it may have been used before.
    #[error(
        "it is from a time whose proofs are no longer remembered: its principal uses very many, or \
         this server's clock was set back"
    )]
    Forgotten,
}
