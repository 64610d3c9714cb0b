//! The index of one document.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use crate::search::stem::stem_len;

/// Which items have a term, and how often.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Sorted by stem, then by text.
    pub(super) terms: Box<[Term]>,
    /// The texts of all terms, one after the other.
    pub(super) texts: Box<str>,
    /// The postings of all terms, one after the other.
    pub(super) postings: Box<[Posting]>,
    /// A hash table of the first term of each stem: its number plus 1, or 0. Searches look up every
    /// word in every document, and most documents do not have it.
    pub(super) stems: Box<[u32]>,
    pub(super) lengths: Box<[Lengths<u32>]>,
    /// The numbers of enhancements and of the controls that they enhance.
    pub(super) enhancements: Box<[(u32, u32)]>,
    /// The numbers of withdrawn controls.
    pub(super) withdrawn: Box<[u32]>,
    pub(super) total: Lengths<u64>,
    /// What abbreviations mean in this document; sorted.
    pub(super) abbreviations: Box<[Abbreviation]>,
}

/// The location of a term's text and postings, which go on to those of the next term.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) text: u32,
    pub(super) postings: u32,
    /// The length of the stem.
    pub(super) stem: u32,
}

/// Something for each field: a title, what is demanded, and what explains it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lengths<T> {
    pub(super) title: T,
    pub(super) statement: T,
    pub(super) guidance: T,
}

/// An abbreviation in lower case, and the words that it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Abbreviation {
    pub(super) short: Box<str>,
    pub(super) long: Box<str>,
}

/// An item that contains a term, and how often in each field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting(u32);

impl Posting {
    const TITLE_BITS: u32 = 2;
    const STATEMENT_BITS: u32 = 3;
    const GUIDANCE_BITS: u32 = 4;
    const TEXT_BITS: u32 = Self::STATEMENT_BITS + Self::GUIDANCE_BITS;
    const COUNT_BITS: u32 = Self::TITLE_BITS + Self::TEXT_BITS;

    /// Documents have fewer items: 8 million do not fit into a file of 64 MiB.
    pub(super) const MAX_ITEMS: u32 = 1 << (u32::BITS - Self::COUNT_BITS);

    /// Counts are capped; higher ones hardly change the score.
    pub(super) fn new(item: u32, counts: Lengths<u32>) -> Self {
        let capped = |count: u32, bits: u32| count.min((1 << bits) - 1);
        Self(
            item << Self::COUNT_BITS
                | capped(counts.title, Self::TITLE_BITS) << Self::TEXT_BITS
                | capped(counts.statement, Self::STATEMENT_BITS) << Self::GUIDANCE_BITS
                | capped(counts.guidance, Self::GUIDANCE_BITS),
        )
    }

    pub(super) fn item(self) -> u32 {
        self.0 >> Self::COUNT_BITS
    }

    pub(super) fn counts(self) -> Lengths<u32> {
        let count = |shift: u32, bits: u32| self.0 >> shift & ((1 << bits) - 1);
        Lengths {
            title: count(Self::TEXT_BITS, Self::TITLE_BITS),
            statement: count(Self::GUIDANCE_BITS, Self::STATEMENT_BITS),
            guidance: count(0, Self::GUIDANCE_BITS),
        }
    }
}

impl Segment {
    /// The postings of exactly this term, by item.
    pub(super) fn postings(&self, term: &str) -> &[Posting] {
        let stem = &term[..stem_len(term)];
        let mut found: &[Posting] = &[];
        self.with_stem(stem, hash(stem), |text, postings| {
            if text == term {
                found = postings;
            }
        });
        found
    }

    /// Calls `each` with the terms that have this stem, and their postings.
    pub(super) fn with_stem<'s>(
        &'s self,
        stem: &str,
        hash: usize,
        mut each: impl FnMut(&'s str, &'s [Posting]),
    ) {
        let mut slot = hash;
        // The table is never full.
        while let Some(first) = self.slot(slot).checked_sub(1) {
            if self.stem(first) == stem {
                let terms = first..self.terms.len();
                for at in terms.take_while(|at| self.stem(*at) == stem) {
                    let (text, postings) = self.term(at);
                    each(text, postings);
                }
                return;
            }
            slot += 1;
        }
    }

    /// Builds the hash table of `terms`.
    pub(super) fn with_stems(mut self) -> Self {
        let is_first = |at: &usize| *at == 0 || self.stem(at - 1) != self.stem(*at);
        let firsts: Vec<usize> = (0..self.terms.len()).filter(is_first).collect();
        self.stems = vec![0; (firsts.len() * 2 + 1).next_power_of_two()].into();
        for first in firsts {
            let mut slot = hash(self.stem(first));
            while self.slot(slot) != 0 {
                slot += 1;
            }
            let mask = self.stems.len() - 1;
            self.stems[slot & mask] = u32::try_from(first + 1).unwrap_or(u32::MAX);
        }
        self
    }

    /// What is in a slot of the hash table, which goes round.
    fn slot(&self, slot: usize) -> usize {
        match self.stems.len() {
            0 => 0,
            slots => self.stems[slot & (slots - 1)] as usize,
        }
    }

    /// The texts of the terms that begin with this letter or digit.
    pub(super) fn beginning_with(&self, first: char) -> impl Iterator<Item = &str> {
        let mut numbers = 0..self.terms.len();
        let mut low = numbers.end;
        // Binary search over numbers, since stems are found by them.
        while numbers.start < low {
            let middle = numbers.start.midpoint(low);
            if self.stem(middle).chars().next() < Some(first) {
                numbers.start = middle + 1;
            } else {
                low = middle;
            }
        }
        numbers
            .map(|at| self.term(at).0)
            .take_while(move |text| text.starts_with(first))
    }

    fn stem(&self, at: usize) -> &str {
        let term = &self.terms[at];
        let start = term.text as usize;
        &self.texts[start..start + term.stem as usize]
    }

    fn term(&self, at: usize) -> (&str, &[Posting]) {
        let term = &self.terms[at];
        let (text_end, postings_end) = match self.terms.get(at + 1) {
            Some(next) => (next.text as usize, next.postings as usize),
            None => (self.texts.len(), self.postings.len()),
        };
        (
            &self.texts[term.text as usize..text_end],
            &self.postings[term.postings as usize..postings_end],
        )
    }
}

/// The hash of a stem. Its keys are random, so that no document can make all its stems collide.
pub(super) fn hash(stem: &str) -> usize {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    let hash = KEYS.hash_one(stem) as usize >> 1;
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_hold_what_they_are_given() {
        let read = |item, title, statement, guidance| {
            let counts = Lengths {
                title,
                statement,
                guidance,
            };
            let posting = Posting::new(item, counts);
            let counts = posting.counts();
            (
                posting.item(),
                counts.title,
                counts.statement,
                counts.guidance,
            )
        };
        assert_eq!(read(0, 0, 1, 0), (0, 0, 1, 0));
        assert_eq!(read(7, 2, 0, 15), (7, 2, 0, 15));
        let last = Posting::MAX_ITEMS - 1;
        assert_eq!(read(last, 3, 7, 0), (last, 3, 7, 0));
        assert_eq!(read(1, 100, 100, 100), (1, 3, 7, 15), "capped");
    }
}
