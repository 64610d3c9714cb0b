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
};

/// The head of a request, with what is known about its client. An HTTP/1 parser has accepted all of
/// it, so nothing is lost.
pub(crate) fn parts(request: &HttpRequest) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    let head = request.head();
    parts.method = method(head);
    parts.uri = uri(head);
    parts.version = version(head.version);
    parts.headers = headers(request.headers());
    let known = request.extensions();
    if let Some(id) = known.get::<RequestId>() {
        parts.extensions.insert(id.clone());
    }
    if let Some(client) = known.get::<ClientAddress>() {
        parts.extensions.insert(*client);
    }
    if let Some(peer) = request.peer_addr() {
        parts.extensions.insert(PeerAddress(peer));
    }
    parts
}

fn method(head: &RequestHead) -> Method {
    Method::from_bytes(head.method.as_str().as_bytes()).unwrap_or_default()
}

fn uri(head: &RequestHead) -> Uri {
    let uri = &head.uri;
    let path_and_query = uri.path_and_query().map(PathAndQuery::as_str);
    match (uri.authority(), path_and_query) {
        (None, Some(text)) => text.parse().unwrap_or_default(),
        _ => uri.to_string().parse().unwrap_or_default(),
    }
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
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            converted.append(name, value);
        }
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
