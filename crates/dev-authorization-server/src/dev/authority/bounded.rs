//! A map that forgets its oldest entries.

use std::collections::{HashMap, VecDeque};

pub(super) struct Bounded<V> {
    capacity: usize,
    entries: HashMap<String, V>,
    /// Keys in the order of insertion; those of removed entries stay until their turn comes.
    order: VecDeque<String>,
}

impl<V> Bounded<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Inserts under a key that has never been used before.
    pub(super) fn insert(&mut self, key: String, value: V) {
        if self.order.len() == self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }

    pub(super) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<V> {
        self.entries.remove(key)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.entries.retain(|_, value| keep(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_makes_room() {
        let mut map = Bounded::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
            map.insert(key.to_owned(), value);
        }
        assert_eq!(
            (map.get("a"), map.get("b"), map.get("c")),
            (None, Some(&2), Some(&3))
        );
        assert_eq!(map.remove("b"), Some(2));
        map.insert("d".to_owned(), 4);
        assert_eq!((map.get("c"), map.get("d")), (Some(&3), Some(&4)));
        assert!(map.order.len() <= 2);
    }
}
