//! Finds which things of two editions are the same.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Pairs of indexes into two lists.
pub(super) struct Pairs {
    /// For each thing of the new list, its index in the old one.
    of_new: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairs {
    pub(super) fn new(old: usize, new: usize) -> Self {
        Self {
            of_new: vec![None; new],
            taken: vec![false; old],
        }
    }

    /// Pairs what has no partner yet by the first key that both have in common. Things with equal
    /// keys on one side pair up in their order.
    pub(super) fn by<K: Hash + Eq>(
        &mut self,
        old: impl Fn(usize) -> Vec<K>,
        new: impl Fn(usize) -> Vec<K>,
    ) {
        let mut known: HashMap<K, VecDeque<usize>> = HashMap::new();
        for (at, _) in self.taken.iter().enumerate().filter(|(_, taken)| !**taken) {
            for key in old(at) {
                known.entry(key).or_default().push_back(at);
            }
        }
        for (at, partner) in self.of_new.iter_mut().enumerate() {
            if partner.is_some() {
                continue;
            }
            for key in new(at) {
                let Some(candidates) = known.get_mut(&key) else {
                    continue;
                };
                while candidates.front().is_some_and(|old| self.taken[*old]) {
                    candidates.pop_front();
                }
                if let Some(old) = candidates.pop_front() {
                    self.taken[old] = true;
                    *partner = Some(old);
                    break;
                }
            }
        }
    }

    /// Each thing of the new list with its partner, then those of the old list without one.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<usize>, Option<usize>)> {
        let new = self.of_new.iter().enumerate();
        let old = self.taken.iter().enumerate().filter(|(_, taken)| !**taken);
        new.map(|(at, old)| (*old, Some(at)))
            .chain(old.map(|(at, _)| (Some(at), None)))
    }
}
