//! Ties an error that a client sees to its log line.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::crypto::random;

/// Identifies one request in logs and error bodies. An outer middleware may put one into the
/// request's extensions; otherwise the resource server creates one when it refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A fresh id, unique across processes: random digits for this process, then a count.
    pub fn fresh() -> Self {
        static PROCESS: OnceLock<u32> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let process = PROCESS.get_or_init(|| u32::from_ne_bytes(random::bytes()));
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{process:08x}-{count:x}").into())
    }

    /// Accepts an id that a client or proxy sent: 1 to 64 letters, digits, `-`, `_` or `.`.
    pub fn accept(text: &str) -> Option<Self> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        ((1..=64).contains(&text.len()) && text.bytes().all(fine)).then(|| Self(text.into()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
