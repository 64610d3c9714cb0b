//! The index of one document.

use std::ops::Range;

/// Which items have a term, and how often.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// Sorted by text.
    pub(super) terms: Box<[Term]>,
    /// The texts of all terms.
    pub(super) texts: Box<str>,
    /// The postings of all terms.
    pub(super) postings: Box<[Posting]>,
    pub(super) lengths: Box<[Lengths<u32>]>,
    pub(super) total: Lengths<u64>,
}

/// The location of a term's text and postings.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) text: Range<u32>,
    pub(super) postings: Range<u32>,
}

/// Word counts, of one item or of all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lengths<T> {
    pub(super) title: T,
    pub(super) prose: T,
}

/// An item that contains a term, and how often in its title and prose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting(u32);

impl Posting {
    const TITLE_BITS: u32 = 3;
    const PROSE_BITS: u32 = 6;
    const COUNT_BITS: u32 = Self::TITLE_BITS + Self::PROSE_BITS;

    /// Documents have fewer items: 8 million do not fit into a file of 64 MiB.
    pub(super) const MAX_ITEMS: u32 = 1 << (u32::BITS - Self::COUNT_BITS);

    /// Counts are capped; higher ones make no difference to the score.
    pub(super) fn new(item: u32, title: u32, prose: u32) -> Self {
        let title = title.min((1 << Self::TITLE_BITS) - 1);
        let prose = prose.min((1 << Self::PROSE_BITS) - 1);
        Self(item << Self::COUNT_BITS | title << Self::PROSE_BITS | prose)
    }

    pub(super) fn item(self) -> u32 {
        self.0 >> Self::COUNT_BITS
    }

    pub(super) fn title(self) -> u32 {
        self.0 >> Self::PROSE_BITS & ((1 << Self::TITLE_BITS) - 1)
    }

    pub(super) fn prose(self) -> u32 {
        self.0 & ((1 << Self::PROSE_BITS) - 1)
    }
}

impl Segment {
    /// The postings of a term, by item.
    pub(super) fn postings(&self, term: &str) -> &[Posting] {
        let found = self
            .terms
            .binary_search_by(|candidate| self.texts[usizes(&candidate.text)].cmp(term));
        match found {
            Ok(at) => &self.postings[usizes(&self.terms[at].postings)],
            Err(_) => &[],
        }
    }
}

fn usizes(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_hold_what_they_are_given() {
        for (item, title, prose) in [(0, 0, 1), (7, 2, 63), (Posting::MAX_ITEMS - 1, 7, 0)] {
            let posting = Posting::new(item, title, prose);
            assert_eq!(
                (posting.item(), posting.title(), posting.prose()),
                (item, title, prose)
            );
        }
        let full = Posting::new(1, 100, 100);
        assert_eq!((full.item(), full.title(), full.prose()), (1, 7, 63));
    }
}
