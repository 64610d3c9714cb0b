//! One check: what was found, what was wanted, and why it failed.

use std::fmt;

use serde::Serialize;

use crate::error::{AuthorizationServerError, TokenError, VerifyError};

/// The results, in the order of the checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// About the authorization server and this server's account there.
    pub server: Vec<Check>,
    /// About the token. Empty if none was given.
    pub token: Vec<Check>,
}

impl Diagnosis {
    /// Whether no check failed.
    pub fn is_healthy(&self) -> bool {
        let mut checks = self.server.iter().chain(&self.token);
        checks.all(|check| check.outcome != Outcome::Failed)
    }
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// A short constant name. A check of a claim has the claim's name.
    pub name: &'static str,
    /// How the check went.
    pub outcome: Outcome,
    /// What was found. Text from outside is quoted and shortened.
    pub found: String,
    /// What was wanted.
    pub wanted: String,
    /// Why it failed, or what the warning is about.
    pub cause: Option<Cause>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As wanted.
    Passed,
    /// Tokens can still be accepted.
    Warning,
    /// Tokens, or this token, cannot be accepted.
    Failed,
    /// It could not be checked, or does not matter here.
    Skipped,
}

/// Why a check failed or warns, as far as that determines the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing listens there.
    ConnectionRefused,
    /// The host name cannot be resolved.
    UnknownHost,
    /// The CA that issued the certificate is not trusted.
    UntrustedCertificate,
    /// The server presents a CA certificate, often a self-signed one, as its own (RFC 5280
    /// §4.2.1.9).
    CaCertificate,
    /// The certificate is for another host, out of date, or unusable for another reason.
    WrongCertificate,
    /// What listens there does not speak TLS.
    NotTls,
    /// The connection fails in another way, or no answer comes in time.
    NoAnswer,
    /// No metadata at any of the URLs.
    NoMetadata,
    /// The metadata names another issuer.
    OtherIssuer {
        /// The issuer in the metadata, shortened.
        found: String,
    },
    /// The metadata does not name this endpoint.
    NoEndpoint {
        /// The member of the metadata.
        member: &'static str,
    },
    /// The metadata names an endpoint URL that is not accepted.
    UnusableEndpoint,
    /// The clocks of the two servers differ.
    ClockSkew,
    /// The client authentication method is not among those advertised.
    MethodNotAdvertised {
        /// The advertised methods.
        advertised: Vec<String>,
    },
    /// The endpoint reports a random text as an active token.
    AcceptsAnything,
    /// A deliberately wrong secret gets the same answer as the configured one.
    CredentialsNotRefused,
    /// The request with a deliberately wrong secret got no answer to compare.
    CredentialsNotCompared,
    /// No key of the authorization server can be used for the accepted algorithms.
    NoUsableKey,
    /// The keys for something other than tokens cannot be found or fetched.
    NoKeys,
    /// The metadata does not say that the authorization server does this.
    NotAdvertised {
        /// The member of the metadata that would say so.
        member: &'static str,
    },
    /// The store that replicas share cannot be used.
    SharedStore,
    /// Nothing shows for whom a token was issued.
    UnboundTokens,
    /// The authorization server could not answer.
    AuthorizationServer(AuthorizationServerError),
    /// The token is bad.
    Token(TokenError),
    /// The token is reported inactive, which has several possible causes.
    Inactive {
        /// Our client id; empty if there is none.
        client_id: String,
        /// Whether a wrong secret would have got another answer.
        credentials_accepted: bool,
    },
    /// The token is reported inactive. Its own payload, which is not verified, looks good except
    /// for the audience: our client is not in it.
    InactiveForAudience {
        /// Our client id.
        client_id: String,
    },
    /// The token is reported inactive, and its own payload names another issuer.
    InactiveOfIssuer {
        /// The issuer in the payload, shortened.
        found: String,
    },
    /// The token is reported inactive, and its own payload says that it has expired.
    InactiveSinceExpiry,
    /// The answer does not say what kind of token this is, and no scope is required.
    UntoldKind {
        /// Whether the token has a scope, as ID tokens and refresh tokens seldom do.
        has_scope: bool,
    },
    /// The audience that matched is the client's own id, as in its ID tokens, and no scope is
    /// required.
    AudienceIsClient {
        /// The client that the token was issued to, shortened.
        client_id: String,
    },
    /// `aud` names only others (RFC 8707 §2).
    OtherAudience {
        /// The audiences that it names, each shortened.
        audience: Vec<String>,
        /// The client that the token was issued to, shortened.
        issued_to: Option<String>,
        /// The id of this server's own client; empty if there is none.
        own_client_id: String,
        /// Whether `aud` repeats the scopes.
        is_scope: bool,
    },
    /// The token is not in the form of a JWT: it is opaque.
    OpaqueToken,
    /// The token has five parts: it is encrypted for someone else (JWE).
    EncryptedToken,
}

impl Check {
    pub(crate) fn passed(
        name: &'static str,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        Self::new(name, Outcome::Passed, found, wanted, None)
    }

    pub(crate) fn warning(
        name: &'static str,
        found: impl Into<String>,
        wanted: impl Into<String>,
        cause: Cause,
    ) -> Self {
        Self::new(name, Outcome::Warning, found, wanted, Some(cause))
    }

    pub(crate) fn failed(
        name: &'static str,
        found: impl Into<String>,
        wanted: impl Into<String>,
        cause: Cause,
    ) -> Self {
        Self::new(name, Outcome::Failed, found, wanted, Some(cause))
    }

    pub(crate) fn skipped(
        name: &'static str,
        found: impl Into<String>,
        wanted: impl Into<String>,
    ) -> Self {
        Self::new(name, Outcome::Skipped, found, wanted, None)
    }

    /// A check that passed or failed, as `result` says.
    pub(crate) fn judged(
        name: &'static str,
        found: impl Into<String>,
        wanted: impl Into<String>,
        result: Result<(), TokenError>,
    ) -> Self {
        match result {
            Ok(()) => Self::passed(name, found, wanted),
            Err(error) => Self::failed(name, found, wanted, Cause::Token(error)),
        }
    }

    /// Turns a failure into a warning if `needless` says that nothing depends on it.
    pub(crate) fn unless_needless(mut self, needless: bool) -> Self {
        if needless && self.outcome == Outcome::Failed {
            self.outcome = Outcome::Warning;
        }
        self
    }

    fn new(
        name: &'static str,
        outcome: Outcome,
        found: impl Into<String>,
        wanted: impl Into<String>,
        cause: Option<Cause>,
    ) -> Self {
        Self {
            name,
            outcome,
            found: found.into(),
            wanted: wanted.into(),
            cause,
        }
    }
}

impl From<VerifyError> for Cause {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Token(error) => Self::Token(error),
            VerifyError::AuthorizationServer(error) => Self::AuthorizationServer(error),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        })
    }
}
