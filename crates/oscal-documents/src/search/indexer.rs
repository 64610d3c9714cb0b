//! Builds the index of a document.

use std::collections::HashMap;

use crate::control::Control;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::Document;
use crate::document::entry::References;
use crate::json::budget::{Budget, floor_char_boundary};
use crate::search::abbreviations::Abbreviations;
use crate::search::item::Item;
use crate::search::segment::{Lengths, Posting, Segment, Term};
use crate::search::stem::stem_len;
use crate::search::terms::{reference_term, words};

/// The most terms that are indexed. SP 800-53 has 8,000.
const MAX_TERMS: usize = 500_000;

/// How many bytes of the title of a group, a base control or an enhancement count for another
/// item. Only hostile documents have longer ones.
const MAX_RELATED_TITLE: usize = 256;

/// Where a word occurs.
#[derive(Clone, Copy)]
enum Field {
    Title,
    Statement,
    Guidance,
}

impl<T> Lengths<T> {
    fn of_field(&mut self, field: Field) -> &mut T {
        match field {
            Field::Title => &mut self.title,
            Field::Statement => &mut self.statement,
            Field::Guidance => &mut self.guidance,
        }
    }
}

impl Segment {
    /// Indexes a document and what its entries refer to.
    pub(super) fn of(document: &Document, references: &References) -> Self {
        // Enough for any real document, and at most linear for any other.
        let budget = Budget::new(document.json().len() * 4 + (2 << 20));
        let none = ParamValues::new();
        let renderer = Renderer::new(document, &none, &budget);
        let mut indexer = Indexer::default();
        for control in document.controls() {
            indexer.start_item(&Item::Control(control), &renderer);
            indexer.names(control, Field::Title);
            if let Some(base) = control.parent() {
                indexer.enhancements.push((control.number(), base.number()));
            }
            if control.is_withdrawn() {
                indexer.withdrawn.push(control.number());
            }
            for outer in std::iter::successors(control.parent(), |outer| outer.parent()) {
                indexer.names(outer, Field::Guidance);
                indexer.related_title(outer.title());
            }
            // So that a base control is found by what its enhancements are about.
            for enhancement in control.enhancements().filter(|below| !below.is_withdrawn()) {
                indexer.related_title(enhancement.title());
            }
        }
        let mut references = references.iter().peekable();
        for (at, entry) in document.entries().iter().enumerate() {
            indexer.start_item(&Item::Entry(document, entry), &renderer);
            while let Some((_, control)) = references.next_if(|(entry, _)| *entry as usize == at) {
                indexer.count(&reference_term(control), Field::Title);
            }
        }
        indexer.finish()
    }
}

#[derive(Default)]
struct Indexer {
    postings: HashMap<Box<str>, Vec<Posting>>,
    /// Terms are counted for the last item.
    lengths: Vec<Lengths<u32>>,
    abbreviations: Abbreviations,
    enhancements: Vec<(u32, u32)>,
    withdrawn: Vec<u32>,
}

impl Indexer {
    fn start_item(&mut self, item: &Item<'_>, renderer: &Renderer<'_>) {
        self.lengths.push(Lengths::default());
        self.words(item.own_title(), Field::Title);
        self.related_title(item.outer_title());
        let text = item.fields(renderer);
        for title in [item.own_title(), item.label().unwrap_or_default()] {
            self.abbreviations.defined_by(title, &text.statement);
        }
        self.abbreviations.spelled_out_in(&text.statement);
        self.abbreviations.spelled_out_in(&text.guidance);
        self.words(&text.statement, Field::Statement);
        self.words(&text.guidance, Field::Guidance);
    }

    fn related_title(&mut self, title: &str) {
        let end = floor_char_boundary(title, MAX_RELATED_TITLE);
        self.words(&title[..end], Field::Guidance);
    }

    fn words(&mut self, text: &str, field: Field) {
        let mut length = 0;
        words(text, |_, term| {
            length += 1;
            self.count(term, field);
        });
        if let Some(lengths) = self.lengths.last_mut() {
            *lengths.of_field(field) += length;
        }
    }

    /// Adds the names of a control as terms.
    fn names(&mut self, control: Control<'_>, field: Field) {
        let id = reference_term(control.id());
        self.count(&id, field);
        let label = control.label().map(reference_term);
        if let Some(label) = label.filter(|label| *label != id) {
            self.count(&label, field);
        }
    }

    fn count(&mut self, term: &str, field: Field) {
        let item = u32::try_from(self.lengths.len() - 1).unwrap_or(u32::MAX);
        if item >= Posting::MAX_ITEMS {
            return;
        }
        if !self.postings.contains_key(term) {
            if self.postings.len() == MAX_TERMS {
                return;
            }
            self.postings.insert(term.into(), Vec::new());
        }
        let Some(postings) = self.postings.get_mut(term) else {
            return;
        };
        // Items arrive in ascending order, so an existing posting of this item is the last one.
        let last = postings.pop_if(|last| last.item() == item);
        let mut counts = last.map_or_else(Lengths::default, Posting::counts);
        *counts.of_field(field) += 1;
        postings.push(Posting::new(item, counts));
    }

    fn finish(self) -> Segment {
        let terms = self.postings.into_iter();
        let mut sorted: Vec<_> = terms
            .map(|(text, of_term)| (stem_len(&text), text, of_term))
            .collect();
        sorted.sort_unstable_by(|(stem, a, _), (other, b, _)| {
            (&a[..*stem], a).cmp(&(&b[..*other], b))
        });
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        let mut texts = String::new();
        let count = sorted.iter().map(|(_, _, of_term)| of_term.len()).sum();
        let mut postings = Vec::with_capacity(count);
        let terms = sorted.into_iter().map(|(stem, text, of_term)| {
            let term = Term {
                text: offset(texts.len()),
                postings: offset(postings.len()),
                stem: offset(stem),
            };
            texts.push_str(&text);
            postings.extend(of_term);
            term
        });
        let terms = terms.collect();
        let mut total = Lengths::default();
        for lengths in &self.lengths {
            total.title += u64::from(lengths.title);
            total.statement += u64::from(lengths.statement);
            total.guidance += u64::from(lengths.guidance);
        }
        Segment {
            terms,
            texts: texts.into(),
            postings: postings.into(),
            lengths: self.lengths.into(),
            total,
            abbreviations: self.abbreviations.finish(),
            enhancements: self.enhancements.into(),
            withdrawn: self.withdrawn.into(),
            stems: Box::default(),
        }
        .with_stems()
    }
}
