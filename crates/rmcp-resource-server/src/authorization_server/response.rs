//! What the responses of all the authorization server's endpoints have in common.

use std::time::{Duration, SystemTime};

use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER},
};
use serde_json::Value;

use crate::{
    authorization_server::{
        http_client::body::{MAX_BODY_BYTES, compression, read_body, transport_causes},
        strict_json,
    },
    error::{AuthorizationServerError, shortened},
};

/// The longest `Retry-After` to respect.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Reads the body of a response that must be JSON.
pub(crate) async fn json_body(response: Response) -> Result<Vec<u8>, AuthorizationServerError> {
    if is_json(response.headers()) {
        body(response, MAX_BODY_BYTES).await
    } else {
        Err(malformed("its Content-Type is not JSON"))
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn body(
    response: Response,
    limit: usize,
) -> Result<Vec<u8>, AuthorizationServerError> {
    if let Some(coding) = compression(response.headers()) {
        return Err(malformed(format!(
            "it is compressed ({coding}), although Accept-Encoding: identity was sent"
        )));
    }
    read_body(response, limit)
        .await
        .map_err(unreachable)?
        .ok_or_else(|| malformed(format!("it is larger than {limit} bytes")))
}

/// The member `error` of a JSON body (RFC 6749 §5.2), if there is one.
pub(crate) async fn error_code(response: Response) -> Option<String> {
    let body = body(response, MAX_BODY_BYTES).await.ok()?;
    match strict_json::parse_object(&body).ok()?.remove("error")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// The failure behind a status that does not answer the question.
pub(crate) fn failure(status: u16, headers: &HeaderMap) -> AuthorizationServerError {
    match status {
        429 => AuthorizationServerError::RateLimited {
            retry_after: retry_after(headers),
        },
        300..400 => AuthorizationServerError::Redirect {
            status,
            location: location(headers),
        },
        _ => AuthorizationServerError::Status { status },
    }
}

/// Where a redirect leads, cut off after the path: the rest may contain a session id.
fn location(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let place = location.split(['?', '#', ';']).next()?;
    (!place.is_empty()).then(|| shortened(place))
}

pub(crate) fn unreachable(error: reqwest::Error) -> AuthorizationServerError {
    AuthorizationServerError::Unreachable {
        cause: transport_causes(error),
    }
}

pub(crate) fn malformed(cause: impl Into<String>) -> AuthorizationServerError {
    AuthorizationServerError::Malformed {
        cause: cause.into(),
    }
}

/// A missing Content-Type counts as JSON; any other type does not (RFC 7662 §2.2).
fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers)
        .is_none_or(|essence| essence == "application/json" || essence.ends_with("+json"))
}

/// The Content-Type in lower case, without parameters; `None` if there is none.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?;
    let essence = value.to_str().unwrap_or_default().split(';').next();
    Some(essence.unwrap_or_default().trim().to_ascii_lowercase())
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), within bounds.
fn retry_after(headers: &HeaderMap) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(5);
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
        .clamp(Duration::from_secs(1), LONGEST_RETRY_AFTER)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a date in a header is compared with the real clock; nothing about a token is"
)]
fn until(date: SystemTime) -> Option<Duration> {
    date.duration_since(SystemTime::now()).ok()
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
