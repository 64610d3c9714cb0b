//! One request to the introspection endpoint, and what each kind of answer means.

use std::time::{Duration, SystemTime};

use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use crate::{
    bearer::BearerToken,
    claims::IntrospectionResponse,
    client_auth::ClientAuth,
    error::{AuthorizationServerError, TokenError, VerifyError},
    http_client::{HttpClient, MAX_BODY_BYTES, read_body, transport_causes},
    strict_json,
    urls::EndpointUrl,
};

/// Sends `token` to `endpoint` once.
pub(super) async fn exchange(
    http: &HttpClient,
    endpoint: &EndpointUrl,
    auth: &ClientAuth,
    token: &BearerToken,
) -> Result<IntrospectionResponse, VerifyError> {
    let request = auth
        .introspection_request(endpoint, token)
        .map_err(|error| malformed(error.to_string()))?;
    let request = request.try_into().map_err(unreachable)?;
    let response = http
        .to(endpoint.url())
        .execute(request)
        .await
        .map_err(unreachable)?;
    match response.status().as_u16() {
        200 => read_claims(response).await,
        400 => Err(read_bad_request(response).await),
        status @ (401 | 403) => Err(AuthorizationServerError::CredentialsRefused { status }.into()),
        429 => Err(AuthorizationServerError::RateLimited {
            retry_after: retry_after(response.headers()),
        }
        .into()),
        status @ 300..400 => Err(AuthorizationServerError::Redirect { status }.into()),
        status => Err(AuthorizationServerError::Status { status }.into()),
    }
}

impl AuthorizationServerError {
    /// Whether a second attempt at once may succeed.
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Status { status: 502..=504 }
        )
    }

    /// Whether the server is down, rather than at odds with us. An answer below 500 never counts:
    /// a client can cause one.
    pub(super) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Status { status: 500.. }
        )
    }
}

async fn read_claims(response: Response) -> Result<IntrospectionResponse, VerifyError> {
    if !is_json(response.headers()) {
        return Err(malformed("its Content-Type is not JSON".to_owned()));
    }
    let body = read_body(response)
        .await
        .map_err(unreachable)?
        .ok_or_else(|| malformed(format!("it is larger than {MAX_BODY_BYTES} bytes")))?;
    IntrospectionResponse::parse(&body).map_err(malformed)
}

/// `unsupported_token_type` speaks of the token (oidc-provider answers it to what looks like a
/// JWT but is none); any other 400 of us or of the server (Keycloak's internal faults).
async fn read_bad_request(response: Response) -> VerifyError {
    let code = match read_body(response).await {
        Ok(Some(body)) => strict_json::parse_object(&body).ok().and_then(|members| {
            members
                .get("error")
                .and_then(Value::as_str)
                .map(String::from)
        }),
        _ => None,
    };
    match code.as_deref() {
        Some("unsupported_token_type") => TokenError::UnsupportedType.into(),
        Some("invalid_client" | "unauthorized_client") => {
            AuthorizationServerError::CredentialsRefused { status: 400 }.into()
        }
        _ => AuthorizationServerError::Status { status: 400 }.into(),
    }
}

/// A missing Content-Type is taken for JSON; another one is not (RFC 7662 §2.2).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), within bounds.
fn retry_after(headers: &HeaderMap) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(300);
    let parse = |text: &str| match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text)
            .ok()
            .map(|date| until(date).unwrap_or_default()),
    };
    headers
        .get(RETRY_AFTER)
        .and_then(|value| parse(value.to_str().ok()?))
        .unwrap_or(DEFAULT)
        .clamp(Duration::from_secs(1), LONGEST)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a date in a header is compared with the real clock; nothing about a token is"
)]
fn until(date: SystemTime) -> Option<Duration> {
    date.duration_since(SystemTime::now()).ok()
}

fn unreachable(error: reqwest::Error) -> VerifyError {
    AuthorizationServerError::Unreachable {
        cause: transport_causes(error),
    }
    .into()
}

fn malformed(cause: String) -> VerifyError {
    AuthorizationServerError::Malformed { cause }.into()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_as_seconds_or_date_within_bounds() {
        let parse = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers).as_secs()
        };
        assert_eq!(parse("7"), 7);
        assert_eq!(parse("0"), 1);
        assert_eq!(parse("999999"), 300);
        assert_eq!(parse("soon"), 5);
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), 1);
        assert_eq!(parse("Fri, 31 Dec 9999 23:59:59 GMT"), 300);
        assert_eq!(retry_after(&HeaderMap::new()).as_secs(), 5);
    }

    #[test]
    fn content_types_that_are_json() {
        for (text, json) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/token-introspection+json", true),
            ("application/token-introspection+jwt", false),
            ("text/html", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            assert_eq!(is_json(&headers), json, "{text:?}");
        }
        assert!(is_json(&HeaderMap::new()));
    }
}
