//! The two families of failure: the token is bad, or the authorization server could not say.
//!
//! Nothing lies between them. The private module `answer` alone decides what a client sees of
//! either; an operator sees the `Display` text, in one log line per denied request. Neither ever
//! contains a token or a secret.

use std::time::Duration;

use crate::{
    dpop::problem::ProofProblem, mtls::problem::CertificateProblem, token::scope::Scopes,
    verify::introspection::problem::SignedResponseProblem,
};

/// Why a request was not authorized.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The request or its token is at fault: 400, 401, 403 or 431.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The authorization server could not be asked, or gave no usable answer: 503.
    #[error(transparent)]
    AuthorizationServer(#[from] AuthorizationServerError),
}

/// The request carries no acceptable token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No `Authorization: Bearer` (RFC 6750 §3).
    #[error("no bearer token in the request")]
    NoCredential,
    /// `Bearer` with nothing after it.
    #[error("the scheme Bearer has no token")]
    EmptyCredential,
    /// More than one token or more than one way of sending it (RFC 6750 §2).
    #[error("more than one credential in the request")]
    SeveralCredentials,
    /// Not in the form `token68` (RFC 9110 §11.2).
    #[error("the token has characters that are not allowed in a bearer token")]
    Malformed,
    /// Longer than the limit.
    #[error("the token is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The authorization server says `active: false` (RFC 7662 §2.2): the token is unknown,
    /// expired or revoked, or this resource server is not permitted to introspect it.
    #[error(
        "the authorization server answers active=false: the token is unknown, expired or \
         revoked, or our client is not permitted to introspect it"
    )]
    Inactive,
    /// A revocation concerns it: see [`Revocation`](crate::Revocation).
    #[error("the token was revoked by a logout or by an administrator of this server")]
    Revoked,
    /// The authorization server does not introspect tokens of this type (RFC 7662 and RFC 7009
    /// §2.2.1, `unsupported_token_type`).
    #[error("the authorization server answers unsupported_token_type")]
    UnsupportedType,
    /// Not a signed JWT in the required form (RFC 7515 §7.1, RFC 9068).
    #[error("the token is not a usable JWT: {problem}")]
    InvalidJwt {
        /// What is wrong with it, never quoting it.
        problem: String,
    },
    /// The JWT's `alg` is not among those accepted.
    #[error("the token's signature algorithm {found:?} is not accepted")]
    RefusedAlgorithm {
        /// The token's value, shortened.
        found: String,
    },
    /// None, or more than one, of the authorization server's keys fits the JWT's `alg` and `kid`.
    #[error(
        "the authorization server has no key, or more than one, for alg {algorithm}, kid {kid:?}"
    )]
    UnknownKey {
        /// `alg`.
        algorithm: &'static str,
        /// `kid`, shortened.
        kid: Option<String>,
    },
    /// The JWT's signature was not made with the key that the JWT names.
    #[error("the token's signature is wrong")]
    WrongSignature,
    /// A claim that a JWT must have is missing (RFC 9068 §2.2).
    #[error("the token lacks the claim {claim}")]
    MissingClaim {
        /// The claim's name.
        claim: &'static str,
    },
    /// The userinfo endpoint answers `insufficient_scope`: the token is not meant for it.
    #[error(
        "the userinfo endpoint answers insufficient_scope: the token was issued without the scope \
         openid"
    )]
    NotForUserinfo,
    /// `exp` is not in the future.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is in the future, beyond the leeway.
    #[error("the token is not valid yet (nbf)")]
    NotYetValid,
    /// `iss` names another issuer.
    #[error("the token was issued by {found:?}, not by the configured issuer")]
    WrongIssuer {
        /// The token's value, shortened.
        found: String,
    },
    /// `aud` names only other resources (RFC 8707 §2).
    #[error("the token is for the audience {found:?}, not for this server")]
    WrongAudience {
        /// The token's value, shortened.
        found: String,
    },
    /// There is no `aud`, and no list of client ids to replace it.
    #[error(
        "the token has no audience: have the authorization server add this server's URL as aud, \
         or name the permitted client ids"
    )]
    NoAudience,
    /// A list of client ids is configured and the token's `client_id` is not in it.
    #[error("the token's client {found:?} is not among the permitted client ids")]
    ClientNotAllowed {
        /// The token's value, shortened.
        found: String,
    },
    /// A refresh token, an ID token or a token of unknown type.
    #[error("the token is not an access token: {found:?}")]
    RefusedKind {
        /// The member and value that show it, shortened.
        found: String,
    },
    /// A JWT without the type of an access token (RFC 9068 §2.1), without scopes and roles, when no
    /// scope is required: it may be an ID token.
    #[error(
        "nothing shows that the token is an access token: its typ is not at+jwt, and it has \
         neither scopes nor roles; require a scope that ID tokens lack"
    )]
    UnknownKind,
    /// The token is bound to a key or a certificate (`cnf`, or type DPoP), and this server does not
    /// check that.
    #[error(
        "the token is bound to a key or a certificate (cnf or DPoP), which this server does not check"
    )]
    ProofOfPossession,
    /// Presented as a bearer token, but the token is bound to a key or has to be (RFC 9449 §7.2).
    #[error(
        "the token is presented as a bearer token, without the proof of its key (DPoP) that it \
         needs here"
    )]
    WithoutProof,
    /// Presented with a proof, but bound to no key (RFC 9449 §7.1).
    #[error("the token comes with a proof (DPoP) but is bound to no key")]
    NotBound,
    /// The proof was made with another key than the one that the token is bound to.
    #[error("the proof (DPoP) was made with another key than the one that the token is bound to")]
    OtherKey,
    /// The proof is not good (RFC 9449 §4.3).
    #[error("the DPoP proof is not accepted: {0}")]
    InvalidProof(#[from] ProofProblem),
    /// The proof has no nonce of this server, or an old one; the answer brings a new one (RFC 9449
    /// §9).
    #[error("the DPoP proof lacks a current nonce of this server, which the answer brings")]
    NonceNeeded,
    /// The token is bound to a certificate, but the request shows none (RFC 8705 §3).
    #[error(
        "the token is bound to a client certificate (mutual TLS), but no certificate came with the \
         request"
    )]
    WithoutCertificate,
    /// The token is bound to another certificate than the one that the request shows (RFC 8705 §3).
    #[error("the client certificate is another one than the token is bound to")]
    OtherCertificate,
    /// The token is bound to a certificate, and the one that came with the request does not count.
    #[error("the client certificate that came with the request does not count: {0}")]
    InvalidCertificate(#[from] CertificateProblem),
    /// The token has no `sub`, `username` or `client_id`: nobody is accountable for what it does.
    #[error("the token identifies nobody: it has no subject, user name or client")]
    NoPrincipal,
    /// Scopes are missing (RFC 6750 §3.1).
    #[error("the token lacks a scope: it has \"{granted}\" but needs \"{required}\"")]
    InsufficientScope {
        /// All scopes of the operation.
        required: Scopes,
        /// The scopes of the token.
        granted: Scopes,
    },
}

