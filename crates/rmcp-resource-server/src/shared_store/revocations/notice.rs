//! One revocation, as replicas tell each other of it.

use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    crypto::random,
    revocation::{Revocation, marks::LIFETIME},
    shared_store::time,
};

/// How far in the future a revocation may be, by our clock. It concerns all tokens issued before it, so
/// a replica whose clock is wrong must not revoke those of next year.
const LEEWAY: Duration = Duration::from_secs(60);

/// Names a notice, so that each replica carries it out once, however often it is in the store.
pub(crate) type NoticeId = [u8; 16];

/// A revocation that a replica learned of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) id: NoticeId,
    pub(crate) revocation: Revocation,
    /// Tokens issued before this are revoked.
    pub(crate) time: SystemTime,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    id: String,
    kind: StoredKind,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// In milliseconds since 1970.
    time: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredKind {
    Subject,
    Session,
    Client,
    Token,
}

impl Notice {
    /// A new one.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness.
    pub(super) fn new(revocation: Revocation, time: SystemTime) -> Self {
        Self {
            id: random::bytes(),
            revocation,
            time,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (kind, name, subject) = match &self.revocation {
            Revocation::Subject(name) => (StoredKind::Subject, name, None),
            Revocation::Session { id, subject } => (StoredKind::Session, id, subject.clone()),
            Revocation::Client(name) => (StoredKind::Client, name, None),
            Revocation::Token(name) => (StoredKind::Token, name, None),
        };
        let stored = Stored {
            id: BASE64_URL_SAFE_NO_PAD.encode(self.id),
            kind,
            name: name.clone(),
            subject,
            time: time::since_1970(self.time),
        };
        serde_json::to_vec(&stored).expect("strings and a number are JSON")
    }

    /// `None`: not a notice, or of a time that is impossible at `now`.
    pub(super) fn read(bytes: &[u8], now: SystemTime) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let id = BASE64_URL_SAFE_NO_PAD.decode(&stored.id).ok()?;
        let time = time::at(stored.time)?;
        let name = stored.name;
        Some(Self {
            id: id.try_into().ok()?,
            revocation: match stored.kind {
                StoredKind::Subject => Revocation::Subject(name),
                StoredKind::Session => Revocation::Session {
                    id: name,
                    subject: stored.subject,
                },
                StoredKind::Client => Revocation::Client(name),
                StoredKind::Token => Revocation::Token(name),
            },
            time: time.min(now + LEEWAY),
        })
    }

    /// Whether all tokens that it concerns have expired by now.
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        now.duration_since(self.time)
            .is_ok_and(|age| age >= LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_notice_says_the_same_on_the_other_side() {
        let name = || "a \"name\" é".to_owned();
        for revocation in [
            Revocation::Subject(name()),
            Revocation::Client(name()),
            Revocation::Token(name()),
            Revocation::Session {
                id: name(),
                subject: None,
            },
            Revocation::Session {
                id: name(),
                subject: Some(String::new()),
            },
        ] {
            let notice = Notice::new(revocation, at(1_000));
            let read = Notice::read(&notice.to_bytes(), at(1_000));
            assert_eq!(read.as_ref(), Some(&notice));
        }
        let (one, other) = (
            Notice::new(Revocation::Subject(name()), at(1)),
            Notice::new(Revocation::Subject(name()), at(1)),
        );
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn a_notice_from_the_future_revokes_only_what_exists() {
        let notice = Notice::new(Revocation::Subject("a".to_owned()), at(9_000_000_000));
        let read = Notice::read(&notice.to_bytes(), at(1_000)).expect("a notice");
        assert_eq!(read.time, at(1_000) + LEEWAY);
        assert!(!read.is_over(at(1_000)));
        assert!(read.is_over(at(1_000) + LEEWAY + LIFETIME));
    }

    #[test]
    fn other_bytes_are_no_notice() {
        for bytes in [
            "",
            "{}",
            "[]",
            "{\"id\":\"\",\"kind\":\"subject\",\"name\":\"a\",\"time\":1}",
        ] {
            assert_eq!(Notice::read(bytes.as_bytes(), at(1)), None, "{bytes}");
        }
    }
}
