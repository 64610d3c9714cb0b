//! Ranks the items of several documents: BM25F with three fields, for concepts in several wordings.

mod copies;
mod ranked;

use std::ops::Range;

use crate::search::indexed::Indexed;
use crate::search::item::Item;
use crate::search::query::AskedFor;
use crate::search::rank::ranked::NAMED_BONUS;
use crate::search::segment::{Lengths, Posting};

pub(super) use crate::search::rank::ranked::Ranked;

/// How soon repetition saturates.
const K1: f32 = 1.2;

/// How much a word in each field weighs, and how much the length of the field matters.
const WEIGHTS: Lengths<f32> = Lengths {
    title: 4.0,
    statement: 1.6,
    guidance: 0.8,
};
const B: Lengths<f32> = Lengths {
    title: 0.5,
    statement: 0.6,
    guidance: 0.6,
};

/// How much another form of a word weighs: `encryption` for `encrypt`.
const OTHER_FORM: f32 = 0.8;

/// How much a title gains that consists of nothing but what was asked for.
const WHOLE_TITLE: f32 = 0.8;

/// How much it matters that all words of a wording, and all concepts of a query are there: the
/// power of the share that is.
const COMPLETE_WORDING: f32 = 1.0;
const COMPLETE_QUERY: f32 = 0.6;

/// How much of the score of its best enhancement a control gains, and what is left of the
/// enhancement's own.
const LIFT: f32 = 0.3;
const ENHANCEMENT: f32 = 0.85;

/// Withdrawn controls have little but a title, which BM25 would put first.
const WITHDRAWN: f32 = 0.3;

