//! Converts between the types of `http` 1.x and those of actix-web, which are its own and those of
//! `http` 0.2.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::RequestHead,
    http::{StatusCode, Version, header, uri::PathAndQuery},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, request::Parts, response,
};

use crate::observe::{
    client_address::{ClientAddress, PeerAddress},
    request_id::RequestId,
    trace::TraceId,
};

/// The head of a request, with what is known about its client. Nothing that counts is lost.
pub(crate) fn parts(request: &HttpRequest) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    let head = request.head();
    parts.method = method(head);
    parts.uri = uri(&head.uri);
    parts.version = version(head.version);
    parts.headers = headers(request.headers());
    let known = request.extensions();
    if let Some(id) = known.get::<RequestId>() {
        parts.extensions.insert(id.clone());
    }
    if let Some(trace) = known.get::<TraceId>() {
        parts.extensions.insert(*trace);
    }
    if let Some(client) = known.get::<ClientAddress>() {
        parts.extensions.insert(*client);
    }
    if let Some(peer) = request.peer_addr() {
        parts.extensions.insert(PeerAddress(peer));
    }
    parts
}

pub(super) fn method(head: &RequestHead) -> Method {
    let method = Method::from_bytes(head.method.as_str().as_bytes());
    method.expect("one rule for methods in both versions")
}

/// Path and query are converted whole: a query that got lost could hide a second token. An authority
/// that http 1.x does not accept is dropped, and the `Host` header then counts.
fn uri(uri: &actix_web::http::Uri) -> Uri {
    if uri.authority().is_some()
        && let Ok(whole) = uri.to_string().parse()
    {
        return whole;
    }
    let path_and_query = uri.path_and_query().map(PathAndQuery::as_str);
    path_and_query.map_or_else(Uri::default, |text| {
        text.parse()
            .expect("one rule for paths and queries in both versions")
    })
}

fn version(version: Version) -> http::Version {
    match version {
        Version::HTTP_09 => http::Version::HTTP_09,
        Version::HTTP_10 => http::Version::HTTP_10,
        Version::HTTP_2 => http::Version::HTTP_2,
        Version::HTTP_3 => http::Version::HTTP_3,
        _ => http::Version::HTTP_11,
    }
}

fn headers(headers: &header::HeaderMap) -> HeaderMap {
    let mut converted = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // http 0.2 takes a quotation mark in a name, which is not allowed (RFC 9110 §5.1).
        let Ok(name) = HeaderName::from_bytes(name.as_str().as_bytes()) else {
            continue;
        };
        let value = HeaderValue::from_bytes(value.as_bytes());
        converted.append(name, value.expect("one rule for values in both versions"));
    }
    converted
}

/// Converts a value for actix's header map.
pub(crate) fn header_value(value: &HeaderValue) -> header::HeaderValue {
    header::HeaderValue::from_bytes(value.as_bytes()).expect("one rule for values in both versions")
}

/// Starts a response from its head; the caller adds the body.
pub(crate) fn response_builder(head: &response::Parts) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(head.status.as_u16()).expect("from 100 to 999 in both");
    let mut builder = HttpResponse::build(status);
    for (name, value) in &head.headers {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    builder
}

/// Converts a whole response.
pub(crate) fn response(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    response_builder(&head).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uri_that_actix_accepts_is_converted_whole() {
        let mut texts: Vec<Vec<u8>> = ["/", "*", "?q", "/?q#f", "h", "h:1", "u@h:1", "http://h?q"]
            .map(|text| text.as_bytes().to_vec())
            .into();
        for byte in 0..=u8::MAX {
            for template in [
                "/_",
                "/?_",
                "*_",
                "_",
                "_:1",
                "http://h_",
                "http://h/_?_",
                "//_",
            ] {
                let text = template.bytes();
                let byte = text.map(|at| if at == b'_' { byte } else { at });
                texts.push(byte.collect());
            }
        }
        texts.push([b"/".as_slice(), &[b'a'; 65_533]].concat());
        let mut accepted = 0;
        for text in texts {
            let Ok(before) = actix_web::http::Uri::try_from(&*text) else {
                continue;
            };
            accepted += 1;
            let after = uri(&before);
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(after.path(), before.path(), "{shown}");
            assert_eq!(after.query(), before.query(), "{shown}");
        }
        assert!(accepted > 500, "{accepted}");
    }

    #[test]
    fn every_method_and_header_that_actix_accepts_is_converted_whole() {
        for byte in 0..=u8::MAX {
            for text in [vec![byte], vec![b'a', byte, b'z']] {
                if let Ok(before) = actix_web::http::Method::from_bytes(&text) {
                    let mut head = RequestHead::default();
                    head.method = before.clone();
                    assert_eq!(method(&head).as_str(), before.as_str());
                }
                let mut before = header::HeaderMap::new();
                if let Ok(name) = header::HeaderName::from_bytes(&text) {
                    before.append(name, header::HeaderValue::from_static("value"));
                }
                if let Ok(value) = header::HeaderValue::from_bytes(&text) {
                    before.append(header::AUTHORIZATION, value);
                }
                let after = headers(&before);
                for (name, value) in &before {
                    match after.get(name.as_str()) {
                        Some(converted) => assert_eq!(converted.as_bytes(), value.as_bytes()),
                        None => assert!(name.as_str().contains('"'), "{name} is lost"),
                    }
                }
            }
        }
    }
}
