//! Ranks the items of several documents: BM25F with three fields, for concepts in several wordings.

mod copies;
mod norms;
mod ranked;

use std::ops::Range;

use crate::search::indexed::Indexed;
use crate::search::query::{AskedFor, Wording};
use crate::search::rank::norms::Norms;
use crate::search::rank::ranked::NAMED_BONUS;
use crate::search::segment::{Lengths, Posting};

pub(super) use crate::search::rank::ranked::Ranked;

/// How soon repetition saturates.
const K1: f32 = 1.2;

/// How much another form of a word weighs: `encryption` for `encrypt`.
const OTHER_FORM: f32 = 0.8;

/// How much a title gains that consists of nothing but what was asked for.
const WHOLE_TITLE: f32 = 0.8;

/// How much less than the rarest a word, or a concept, may weigh before it is ignored.
const COMMON_WORD: f32 = 0.25;
const COMMON_CONCEPT: f32 = 0.12;

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
    concepts: Vec<Vec<Significant>>,
    /// Whether each term is in one of the concepts.
    is_used: Vec<bool>,
    /// For each document, the postings of each term, with those of its other forms.
    postings: Vec<Found<'d>>,
    /// The weight of each term.
    weights: Vec<f32>,
    norms: Norms,
}

/// A wording without words that are too common to tell items apart beside the others.
struct Significant {
    terms: Vec<usize>,
    /// The weight of its terms together.
    whole: f32,
    /// What it is worth compared with the person's own words.
    weight: f32,
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
    /// The score of the best wording, and the largest share of one.
    concept: Vec<(f32, f32)>,
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
                    indexed
                        .segment
                        .with_stem(term.stem(), term.hash, |text, postings| {
                            *count += postings.len();
                            found.lists.push((text == term.text, postings));
                        });
                    found.of_term.push(start..found.lists.len());
                }
                found
            })
            .collect();
        // Words that are in no item have no weight.
        let weight = |with_term: &usize| {
            if *with_term == 0 {
                return 0.0;
            }
            let found = (*with_term as f32).min(items);
            (1.0 + (items - found + 0.5) / (found + 0.5)).ln()
        };
        let weights: Vec<f32> = with_term.iter().map(weight).collect();
        let mut total = Lengths::default();
        for segment in segments() {
            total.title += segment.total.title;
            total.statement += segment.total.statement;
            total.guidance += segment.total.guidance;
        }
        let concepts = significant(asked, &weights);
        let mut is_used = vec![false; weights.len()];
        for term in concepts.iter().flatten().flat_map(|wording| &wording.terms) {
            is_used[*term] = true;
        }
        Self {
            asked,
            concepts,
            is_used,
            postings,
            weights,
            norms: Norms::of(total, items),
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
            .enumerate()
            .map(|(term, lists)| {
                if !self.is_used[term] {
                    return Vec::new();
                }
                let lists = &found.lists[lists.clone()];
                self.of_term(lists, self.weights[term], &segment.lengths, scratch)
            })
            .collect();
        let mut asked_for = 0.0;
        for concept in &self.concepts {
            asked_for += self.add_concept(concept, &of_terms, &mut scores, scratch);
        }
        for (score, complete) in scores.iter_mut().zip(&mut scratch.complete) {
            if *score > 0.0 {
                let share = std::mem::take(complete) / asked_for;
                *score *= share.min(1.0).sqrt();
            }
        }
        lift(&segment.enhancements, &mut scores);
        for control in &segment.withdrawn {
            scores[*control as usize] *= WITHDRAWN;
        }
        for key in &self.asked.controls {
            for control in document.controls_by_key(key) {
                scores[control.number() as usize] += NAMED_BONUS;
            }
        }
        scores
    }

    /// Adds what a concept contributes to the scores: the best of its wordings. Returns its weight.
    fn add_concept(
        &self,
        concept: &[Significant],
        of_terms: &[Vec<(u32, f32)>],
        scores: &mut [f32],
        scratch: &mut Scratch,
    ) -> f32 {
        let mut with_concept = Vec::new();
        let mut importance = 0.0_f32;
        for wording in concept {
            importance = importance.max(wording.whole * wording.weight);
            let mut with_wording = Vec::new();
            for term in &wording.terms {
                for (item, score) in &of_terms[*term] {
                    let item = *item as usize;
                    if scratch.wording[item] == 0.0 {
                        with_wording.push(item);
                    }
                    scratch.wording[item] += score;
                    scratch.present[item] += self.weights[*term];
                }
            }
            for item in with_wording {
                let share = std::mem::take(&mut scratch.present[item]) / wording.whole;
                // A part of a wording means less than its share of the words.
                let score = std::mem::take(&mut scratch.wording[item]) * share * wording.weight;
                let (best, best_share) = &mut scratch.concept[item];
                if *best == 0.0 {
                    with_concept.push(item);
                }
                *best = best.max(score);
                *best_share = best_share.max(share);
            }
        }
        for item in with_concept {
            let (score, share) = std::mem::take(&mut scratch.concept[item]);
            scores[item] += score;
            scratch.complete[item] += importance * share;
        }
        importance
    }

    /// The items with a term and what it adds to their scores.
    fn of_term(
        &self,
        lists: &[(bool, &[Posting])],
        weight: f32,
        lengths: &[Lengths<u32>],
        scratch: &mut Scratch,
    ) -> Vec<(u32, f32)> {
        let mut with_term = Vec::with_capacity(lists.iter().map(|(_, list)| list.len()).sum());
        for (is_word_itself, postings) in lists {
            let form = if *is_word_itself { 1.0 } else { OTHER_FORM };
            for posting in *postings {
                let item = posting.item() as usize;
                let counts = posting.counts();
                let sum = &mut scratch.frequency[item];
                if *sum == 0.0 {
                    with_term.push((posting.item(), 0.0));
                }
                *sum += form * self.norms.frequency(counts, lengths[item]);
                scratch.title[item] |= counts.title > 0;
            }
        }
        for (item, score) in &mut with_term {
            let item = *item as usize;
            let frequency = std::mem::take(&mut scratch.frequency[item]);
            *score = weight * frequency * (K1 + 1.0) / (frequency + K1);
            if std::mem::take(&mut scratch.title[item]) {
                *score += weight * WHOLE_TITLE / (lengths[item].title as f32).max(1.0);
            }
        }
        with_term
    }
}