/// The best items of these documents, best first, and the total number of matches.
pub(super) fn best<'a>(
    documents: &[&'a Indexed],
    asked: &AskedFor,
    limit: usize,
) -> (Vec<Ranked<'a>>, usize) {
    let ranking = Ranking::of(documents, asked);
    let mut ranked = Vec::new();
    let mut scratch = Scratch::default();
    for (position, &indexed) in documents.iter().enumerate() {
        if !ranking.may_match(position, indexed) {
            continue;
        }
        for (item, score) in (0..).zip(ranking.scores(position, indexed, &mut scratch)) {
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
    let pool = limit.saturating_mul(copies::POOL);
    if pool < total {
        ranked.select_nth_unstable_by(pool, Ranked::order);
        ranked.truncate(pool);
    }
    ranked.sort_unstable_by(Ranked::order);
    copies::put_back(&mut ranked);
    ranked.truncate(limit);
    (ranked, total)
}

/// A query with what its terms weigh in some documents.
struct Ranking<'q, 'd> {
    asked: &'q AskedFor,
    /// For each document, the postings of each term, with those of its other forms.
    postings: Vec<Found<'d>>,
    /// The weight of each term.
    weights: Vec<f32>,
    average: Lengths<f32>,
}

/// The postings of the terms of a query in one document.
#[derive(Default)]
struct Found<'d> {
    /// Whether they are those of the word itself, and the postings.
    lists: Vec<(bool, &'d [Posting])>,
    /// For each term, the range of its lists.
    of_term: Vec<Range<usize>>,
}

/// Numbers for each item of a document, zero between uses.
#[derive(Default)]
struct Scratch {
    frequency: Vec<f32>,
    title: Vec<bool>,
    wording: Vec<f32>,
    present: Vec<f32>,
    concept: Vec<f32>,
    /// What a query asks for and an item has.
    complete: Vec<f32>,
}

#[expect(clippy::cast_precision_loss, reason = "ranking needs no more than f32")]
impl<'q, 'd> Ranking<'q, 'd> {
    fn of(documents: &[&'d Indexed], asked: &'q AskedFor) -> Self {
        let segments = || documents.iter().map(|indexed| &indexed.segment);
        let items = segments().map(|s| s.lengths.len()).sum::<usize>() as f32;
        let mut with_term = vec![0; asked.terms.len()];
        let postings: Vec<Found<'d>> = documents
            .iter()
            .map(|indexed| {
                let mut found = Found::default();
                for (term, count) in asked.terms.iter().zip(&mut with_term) {
                    let start = found.lists.len();
                    indexed.segment.with_stem(term.stem(), |text, postings| {
                        *count += postings.len();
                        found.lists.push((text == term.text, postings));
                    });
                    found.of_term.push(start..found.lists.len());
                }
                found
            })
            .collect();
        let weight = |with_term: &usize| {
            let found = (*with_term as f32).min(items);
            (1.0 + (items - found + 0.5) / (found + 0.5)).ln()
        };
        let average = |words: u64| (words as f32 / items).max(1.0);
        Self {
            asked,
            postings,
            weights: with_term.iter().map(weight).collect(),
            average: Lengths {
                title: average(segments().map(|s| s.total.title).sum()),
                statement: average(segments().map(|s| s.total.statement).sum()),
                guidance: average(segments().map(|s| s.total.guidance).sum()),
            },
        }
    }

    fn may_match(&self, position: usize, indexed: &Indexed) -> bool {
        let mut keys = self.asked.controls.iter();
        !self.postings[position].lists.is_empty()
            || keys.any(|key| indexed.document.controls_by_key(key).next().is_some())
    }

    /// The scores of a document's items; 0 for those that do not match.
    fn scores(&self, position: usize, indexed: &Indexed, scratch: &mut Scratch) -> Vec<f32> {
        let Indexed { document, segment } = indexed;
        let items = segment.lengths.len();
        let mut scores = vec![0.0; items];
        scratch.fit(items);
        let found = &self.postings[position];
        let of_terms: Vec<_> = found
            .of_term
            .iter()
            .zip(&self.weights)
            .map(|(lists, weight)| {
                let lists = &found.lists[lists.clone()];
                self.of_term(lists, *weight, &segment.lengths, scratch)
            })
            .collect();
        let mut asked_for = 0.0;
        for concept in &self.asked.concepts {
            let mut touched = Vec::new();
            let mut importance = 0.0_f32;
            for wording in concept {
                let weights = wording.terms.iter().map(|term| self.weights[*term]);
                let whole: f32 = weights.sum();
                importance = importance.max(whole * wording.weight);
                let mut of_wording = Vec::new();
                for term in &wording.terms {
                    for (item, score) in &of_terms[*term] {
                        if scratch.wording[*item] == 0.0 {
                            of_wording.push(*item);
                        }
                        scratch.wording[*item] += score;
                        scratch.present[*item] += self.weights[*term];
                    }
                }
                for item in of_wording {
                    let share = std::mem::take(&mut scratch.present[item]) / whole;
                    let score = std::mem::take(&mut scratch.wording[item])
                        * share.powf(COMPLETE_WORDING)
                        * wording.weight;
                    let best = &mut scratch.concept[item];
                    if *best == 0.0 {
                        touched.push((item, share));
                    }
                    *best = best.max(score);
                }
            }
            asked_for += importance;
            for (item, share) in touched {
                scores[item] += std::mem::take(&mut scratch.concept[item]);
                scratch.complete[item] += importance * share;
            }
        }
        for (score, complete) in scores.iter_mut().zip(&mut scratch.complete) {
            if *score > 0.0 {
                let share = std::mem::take(complete) / asked_for;
                *score *= share.min(1.0).powf(COMPLETE_QUERY);
            }
        }
        lift(indexed, &mut scores);
        for (number, score) in (0..).zip(&mut scores) {
            if *score > 0.0 && Item::at(document, number).is_withdrawn() {
                *score *= WITHDRAWN;
            }
        }
        for key in &self.asked.controls {
            for control in document.controls_by_key(key) {
                scores[control.number() as usize] += NAMED_BONUS;
            }
        }
        scores
    }

    /// The items with a term and what it adds to their scores.
    fn of_term(
        &self,
        lists: &[(bool, &[Posting])],
        weight: f32,
        lengths: &[Lengths<u32>],
        scratch: &mut Scratch,
    ) -> Vec<(usize, f32)> {
        let mut touched = Vec::new();
        for (is_word_itself, postings) in lists {
            let form = if *is_word_itself { 1.0 } else { OTHER_FORM };
            for posting in *postings {
                let item = posting.item() as usize;
                let sum = &mut scratch.frequency[item];
                if *sum == 0.0 {
                    touched.push((item, 0.0));
                }
                *sum += form * self.frequency(*posting, lengths[item]);
                scratch.title[item] |= posting.counts().title > 0;
            }
        }
        for (item, score) in &mut touched {
            let frequency = std::mem::take(&mut scratch.frequency[*item]);
            *score = weight * frequency * (K1 + 1.0) / (frequency + K1);
            if std::mem::take(&mut scratch.title[*item]) {
                *score += weight * WHOLE_TITLE / (lengths[*item].title as f32).max(1.0);
            }
        }
        touched
    }

    /// How often a term occurs, weighted by field and normalized for the length of the item.
    fn frequency(&self, posting: Posting, lengths: Lengths<u32>) -> f32 {
        let counts = posting.counts();
        let field = |count: u32, weight: f32, b: f32, length: u32, average: f32| {
            weight * count as f32 / (1.0 - b + b * length as f32 / average)
        };
        let Lengths {
            title,
            statement,
            guidance,
        } = self.average;
        field(counts.title, WEIGHTS.title, B.title, lengths.title, title)
            + field(
                counts.statement,
                WEIGHTS.statement,
                B.statement,
                lengths.statement,
                statement,
            )
            + field(
                counts.guidance,
                WEIGHTS.guidance,
                B.guidance,
                lengths.guidance,
                guidance,
            )
    }
}

/// Lifts controls that match by the best of their enhancements, and lowers the enhancements, so that
/// ten of these do not hide the control that they belong to.
fn lift(indexed: &Indexed, scores: &mut [f32]) {
    let mut lifts: Vec<(usize, f32)> = Vec::new();
    for control in indexed.document.controls() {
        let number = control.number() as usize;
        let Some(base) = control.parent() else {
            continue;
        };
        let base = base.number() as usize;
        if scores[number] > 0.0 && scores[base] > 0.0 {
            match lifts.last_mut().filter(|(last, _)| *last == base) {
                Some((_, best)) => *best = best.max(scores[number]),
                None => lifts.push((base, scores[number])),
            }
            scores[number] *= ENHANCEMENT;
        }
    }
    for (base, best) in lifts {
        scores[base] += LIFT * best;
    }
}

impl Scratch {
    fn fit(&mut self, items: usize) {
        if self.frequency.len() < items {
            self.title.resize(items, false);
            for numbers in [
                &mut self.frequency,
                &mut self.wording,
                &mut self.present,
                &mut self.concept,
                &mut self.complete,
            ] {
                numbers.resize(items, 0.0);
            }
        }
    }
}
