//! Hashes: of documents, and of session ids, which tell sessions apart and open none.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use http::HeaderMap;

/// The fingerprint of the session that a request inside the authorization layer names.
pub(crate) fn session_fingerprint(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("mcp-session-id")?.to_str().ok()?;
    Some(session_fingerprint_of(id))
}

/// The fingerprint of a session by its id, which may have a seal after a dot, as clients know it.
pub(crate) fn session_fingerprint_of(id: &str) -> String {
    let (id, _seal) = id.rsplit_once('.').unwrap_or((id, ""));
    let mut hash = sha256(id);
    hash.truncate(16);
    hash
}

/// In hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}