impl TokenError {
    /// Every value that [`reason`](Self::reason) returns.
    pub(crate) const REASONS: &[&str] = &[
        "no_credential",
        "empty_credential",
        "several_credentials",
        "malformed_token",
        "token_too_long",
        "inactive",
        "revoked",
        "unsupported_token_type",
        "invalid_jwt",
        "refused_algorithm",
        "unknown_key",
        "wrong_signature",
        "missing_claim",
        "not_for_userinfo",
        "expired",
        "not_yet_valid",
        "wrong_issuer",
        "wrong_audience",
        "no_audience",
        "client_not_allowed",
        "refused_kind",
        "proof_of_possession",
        "without_proof",
        "not_bound",
        "other_key",
        "invalid_proof",
        "nonce_needed",
        "without_certificate",
        "other_certificate",
        "invalid_certificate",
        "no_principal",
        "insufficient_scope",
        "unknown_kind",
    ];

    /// A short constant name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::EmptyCredential => "empty_credential",
            Self::SeveralCredentials => "several_credentials",
            Self::Malformed => "malformed_token",
            Self::TooLong { .. } => "token_too_long",
            Self::Inactive => "inactive",
            Self::Revoked => "revoked",
            Self::UnsupportedType => "unsupported_token_type",
            Self::InvalidJwt { .. } => "invalid_jwt",
            Self::RefusedAlgorithm { .. } => "refused_algorithm",
            Self::UnknownKey { .. } => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::MissingClaim { .. } => "missing_claim",
            Self::NotForUserinfo => "not_for_userinfo",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::NoAudience => "no_audience",
            Self::ClientNotAllowed { .. } => "client_not_allowed",
            Self::RefusedKind { .. } => "refused_kind",
            Self::UnknownKind => "unknown_kind",
            Self::ProofOfPossession => "proof_of_possession",
            Self::WithoutProof => "without_proof",
            Self::NotBound => "not_bound",
            Self::OtherKey => "other_key",
            Self::InvalidProof(_) => "invalid_proof",
            Self::NonceNeeded => "nonce_needed",
            Self::WithoutCertificate => "without_certificate",
            Self::OtherCertificate => "other_certificate",
            Self::InvalidCertificate(_) => "invalid_certificate",
            Self::NoPrincipal => "no_principal",
            Self::InsufficientScope { .. } => "insufficient_scope",
        }
    }
}

