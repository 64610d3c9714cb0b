//! BM25F over the segments of several documents: BM25 with two fields, title and prose.

use std::cmp::Ordering;

use crate::search::indexed::Indexed;
use crate::search::item::Item;
use crate::search::segment::{Lengths, Posting};
use crate::search::terms::QueryTerms;

/// How soon repetition saturates, how much a word in a title weighs compared with one in prose, and
/// how much the length of each matters. Chosen so that most controls of SP 800-53 are the first hit
/// for their own title.
const K1: f32 = 1.5;
const TITLE_WEIGHT: f32 = 4.0;
const TITLE_B: f32 = 0.6;
const PROSE_B: f32 = 0.75;

/// The bonus for a control that the query names: more than any sum of BM25 terms.
const NAMED_BONUS: f32 = 1000.0;

/// Withdrawn controls have little but a title, which BM25 would put first.
const WITHDRAWN_FACTOR: f32 = 0.3;

/// An item and its score.
pub(super) struct Ranked<'a> {
    pub(super) indexed: &'a Indexed,
    pub(super) item: u32,
    pub(super) score: f32,
    /// The document's position.
    position: usize,
}

impl Ranked<'_> {
    /// Higher scores first, then in the order of the documents and of their items.
    fn order(&self, other: &Self) -> Ordering {
        let scores = other.score.total_cmp(&self.score);
        scores.then((self.position, self.item).cmp(&(other.position, other.item)))
    }
}

/// The best items of these documents, best first, and the total number of matches.
pub(super) fn best<'a>(
    documents: &[&'a Indexed],
    terms: &QueryTerms,
    limit: usize,
) -> (Vec<Ranked<'a>>, usize) {
    let ranking = Ranking::of(documents, terms);
    let mut ranked = Vec::new();
    for (position, &indexed) in documents.iter().enumerate() {
        for (item, score) in (0..).zip(ranking.scores(indexed)) {
            if score > 0.0 {
                ranked.push(Ranked {
                    indexed,
                    item,
                    score,
                    position,
                });
            }
        }
    }
    let total = ranked.len();
    if limit < total {
        ranked.select_nth_unstable_by(limit, Ranked::order);
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by(Ranked::order);
    (ranked, total)
}

/// The terms of a query with their weights in these documents.
struct Ranking<'q> {
    query: &'q QueryTerms,
    weights: Vec<f32>,
    average: Lengths<f32>,
}

#[expect(clippy::cast_precision_loss, reason = "ranking needs no more than f32")]
impl<'q> Ranking<'q> {
    fn of(documents: &[&Indexed], query: &'q QueryTerms) -> Self {
        let segments = || documents.iter().map(|indexed| &indexed.segment);
        let items = segments().map(|s| s.lengths.len()).sum::<usize>() as f32;
        let weight = |term: &String| {
            let found = segments().map(|s| s.postings(term).len()).sum::<usize>() as f32;
            (1.0 + (items - found + 0.5) / (found + 0.5)).ln()
        };
        let average = |words: u64| (words as f32 / items).max(1.0);
        Self {
            query,
            weights: query.terms.iter().map(weight).collect(),
            average: Lengths {
                title: average(segments().map(|s| s.total.title).sum()),
                prose: average(segments().map(|s| s.total.prose).sum()),
            },
        }
    }

    /// The scores of a document's items; 0 for those that do not match.
    fn scores(&self, indexed: &Indexed) -> Vec<f32> {
        let Indexed { document, segment } = indexed;
        let mut scores = vec![0.0; segment.lengths.len()];
        for (term, weight) in self.query.terms.iter().zip(&self.weights) {
            for posting in segment.postings(term) {
                let item = posting.item() as usize;
                let frequency = self.frequency(*posting, segment.lengths[item]);
                scores[item] += weight * frequency * (K1 + 1.0) / (frequency + K1);
            }
        }
        for (number, score) in (0..).zip(&mut scores) {
            if *score > 0.0 && Item::at(document, number).is_withdrawn() {
                *score *= WITHDRAWN_FACTOR;
            }
        }
        for key in &self.query.controls {
            for control in document.controls_by_key(key) {
                scores[control.number() as usize] += NAMED_BONUS;
            }
        }
        scores
    }

    /// How often a term occurs, normalized for the length of the item.
    fn frequency(&self, posting: Posting, lengths: Lengths<u32>) -> f32 {
        let relative = |b: f32, length: u32, average: f32| 1.0 - b + b * length as f32 / average;
        let title = relative(TITLE_B, lengths.title, self.average.title);
        let prose = relative(PROSE_B, lengths.prose, self.average.prose);
        TITLE_WEIGHT * posting.title() as f32 / title + posting.prose() as f32 / prose
    }
}
