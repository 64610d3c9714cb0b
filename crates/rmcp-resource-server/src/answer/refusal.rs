//! The one table from failure to HTTP.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use serde::Serialize;

use crate::{
    answer::challenge::{Challenge, without_offline_access},
    error::{TokenError, VerifyError},
    observe::request_id::RequestId,
    token::scope::Scopes,
};

/// Why a request goes no further.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Not authorized.
    Unverified(VerifyError),
    /// The session is not this principal's, or there is none of that id: nobody is told which.
    ForeignSession,
}

impl<E: Into<VerifyError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Unverified(error.into())
    }
}

/// Knows the challenges of one resource, built once.
pub(crate) struct Answers {
    no_credential: HeaderValue,
    invalid_request: HeaderValue,
    invalid_token: HeaderValue,
    resource_metadata: String,
    known: Scopes,
}

/// What a client is told: the same for all causes of one status.
#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'static str,
    request_id: &'a str,
}

const INVALID_REQUEST: (&str, &str) = (
    "invalid_request",
    "Send one access token, in one Authorization header",
);
const TOKEN_TOO_LONG: (&str, &str) = (
    "token_too_long",
    "The access token is longer than this server accepts; another one like it would be, too",
);
const INVALID_TOKEN: (&str, &str) = (
    "invalid_token",
    "A valid access token for this resource is required",
);
const INSUFFICIENT_SCOPE: (&str, &str) = (
    "insufficient_scope",
    "The access token lacks a scope that this request needs",
);
const SESSION_NOT_FOUND: (&str, &str) = (
    "session_not_found",
    "There is no such session; initialize a new one",
);
const UNAVAILABLE: (&str, &str) = (
    "temporarily_unavailable",
    "The access token cannot be checked now; try again later",
);

impl Answers {
    /// `known` are all scopes that mean something to this server: required ones, optional ones, and
    /// those of its hierarchy.
    pub(crate) fn new(resource_metadata: String, required_scopes: &Scopes, known: Scopes) -> Self {
        let scope = without_offline_access(required_scopes);
        let challenge = |error| {
            Challenge {
                error,
                scope: &scope,
                resource_metadata: &resource_metadata,
            }
            .to_header()
        };
        Self {
            no_credential: challenge(None),
            invalid_request: challenge(Some(INVALID_REQUEST)),
            invalid_token: challenge(Some(INVALID_TOKEN)),
            resource_metadata,
            known,
        }
    }

    /// The response for `refusal`.
    pub(crate) fn respond(&self, refusal: &Refusal, request_id: &RequestId) -> HttpResponse {
        use StatusCode as S;
        match refusal {
            Refusal::ForeignSession => {
                finish(HttpResponse::NotFound(), SESSION_NOT_FOUND, request_id)
            }
            Refusal::Unverified(VerifyError::AuthorizationServer(error)) => {
                let mut response = HttpResponse::ServiceUnavailable();
                let seconds = error.retry_after().as_millis().div_ceil(1000).max(1);
                response.insert_header((RETRY_AFTER, seconds.to_string()));
                finish(response, UNAVAILABLE, request_id)
            }
            // Another login would give another token as long: no challenge (RFC 6585 §5).
            Refusal::Unverified(VerifyError::Token(TokenError::TooLong { .. })) => finish(
                HttpResponse::build(S::REQUEST_HEADER_FIELDS_TOO_LARGE),
                TOKEN_TOO_LONG,
                request_id,
            ),
            Refusal::Unverified(VerifyError::Token(error)) => {
                let (status, challenge, told) = match error {
                    TokenError::NoCredential => {
                        (S::UNAUTHORIZED, self.no_credential.clone(), INVALID_TOKEN)
                    }
                    TokenError::EmptyCredential | TokenError::SeveralCredentials => (
                        S::BAD_REQUEST,
                        self.invalid_request.clone(),
                        INVALID_REQUEST,
                    ),
                    TokenError::InsufficientScope { required, granted } => (
                        S::FORBIDDEN,
                        self.insufficient_scope(required, granted),
                        INSUFFICIENT_SCOPE,
                    ),
                    _ => (S::UNAUTHORIZED, self.invalid_token.clone(), INVALID_TOKEN),
                };
                let mut response = HttpResponse::build(status);
                response.insert_header((WWW_AUTHENTICATE, challenge));
                finish(response, told, request_id)
            }
        }
    }

    /// Asks for what the token has besides, too: a client that requests what it is told, and no
    /// more, would lose it (MCP authorization, scope challenge handling). Only scopes known here are
    /// named, so no text of the authorization server gets into a header.
    fn insufficient_scope(&self, required: &Scopes, granted: &Scopes) -> HeaderValue {
        let scope = required.union(&self.known.intersection(granted));
        Challenge {
            error: Some(INSUFFICIENT_SCOPE),
            scope: &without_offline_access(&scope),
            resource_metadata: &self.resource_metadata,
        }
        .to_header()
    }
}

fn finish(
    mut response: HttpResponseBuilder,
    (error, error_description): (&'static str, &'static str),
    request_id: &RequestId,
) -> HttpResponse {
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Body {
            error,
            error_description,
            request_id: request_id.as_str(),
        })
}
