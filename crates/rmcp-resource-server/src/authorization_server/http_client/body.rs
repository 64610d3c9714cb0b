//! Response bodies, read within limits, and the causes of a failure.

use std::{error::Error, fmt::Write};

use reqwest::{
    Response,
    header::{CONTENT_ENCODING, HeaderMap},
};

/// The largest body to read from an authorization server, in bytes, except for its keys.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

/// How the body is compressed, if it is, although we did not ask for that. It is not decompressed:
/// a small body could become a large one.
pub(crate) fn compression(headers: &HeaderMap) -> Option<&'static str> {
    let coding = headers.get(CONTENT_ENCODING)?.as_bytes().trim_ascii();
    if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
        return None;
    }
    let known = ["gzip", "deflate", "br", "zstd"];
    let name = known
        .into_iter()
        .find(|name| coding.eq_ignore_ascii_case(name.as_bytes()));
    Some(name.unwrap_or("an unknown coding"))
}

/// Reads a body of up to `limit` bytes; `None` if it is longer.
pub(crate) async fn read_body(
    mut response: Response,
    limit: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// An error and its causes, on one line. Nothing of the request is in it: no URL, no header.
pub(crate) fn transport_causes(error: reqwest::Error) -> String {
    causes(&error.without_url())
}

pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, ": {cause}");
        next = cause.source();
    }
    text
}
