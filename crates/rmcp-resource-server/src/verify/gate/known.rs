//! Remembers which tokens and connections were good. They are preferred when not everybody can be
//! served.
//!
//! An opaque token does not say whose it is, so a fresh one counts as a stranger's, unless it comes
//! on a connection that has just carried a good one: a client that gets a fresh token usually keeps
//! its connection.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::verify::cache::Key;

/// How long a good token is remembered as such: between one and two of these.
const GENERATION: Duration = Duration::from_secs(2 * 60 * 60);

/// The maximum number of entries in a generation, 8 bytes each.
const CAPACITY: usize = 20_000;

/// Whether somebody presented a good token before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Known,
    Stranger,
}

/// A bounded set of keyed hashes. It contains no token and no address.
pub(super) struct KnownCallers {
    hasher: RandomState,
    generations: Mutex<Generations>,
}

struct Generations {
    current: HashSet<u64>,
    previous: HashSet<u64>,
    begun: Instant,
}

impl KnownCallers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            hasher: RandomState::new(),
            generations: Mutex::new(Generations {
                current: HashSet::new(),
                previous: HashSet::new(),
                begun: now,
            }),
        }
    }

    pub(super) fn standing(&self, token: &Key, connection: Option<SocketAddr>) -> Standing {
        let hashes = self.hashes(token, connection);
        let generations = self.generations();
        match hashes.iter().flatten().any(|hash| generations.has(*hash)) {
            true => Standing::Known,
            false => Standing::Stranger,
        }
    }

    /// Records that the token was active.
    pub(super) fn remember(&self, token: &Key, connection: Option<SocketAddr>, now: Instant) {
        let hashes = self.hashes(token, connection);
        let mut generations = self.generations();
        for hash in hashes.into_iter().flatten() {
            generations.insert(hash, now);
        }
    }

    /// Records that the token was inactive: neither it nor its connection is preferred any longer.
    pub(super) fn forget(&self, token: &Key, connection: Option<SocketAddr>) {
        let hashes = self.hashes(token, connection);
        let mut generations = self.generations();
        for hash in hashes.iter().flatten() {
            generations.current.remove(hash);
            generations.previous.remove(hash);
        }
    }

    /// The key of a token is already an HMAC; an address is hashed with a key of this process.
    fn hashes(&self, token: &Key, connection: Option<SocketAddr>) -> [Option<u64>; 2] {
        [
            Some(self.hasher.hash_one(token)),
            connection.map(|connection| self.hasher.hash_one(connection)),
        ]
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        let generations = self.generations.lock();
        generations.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn has(&self, hash: u64) -> bool {
        self.current.contains(&hash) || self.previous.contains(&hash)
    }

    fn insert(&mut self, hash: u64, now: Instant) {
        let age = now.saturating_duration_since(self.begun);
        if self.current.len() >= CAPACITY || age >= GENERATION {
            self.previous = std::mem::take(&mut self.current);
            self.begun = now;
        }
        self.current.insert(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    #[test]
    fn rs_67_the_set_is_bounded_in_number_and_time() {
        let start = Instant::now();
        let known = KnownCallers::new(start);
        for number in 0..3 * CAPACITY {
            known.remember(&key(number), None, start);
        }
        let standing = |number| known.standing(&key(number), None);
        assert_eq!(standing(0), Standing::Stranger, "pushed out");
        assert_eq!(standing(3 * CAPACITY - 1), Standing::Known);
        let generations = known.generations();
        let size = generations.current.len() + generations.previous.len();
        assert!(size <= 2 * CAPACITY);
        drop(generations);
        for generation in 1..=2 {
            known.remember(&key(0), None, start + GENERATION * generation);
        }
        assert_eq!(standing(3 * CAPACITY - 1), Standing::Stranger, "too old");
        assert_eq!(standing(0), Standing::Known);
    }

    #[test]
    fn rs_67_a_connection_is_as_good_as_its_latest_token() {
        let now = Instant::now();
        let known = KnownCallers::new(now);
        let [one, other] = ["192.0.2.1:5000", "192.0.2.1:5001"]
            .map(|address| Some(address.parse().expect("an address")));
        known.remember(&key(1), one, now);
        assert_eq!(known.standing(&key(2), one), Standing::Known);
        assert_eq!(known.standing(&key(2), other), Standing::Stranger);
        assert_eq!(known.standing(&key(1), other), Standing::Known);
        known.forget(&key(3), one);
        assert_eq!(known.standing(&key(2), one), Standing::Stranger);
        known.forget(&key(1), other);
        assert_eq!(known.standing(&key(1), None), Standing::Stranger);
    }
}
