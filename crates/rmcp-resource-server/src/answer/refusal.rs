//! The one table from failures to HTTP responses.

use std::time::Duration;

use bytes::Bytes;
use http::{
    Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;

use crate::{
    answer::challenge::{Challenge, without_offline_access},
    dpop::mode::Dpop,
    error::{TokenError, VerifyError},
    limits::LimitExceeded,
    observe::{metrics::FOREIGN_SESSION, request_id::RequestId, trace::TraceId},
    token::{bearer::Scheme, scope::Scopes},
};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not authorized: 400, 401, 403, 431 or 503.
    #[error(transparent)]
    Unverified(VerifyError),
    /// The session is another principal's, or does not exist; the client does not learn which. 404.
    #[error("the session belongs to another principal or does not exist")]
    ForeignSession,
    /// Its principal or its client's address exceeds a limit. 429.
    #[error("{0}")]
    TooMany(LimitExceeded),
}

impl Refusal {
    /// A short constant name, for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unverified(error) => error.reason(),
            Self::ForeignSession => FOREIGN_SESSION,
            Self::TooMany(exceeded) => exceeded.reason(),
        }
    }
}

impl From<LimitExceeded> for Refusal {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::TooMany(exceeded)
    }
}

impl<E: Into<VerifyError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Unverified(error.into())
    }
}

/// Holds the challenges of one resource, built once.
pub(crate) struct Answers {
    bearer: Challenges,
    dpop: Challenges,
    mode: Dpop,
    resource_metadata: String,
    known: Scopes,
}

/// The challenges to a request of one scheme, as the values of `WWW-Authenticate`.
struct Challenges {
    no_credential: Box<[HeaderValue]>,
    invalid_request: Box<[HeaderValue]>,
    invalid_token: Box<[HeaderValue]>,
    invalid_proof: Box<[HeaderValue]>,
    use_nonce: Box<[HeaderValue]>,
}

/// The body of a refusal. It is the same for all causes of one status.
#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'static str,
    request_id: &'a str,
    /// In 5xx bodies only.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

const INVALID_REQUEST: (&str, &str) = (
    "invalid_request",
    "Send one access token, in one Authorization header",
);
const TOKEN_TOO_LONG: (&str, &str) = (
    "token_too_long",
    "The access token is longer than this server accepts, and a new one like it would be too",
);
const INVALID_TOKEN: (&str, &str) = (
    "invalid_token",
    "A valid access token for this resource is required",
);
const INVALID_PROOF: (&str, &str) = (
    "invalid_dpop_proof",
    "A fresh DPoP proof for this request, made with the key of the access token, is required",
);
const USE_NONCE: (&str, &str) = (
    "use_dpop_nonce",
    "Send the request again with a DPoP proof that has the nonce of this answer",
);
const INSUFFICIENT_SCOPE: (&str, &str) = (
    "insufficient_scope",
    "The access token lacks a scope that this request needs",
);
const SESSION_NOT_FOUND: (&str, &str) = (
    "session_not_found",
    "There is no such session; initialize a new one",
);
const TOO_MANY_REQUESTS: (&str, &str) = ("too_many_requests", "Too many requests; try again later");
const UNAVAILABLE: (&str, &str) = (
    "temporarily_unavailable",
    "The access token cannot be checked now; try again later",
);

impl Answers {
    /// `known` are all scopes that mean something to this server: required, optional, and those of
    /// its hierarchy.
    pub(crate) fn new(
        resource_metadata: String,
        required_scopes: &Scopes,
        known: Scopes,
        mode: Dpop,
    ) -> Self {
        let scope = without_offline_access(required_scopes);
        let challenges = |scheme| {
            let challenge = |error| {
                let challenge = Challenge {
                    error,
                    scope: &scope,
                    resource_metadata: &resource_metadata,
                };
                challenge.to_headers(mode, scheme)
            };
            Challenges {
                no_credential: challenge(None),
                invalid_request: challenge(Some(INVALID_REQUEST)),
                invalid_token: challenge(Some(INVALID_TOKEN)),
                invalid_proof: challenge(Some(INVALID_PROOF)),
                use_nonce: challenge(Some(USE_NONCE)),
            }
        };
        Self {
            bearer: challenges(Scheme::Bearer),
            dpop: challenges(Scheme::Dpop),
            mode,
            resource_metadata,
            known,
        }
    }

