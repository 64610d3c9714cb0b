//! Nonces that show that a proof was made a short time ago (RFC 9449 §9), without keeping state: all
//! replicas with one session key know them.

use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::token::keyed_hash::HashKey;

/// How long a nonce is handed out. It is accepted for that time before and after, too, because
/// clients keep it and the clocks of replicas differ.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// Hands out nonces and knows them again.
pub(super) struct Nonces(HashKey);

impl Nonces {
    pub(super) fn new(key: HashKey) -> Self {
        Self(key)
    }

    /// The nonce to use at the time `now`.
    pub(super) fn current(&self, now: SystemTime) -> String {
        self.of(window(now))
    }

    /// Whether this is a nonce of about the time `now`.
    pub(super) fn knows(&self, nonce: &str, now: SystemTime) -> bool {
        let window = window(now);
        let near = [window, window.saturating_sub(1), window.saturating_add(1)];
        near.into_iter().any(|window| self.of(window) == nonce)
    }

    fn of(&self, window: u64) -> String {
        let hash = self.0.hash(&window.to_be_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(&hash[..16])
    }
}

fn window(now: SystemTime) -> u64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs() / WINDOW.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_known_for_two_to_three_windows_by_all_with_the_key() {
        let key = HashKey::new(&[7; 32]);
        let (here, there) = (Nonces::new(key.clone()), Nonces::new(key));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let nonce = here.current(now);
        for (after, known) in [(0, true), (5, true), (9, true), (10, false), (60, false)] {
            let later = now + Duration::from_secs(after * 60);
            assert_eq!(there.knows(&nonce, later), known, "after {after} minutes");
        }
        assert!(
            there.knows(&nonce, now - Duration::from_secs(30)),
            "its clock is slow"
        );
        assert!(!there.knows("", now));
        assert!(!Nonces::new(HashKey::random()).knows(&nonce, now));
    }
}
