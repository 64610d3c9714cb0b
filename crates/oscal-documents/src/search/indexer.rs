//! Builds the index of a document.

use std::collections::HashMap;

use crate::control::Control;
use crate::control::substitution::{ParamValues, Renderer};
use crate::document::Document;
use crate::document::entry::References;
use crate::json::budget::Budget;
use crate::search::item::Item;
use crate::search::segment::{Lengths, Posting, Segment, Term};
use crate::search::terms::{reference_term, words};

/// The most terms that are indexed. SP 800-53 has 8,000.
const MAX_TERMS: usize = 500_000;

/// Where a word occurs.
#[derive(Clone, Copy)]
enum Field {
    Title,
    Prose,
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
            for outer in std::iter::successors(control.parent(), |outer| outer.parent()) {
                indexer.names(outer, Field::Prose);
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
}

impl Indexer {
    fn start_item(&mut self, item: &Item<'_>, renderer: &Renderer<'_>) {
        self.lengths.push(Lengths::default());
        self.words(item.own_title(), Field::Title);
        self.words(item.outer_title(), Field::Prose);
        self.words(&item.text(renderer), Field::Prose);
    }

    fn words(&mut self, text: &str, field: Field) {
        let mut length = 0;
        words(text, |_, term| {
            length += 1;
            self.count(term, field);
        });
        if let Some(lengths) = self.lengths.last_mut() {
            match field {
                Field::Title => lengths.title += length,
                Field::Prose => lengths.prose += length,
            }
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
        let (title, prose) = last.map_or((0, 0), |last| (last.title(), last.prose()));
        postings.push(match field {
            Field::Title => Posting::new(item, title + 1, prose),
            Field::Prose => Posting::new(item, title, prose + 1),
        });
    }

    fn finish(self) -> Segment {
        let mut sorted: Vec<_> = self.postings.into_iter().collect();
        sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        let mut texts = String::new();
        let count = sorted.iter().map(|(_, of_term)| of_term.len()).sum();
        let mut postings = Vec::with_capacity(count);
        let terms = sorted.into_iter().map(|(text, of_term)| {
            let (text_start, postings_start) = (offset(texts.len()), offset(postings.len()));
            texts.push_str(&text);
            postings.extend(of_term);
            Term {
                text: text_start..offset(texts.len()),
                postings: postings_start..offset(postings.len()),
            }
        });
        let terms = terms.collect();
        let mut total = Lengths::default();
        for lengths in &self.lengths {
            total.title += u64::from(lengths.title);
            total.prose += u64::from(lengths.prose);
        }
        Segment {
            terms,
            texts: texts.into(),
            postings: postings.into(),
            lengths: self.lengths.into(),
            total,
        }
    }
}
