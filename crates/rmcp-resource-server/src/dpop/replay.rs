//! Remembers which proofs were used, so that each is good once (RFC 9449 §11.1).
//!
//! Only a proof that came with a good token of its key gets here, so a stranger cannot fill the
//! memory. A principal has a share of it. What is forgotten is never accepted again: a mark follows
//! the time of the latest forgotten proof, and proofs from before that time are refused. That also
//! holds when the clock is set back.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

use crate::{
    dpop::proof::{OLDEST, Proof},
    token::keyed_hash::HashKey,
};

/// The most proofs remembered of one principal. With more of them in a minute, those with the
/// earliest time are forgotten: its clients' clocks then have to be better.
const OF_PRINCIPAL: usize = 50_000;

/// The most proofs remembered, some 46 bytes each.
const IN_ALL: usize = 500_000;

/// How often all that is too old is removed, in seconds.
const SWEEP: u64 = 10;

/// Why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It was used before.
    Replayed,
    /// It may have been used before.
    Forgotten,
    /// No room, until others are too old.
    Full,
}

/// The proofs used in the last minute.
pub(super) struct Replays {
    key: HashKey,
    hasher: RandomState,
    memory: Mutex<Memory>,
    of_principal: usize,
    in_all: usize,
}

#[derive(Default)]
struct Memory {
    principals: HashMap<u64, Used>,
    count: usize,
    /// Up to this time, proofs have been forgotten.
    forgotten: Option<u64>,
    swept_at: u64,
}

/// The proofs of one principal, by their time.
#[derive(Default)]
struct Used {
    proofs: BTreeSet<(u64, u128)>,
    forgotten: Option<u64>,
}

impl Replays {
    pub(super) fn new() -> Self {
        Self {
            key: HashKey::random(),
            hasher: RandomState::new(),
            memory: Mutex::default(),
            of_principal: OF_PRINCIPAL,
            in_all: IN_ALL,
        }
    }

    /// Uses up a proof of this principal, at the time `now` in seconds.
    pub(super) fn use_up(
        &self,
        principal: impl Hash,
        proof: &Proof,
        now: u64,
    ) -> Result<(), Refused> {
        let principal = self.hasher.hash_one(principal);
        let entry = (proof.issued_at, self.name(proof));
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sweep(now);
        if memory.count >= self.in_all && !memory.principals.contains_key(&principal) {
            return Err(Refused::Full);
        }
        if memory.forgotten >= Some(entry.0) {
            return Err(Refused::Forgotten);
        }
        let is_full = memory.count >= self.in_all;
        let used = memory.principals.entry(principal).or_default();
        if used.forgotten >= Some(entry.0) {
            return Err(Refused::Forgotten);
        }
        if !used.proofs.insert(entry) {
            return Err(Refused::Replayed);
        }
        if is_full || used.proofs.len() > self.of_principal {
            let first = used.proofs.pop_first();
            used.forgotten = used.forgotten.max(first.map(|(time, _)| time));
        } else {
            memory.count += 1;
        }
        Ok(())
    }

    /// A short stand-in for key and `jti`, which nobody outside can foresee.
    fn name(&self, proof: &Proof) -> u128 {
        let mut message = proof.key.0.to_vec();
        message.extend_from_slice(proof.jti.as_bytes());
        let hash = self.key.hash(&message);
        let (half, _) = hash.split_at(16);
        u128::from_be_bytes(half.try_into().expect("16 bytes"))
    }
}