/// What matters of a query: not the words that are everywhere, if it has others.
fn significant(asked: &AskedFor, weights: &[f32]) -> Vec<Vec<Significant>> {
    let largest = |weights: &mut dyn Iterator<Item = f32>| weights.fold(0.0, f32::max);
    let wording = |wording: &Wording| {
        let least = COMMON_WORD * largest(&mut wording.terms.iter().map(|term| weights[*term]));
        let mut terms = wording.terms.clone();
        terms.retain(|term| weights[*term] > 0.0 && weights[*term] >= least);
        Significant {
            whole: terms.iter().map(|term| weights[*term]).sum(),
            terms,
            weight: wording.weight,
        }
    };
    let importance = |concept: &[Significant]| {
        largest(&mut concept.iter().map(|wording| wording.whole * wording.weight))
    };
    let mut concepts: Vec<Vec<Significant>> = asked
        .concepts
        .iter()
        .map(|concept| concept.iter().map(wording).collect())
        .collect();
    let least = COMMON_CONCEPT * largest(&mut concepts.iter().map(|concept| importance(concept)));
    concepts.retain(|concept| importance(concept) >= least);
    concepts
}

/// Lifts controls that match by the best of their enhancements, and lowers the enhancements, so that
/// ten of these do not hide the control that they belong to.
fn lift(enhancements: &[(u32, u32)], scores: &mut [f32]) {
    let mut lifts: Vec<(usize, f32)> = Vec::new();
    for (enhancement, base) in enhancements {
        let (enhancement, base) = (*enhancement as usize, *base as usize);
        if scores[enhancement] > 0.0 && scores[base] > 0.0 {
            match lifts.last_mut().filter(|(last, _)| *last == base) {
                Some((_, best)) => *best = best.max(scores[enhancement]),
                None => lifts.push((base, scores[enhancement])),
            }
            scores[enhancement] *= ENHANCEMENT;
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
            self.concept.resize(items, (0.0, 0.0));
            for numbers in [
                &mut self.frequency,
                &mut self.wording,
                &mut self.present,
                &mut self.complete,
            ] {
                numbers.resize(items, 0.0);
            }
        }
    }
}
