//! What a query asks for.

mod vocabulary;
mod word;

use std::collections::HashMap;

use crate::document::control_key::control_key;
use crate::search::indexed::Indexed;
use crate::search::query::vocabulary::Vocabulary;
use crate::search::query::word::{Word, words_of};
use crate::search::segment::hash;
use crate::search::stem::stem_len;
use crate::search::terms::reference_term;

/// How many characters, words and terms of a query count. Words beyond the limit are ignored, as are
/// other words for those within it.
const MAX_CHARS: usize = 1000;
const MAX_WORDS: usize = 32;
const MAX_TERMS: usize = 96;

/// The most words in one control reference: `AC - 2 (1)`.
const MAX_REFERENCE_WORDS: usize = 4;

/// How much the other words for something weigh: those that the vocabulary gives first, and how much
/// less each one after that. A person's own words weigh 1.
const OTHER_WORDS: f32 = 0.95;
const LATER_WORDS: f32 = 0.9;

/// The most meanings of an abbreviation that are tried.
const MAX_MEANINGS: usize = 3;

/// A word or a control reference.
#[derive(Debug)]
pub(super) struct QueryTerm {
    pub(super) text: String,
    stem_len: usize,
    /// The hash of the stem.
    pub(super) hash: usize,
}

impl QueryTerm {
    pub(super) fn stem(&self) -> &str {
        &self.text[..self.stem_len]
    }
}

/// A way to say something: numbers of terms, which belong together.
#[derive(Debug)]
pub(super) struct Wording {
    pub(super) terms: Vec<usize>,
    pub(super) weight: f32,
}

/// Something that the query asks for, in several wordings: the person's own one comes first.
pub(super) type Concept = Vec<Wording>;

/// A query, taken apart.
#[derive(Debug, Default)]
pub(super) struct AskedFor {
    pub(super) concepts: Vec<Concept>,
    /// All terms, without repetition.
    pub(super) terms: Vec<QueryTerm>,
    /// Keys of controls that the query names.
    pub(super) controls: Vec<String>,
    numbers: HashMap<String, usize>,
    /// The first bytes of all terms.
    beginnings: Vec<[u8; 3]>,
}

impl AskedFor {
    /// Parses a query. Words that name a control, which the documents define or mention, are a
    /// reference; the others are words.
    pub(super) fn of(text: &str, documents: &[&Indexed]) -> Self {
        let text = beginning_of(text);
        let mut query = Self::default();
        if query.add_reference(text, documents) {
            return query;
        }
        let separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let tokens: Vec<&str> = text
            .split(separator)
            .filter(|token| !token.is_empty())
            .collect();
        let mut rest: Vec<&str> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let reference = (1..=MAX_REFERENCE_WORDS.min(tokens.len() - at))
                .rev()
                .find(|length| {
                    let reference = tokens[at..at + length].join(" ");
                    is_like_reference(&reference) && query.add_reference(&reference, documents)
                });
            if reference.is_none() {
                rest.push(tokens[at]);
            }
            at += reference.unwrap_or(1);
        }
        query.add_words(&rest.join(" "), documents);
        query
    }

    /// The number of the term with this word's stem.
    pub(super) fn term_like(&self, word: &str) -> Option<usize> {
        // Most words of a text begin in another way than any term.
        if !self.beginnings.contains(&beginning(word)) {
            return None;
        }
        self.numbers.get(&word[..stem_len(word)]).copied()
    }

    fn add_reference(&mut self, text: &str, documents: &[&Indexed]) -> bool {
        let term = reference_term(text);
        let key = &term[1..];
        let known = documents.iter().any(|indexed| {
            !indexed.segment.postings(&term).is_empty()
                || indexed.document.controls_by_key(key).next().is_some()
        });
        if known {
            if !self.controls.iter().any(|other| other == key) {
                self.controls.push(key.to_owned());
            }
            let terms = Vec::from_iter(self.term(term));
            self.concepts.push(vec![Wording { terms, weight: 1.0 }]);
        }
        known
    }

    fn add_words(&mut self, text: &str, documents: &[&Indexed]) {
        let mut words = words_of(text);
        words.truncate(MAX_WORDS);
        let mut is_covered = vec![false; words.len()];
        for (places, meanings) in Vocabulary::shared().concepts_in(&words) {
            for place in &places {
                is_covered[*place] = true;
            }
            let own: Vec<&Word> = places.iter().map(|place| &words[*place]).collect();
            let mut concept = vec![self.wording(&own, 1.0)];
            if let [word] = own[..] {
                self.add_meanings(&mut concept, meanings_in(documents, word));
            }
            self.add_meanings(&mut concept, meanings.into_iter());
            self.concepts.push(concept);
        }
        for (word, _) in words.iter().zip(is_covered).filter(|(_, covered)| !covered) {
            let mut concept = vec![self.wording(&[word], 1.0)];
            self.add_meanings(&mut concept, meanings_in(documents, word));
            self.concepts.push(concept);
        }
    }

    fn add_meanings<'m>(&mut self, concept: &mut Concept, meanings: impl Iterator<Item = &'m str>) {
        let mut weight = OTHER_WORDS;
        for meaning in meanings {
            let words = words_of(meaning);
            let wording = self.wording(&words.iter().collect::<Vec<_>>(), weight);
            if !concept.iter().any(|other| other.terms == wording.terms) {
                concept.push(wording);
            }
            weight *= LATER_WORDS;
        }
    }

    fn wording(&mut self, words: &[&Word], weight: f32) -> Wording {
        let mut terms = Vec::new();
        for word in words {
            terms.extend(
                self.term(word.term.clone())
                    .filter(|term| !terms.contains(term)),
            );
        }
        Wording { terms, weight }
    }

    /// The number of a term, which may be a new one.
    fn term(&mut self, text: String) -> Option<usize> {
        let stem_len = stem_len(&text);
        if let Some(at) = self.terms.iter().position(|term| term.text == text) {
            return Some(at);
        }
        if self.terms.len() == MAX_TERMS {
            return None;
        }
        let at = self.terms.len();
        self.numbers
            .entry(text[..stem_len].to_owned())
            .or_insert(at);
        let hash = hash(&text[..stem_len]);
        self.beginnings.push(beginning(&text));
        self.terms.push(QueryTerm {
            text,
            stem_len,
            hash,
        });
        Some(at)
    }
}

/// The words of a text as terms of the index.
pub(super) fn written_words(text: &str) -> Vec<String> {
    let words = words_of(beginning_of(text));
    words.into_iter().map(|word| word.term).collect()
}

/// The characters that count.
fn beginning_of(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARS);
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

fn beginning(word: &str) -> [u8; 3] {
    let mut bytes = word.bytes();
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

/// What the documents say that an abbreviation stands for.
fn meanings_in<'a>(
    documents: &[&'a Indexed],
    word: &Word,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let mut meanings: Vec<&str> = Vec::new();
    for indexed in documents {
        let abbreviations = &indexed.segment.abbreviations;
        let first = abbreviations.partition_point(|of| *of.short < *word.written);
        let same = abbreviations[first..]
            .iter()
            .take_while(|of| *of.short == *word.written);
        for of in same {
            if meanings.len() < MAX_MEANINGS && !meanings.contains(&&*of.long) {
                meanings.push(&of.long);
            }
        }
    }
    meanings.into_iter()
}

/// Whether words within a longer query can be a control's id: they contain a digit, and more than
/// one run of letters or digits, because otherwise a plain number would be taken for a label.
fn is_like_reference(text: &str) -> bool {
    let key = control_key(text);
    key.contains('.') && key.contains(|c: char| c.is_ascii_digit())
}