impl Memory {
    /// Forgets what is too old to be accepted. Now and then only: it looks at everybody.
    fn sweep(&mut self, now: u64) {
        if now.abs_diff(self.swept_at) < SWEEP {
            return;
        }
        self.swept_at = now;
        let too_old = now.saturating_sub(OLDEST.as_secs() + 1);
        let (count, forgotten) = (&mut self.count, &mut self.forgotten);
        self.principals.retain(|_, used| {
            let kept = used.proofs.split_off(&(too_old, 0));
            *count -= used.proofs.len();
            *forgotten = (*forgotten).max(used.proofs.last().map(|(time, _)| *time));
            used.proofs = kept;
            !used.proofs.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::binding::Thumbprint;

    const NOW: u64 = 1_800_000_000;

    fn proof(issued_at: u64, jti: &str) -> Proof {
        Proof {
            key: Thumbprint([7; 32]),
            jti: jti.to_owned(),
            issued_at,
        }
    }

    fn small() -> Replays {
        Replays {
            of_principal: 3,
            in_all: 6,
            ..Replays::new()
        }
    }

    #[test]
    fn a_proof_is_good_once_and_its_jti_again_with_another_key() {
        let replays = Replays::new();
        assert_eq!(replays.use_up("a", &proof(NOW, "1"), NOW), Ok(()));
        let again = replays.use_up("a", &proof(NOW, "1"), NOW + 59);
        assert_eq!(again, Err(Refused::Replayed));
        assert_eq!(replays.use_up("a", &proof(NOW, "2"), NOW), Ok(()));
        let mut other = proof(NOW, "1");
        other.key = Thumbprint([8; 32]);
        assert_eq!(replays.use_up("a", &other, NOW), Ok(()));
    }

    #[test]
    fn what_a_principal_uses_too_much_of_is_its_own_loss_and_no_replay() {
        let replays = small();
        for number in 0..4 {
            let used = replays.use_up("a", &proof(NOW + number, "x"), NOW);
            assert_eq!(used, Ok(()));
        }
        assert_eq!(replays.memory.lock().expect("no panic").count, 3);
        let first = replays.use_up("a", &proof(NOW, "x"), NOW);
        assert_eq!(first, Err(Refused::Forgotten));
        let last = replays.use_up("a", &proof(NOW + 3, "x"), NOW);
        assert_eq!(last, Err(Refused::Replayed));
        assert_eq!(replays.use_up("b", &proof(NOW, "y"), NOW), Ok(()));
        // Its own time is the earliest, so it is the one that is forgotten.
        assert_eq!(replays.use_up("a", &proof(NOW + 1, "y"), NOW), Ok(()));
        let again = replays.use_up("a", &proof(NOW + 1, "y"), NOW);
        assert_eq!(again, Err(Refused::Forgotten));
    }

    #[test]
    fn the_memory_is_bounded_until_the_old_is_forgotten() {
        let replays = small();
        for principal in ["a", "b"] {
            for jti in ["1", "2", "3"] {
                assert_eq!(replays.use_up(principal, &proof(NOW, jti), NOW), Ok(()));
            }
        }
        assert_eq!(
            replays.use_up("c", &proof(NOW, "1"), NOW),
            Err(Refused::Full)
        );
        let of_owner = replays.use_up("a", &proof(NOW + 1, "4"), NOW);
        assert_eq!(of_owner, Ok(()), "at the cost of its own");
        assert_eq!(replays.memory.lock().expect("no panic").count, 6);
        let later = NOW + 62;
        assert_eq!(replays.use_up("c", &proof(later, "1"), later), Ok(()));
        let memory = replays.memory.lock().expect("no panic");
        assert_eq!((memory.count, memory.principals.len()), (2, 2));
    }

    #[test]
    fn a_clock_set_back_brings_no_proof_back() {
        let replays = Replays::new();
        assert_eq!(replays.use_up("a", &proof(NOW, "1"), NOW), Ok(()));
        let later = NOW + 1_000;
        assert_eq!(replays.use_up("a", &proof(later, "1"), later), Ok(()));
        let again = replays.use_up("a", &proof(NOW, "1"), NOW);
        assert_eq!(again, Err(Refused::Forgotten));
        let again = replays.use_up("a", &proof(later, "1"), NOW);
        assert_eq!(again, Err(Refused::Replayed));
    }
}