    /// The response for `refusal` of a request whose credential has this scheme.
    pub(crate) fn respond(
        &self,
        refusal: &Refusal,
        scheme: Scheme,
        request_id: &RequestId,
        trace_id: Option<TraceId>,
    ) -> Response<Bytes> {
        use StatusCode as S;
        let (status, headers, told) = match refusal {
            Refusal::ForeignSession => (S::NOT_FOUND, vec![], SESSION_NOT_FOUND),
            Refusal::TooMany(exceeded) => {
                let header = retry_after(exceeded.retry_after());
                (S::TOO_MANY_REQUESTS, vec![header], TOO_MANY_REQUESTS)
            }
            Refusal::Unverified(VerifyError::AuthorizationServer(error)) => {
                let header = retry_after(error.retry_after());
                (S::SERVICE_UNAVAILABLE, vec![header], UNAVAILABLE)
            }
            Refusal::Unverified(VerifyError::Token(error)) => self.token_refused(error, scheme),
        };
        let trace_id = trace_id.filter(|_| status.is_server_error());
        response(status, headers, told, request_id, trace_id)
    }

    fn token_refused(&self, error: &TokenError, scheme: Scheme) -> Told {
        use StatusCode as S;
        let prepared = match scheme {
            Scheme::Bearer => &self.bearer,
            Scheme::Dpop => &self.dpop,
        };
        let insufficient_scope;
        let (status, challenges, told) = match error {
            // Logging in again would bring a token just as long, so no challenge (RFC 6585 §5).
            TokenError::TooLong { .. } => {
                return (S::REQUEST_HEADER_FIELDS_TOO_LARGE, vec![], TOKEN_TOO_LONG);
            }
            TokenError::NoCredential => (S::UNAUTHORIZED, &prepared.no_credential, INVALID_TOKEN),
            TokenError::EmptyCredential | TokenError::SeveralCredentials => {
                (S::BAD_REQUEST, &prepared.invalid_request, INVALID_REQUEST)
            }
            TokenError::InsufficientScope { required, granted } => {
                insufficient_scope = self.insufficient_scope(required, granted, scheme);
                (S::FORBIDDEN, &insufficient_scope, INSUFFICIENT_SCOPE)
            }
            TokenError::InvalidProof(_) => {
                (S::UNAUTHORIZED, &prepared.invalid_proof, INVALID_PROOF)
            }
            TokenError::NonceNeeded => (S::UNAUTHORIZED, &prepared.use_nonce, USE_NONCE),
            _ => (S::UNAUTHORIZED, &prepared.invalid_token, INVALID_TOKEN),
        };
        let headers = challenges
            .iter()
            .map(|value| (WWW_AUTHENTICATE, value.clone()));
        (status, headers.collect(), told)
    }

    /// Also asks for the scopes that the token already has: a client that requests exactly what it
    /// is told would lose them otherwise (MCP authorization, scope challenge handling). It names
    /// only scopes known here, so no text from the authorization server gets into a header.
    fn insufficient_scope(
        &self,
        required: &Scopes,
        granted: &Scopes,
        scheme: Scheme,
    ) -> Box<[HeaderValue]> {
        let scope = required.union(&self.known.intersection(granted));
        Challenge {
            error: Some(INSUFFICIENT_SCOPE),
            scope: &without_offline_access(&scope),
            resource_metadata: &self.resource_metadata,
        }
        .to_headers(self.mode, scheme)
    }
}

/// In whole seconds, and never 0.
pub(crate) fn retry_after(time: Duration) -> (HeaderName, HeaderValue) {
    let seconds = time.as_millis().div_ceil(1000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    (RETRY_AFTER, seconds.into())
}

/// Status, headers and body of a refusal.
type Told = (
    StatusCode,
    Vec<(HeaderName, HeaderValue)>,
    (&'static str, &'static str),
);

fn response(
    status: StatusCode,
    more: Vec<(HeaderName, HeaderValue)>,
    (error, error_description): (&'static str, &'static str),
    request_id: &RequestId,
    trace_id: Option<TraceId>,
) -> Response<Bytes> {
    let body = Body {
        error,
        error_description,
        request_id: request_id.as_str(),
        trace_id: trace_id.map(|id| id.to_string()),
    };
    let body = serde_json::to_vec(&body).expect("strings are JSON");
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in more {
        headers.append(name, value);
    }
    response
}