/// The authorization server could not be asked, or its answer is unusable. This says nothing about
/// the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationServerError {
    /// Its metadata, or its keys, have not been fetched yet.
    #[error("the authorization server's metadata or keys are not known yet: {last_failure}")]
    NotDiscovered {
        /// Why the latest attempt failed.
        last_failure: String,
    },
    /// No connection, or it broke.
    #[error("no answer from the authorization server: {cause}")]
    Unreachable {
        /// The transport's error, without the request.
        cause: String,
    },
    /// No complete answer in time.
    #[error("no answer from the authorization server within {limit:?}")]
    TimedOut {
        /// The time limit for everything.
        limit: Duration,
    },
    /// Too many calls are in flight, and too many wait for their turn.
    #[error(
        "{limit} calls to the authorization server are in flight, and the queue is full: it is too \
         slow for so many unknown tokens"
    )]
    Overloaded {
        /// The limit.
        limit: usize,
    },
    /// The circuit breaker is open after repeated failures.
    #[error("the authorization server failed repeatedly; asking again in {retry_after:?}")]
    CircuitOpen {
        /// The time until the next attempt.
        retry_after: Duration,
    },
    /// A status that does not answer the question.
    #[error("the authorization server answers HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// A redirect, which is never followed: it would send token and secret elsewhere.
    #[error(
        "the authorization server answers with a redirect (HTTP {status}), which is not \
         followed: configure the final URL"
    )]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where to, without query and path parameters, shortened.
        location: Option<String>,
    },
    /// Our own client credentials were refused.
    #[error(
        "the authorization server refuses our client credentials (HTTP {status}): check the \
         client id, its secret, the client authentication method, and that this client may \
         introspect"
    )]
    CredentialsRefused {
        /// The HTTP status.
        status: u16,
    },
    /// HTTP 429.
    #[error("the authorization server limits our rate; asking again in {retry_after:?}")]
    RateLimited {
        /// The time that the server asked for, or a default.
        retry_after: Duration,
    },
    /// The answer is not an introspection response (RFC 7662 §2.2), a set of keys (RFC 7517 §5)
    /// or a userinfo response (OpenID Connect Core §5.3.2).
    #[error("the authorization server's answer is malformed: {cause}")]
    Malformed {
        /// What is wrong with it, never quoting it.
        cause: String,
    },
    /// A signed introspection response is demanded (RFC 9701), and this is none that is good.
    #[error("the authorization server's signed introspection response is not accepted: {0}")]
    SignedResponse(#[from] SignedResponseProblem),
    /// The token's key is not among the known ones, and it is too early to fetch them again. A key
    /// published a moment ago would be missing too.
    #[error("the token's key is not known; the keys can be fetched again in {retry_after:?}")]
    KeyNotFetched {
        /// The time until the next fetch is possible.
        retry_after: Duration,
    },
    /// None of the keys can verify a token (RFC 7517 §5). Such an answer never replaces good keys.
    #[error(
        "the authorization server publishes {published}, but tokens must be signed with {accepted}"
    )]
    NoUsableKey {
        /// What the server publishes.
        published: String,
        /// The accepted algorithms.
        accepted: String,
    },
    /// Our own fault: a task ended without an answer.
    #[error("the verification ended without an answer")]
    Interrupted,
}

impl AuthorizationServerError {
    /// Every value that [`reason`](Self::reason) returns.
    pub(crate) const REASONS: &[&str] = &[
        "not_discovered",
        "unreachable",
        "timed_out",
        "overloaded",
        "circuit_open",
        "status",
        "redirect",
        "credentials_refused",
        "rate_limited",
        "malformed_response",
        "signed_response",
        "interrupted",
        "key_not_fetched",
        "no_usable_key",
    ];

    /// A short constant name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotDiscovered { .. } => "not_discovered",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Overloaded { .. } => "overloaded",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Status { .. } => "status",
            Self::Redirect { .. } => "redirect",
            Self::CredentialsRefused { .. } => "credentials_refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Malformed { .. } => "malformed_response",
            Self::SignedResponse(_) => "signed_response",
            Self::KeyNotFetched { .. } => "key_not_fetched",
            Self::NoUsableKey { .. } => "no_usable_key",
            Self::Interrupted => "interrupted",
        }
    }

    /// When a client should try again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::CircuitOpen { retry_after }
            | Self::RateLimited { retry_after }
            | Self::KeyNotFetched { retry_after } => *retry_after,
            Self::SignedResponse(SignedResponseProblem::NoKeys(_)) => Duration::from_secs(5),
            // A person has to fix these; asking often does not help.
            Self::CredentialsRefused { .. } | Self::Redirect { .. } | Self::SignedResponse(_) => {
                Duration::from_secs(30)
            }
            Self::Overloaded { .. } => Duration::from_secs(1),
            _ => Duration::from_secs(2),
        }
    }
}

impl VerifyError {
    /// Whether a token or a proof was presented that is not good here. A good token that lacks a scope
    /// does not count, and neither does a request without a token or a nonce, with which every client
    /// begins.
    pub(crate) fn is_bad_token(&self) -> bool {
        use TokenError::{InsufficientScope, NoCredential, NonceNeeded};
        matches!(
            self,
            Self::Token(error)
                if !matches!(error, NoCredential | NonceNeeded | InsufficientScope { .. })
        )
    }

    /// Whether an operator should look into it. Tokens that name an unknown key are not worth that,
    /// because anyone can make them up.
    pub(crate) fn is_fault(&self) -> bool {
        use AuthorizationServerError::KeyNotFetched;
        matches!(self, Self::AuthorizationServer(error) if !matches!(error, KeyNotFetched { .. }))
    }

    /// A short constant name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::AuthorizationServer(error) => error.reason(),
        }
    }
}

/// Shortens claims for operators: they are the authorization server's text, and no answer may flood
/// a log line.
pub(crate) fn shortened(text: &str) -> String {
    const LIMIT: usize = 200;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
