//! Words and control references as terms of the index and of queries.

use std::ops::Range;

use crate::document::control_key::control_key;
use crate::search::indexed::Indexed;

/// Longer words are truncated.
const MAX_TERM_BYTES: usize = 64;

/// How many characters and terms of a query count.
const MAX_QUERY_CHARS: usize = 1000;
const MAX_QUERY_TERMS: usize = 32;

/// The most words in one control reference: `AC - 2 (1)`.
const MAX_REFERENCE_WORDS: usize = 4;

/// Words that carry no meaning for a search; sorted.
const STOP_WORDS: [&str; 40] = [
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "has", "have", "how", "if", "in", "is", "it", "its", "not", "of", "on", "or", "s", "say",
    "such", "that", "the", "their", "these", "this", "to", "what", "which", "who", "will", "with",
];
const LONGEST_STOP_WORD: usize = 5;

/// Calls `each` with the place and the term of every word that is not a stop word.
pub(super) fn words(text: &str, mut each: impl FnMut(Range<usize>, &str)) {
    let mut term = String::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() {
            start.get_or_insert(at);
            if c.is_ascii() {
                push_within(&mut term, c.to_ascii_lowercase());
            } else {
                c.to_lowercase().for_each(|c| push_within(&mut term, c));
            }
        } else if let Some(start) = start.take() {
            if !is_stop_word(&term) {
                strip_plural(&mut term);
                each(start..at, &term);
            }
            term.clear();
        }
    }
}

fn push_within(term: &mut String, c: char) {
    if term.len() + c.len_utf8() <= MAX_TERM_BYTES {
        term.push(c);
    }
}

fn is_stop_word(term: &str) -> bool {
    term.len() <= LONGEST_STOP_WORD && STOP_WORDS.binary_search(&term).is_ok()
}

/// Reduces English plurals to one term: `policies` and `policy`, `accesses` and `access`,
/// `accounts` and `account`.
fn strip_plural(word: &mut String) {
    let stem = |cut: &str| word.len() >= cut.len() + 2 && word.ends_with(cut);
    if stem("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if ["sses", "xes", "ches", "shes"].into_iter().any(stem) {
        word.truncate(word.len() - 2);
    } else if stem("s")
        && !["ss", "us", "is"]
            .into_iter()
            .any(|end| word.ends_with(end))
    {
        word.truncate(word.len() - 1);
    }
}

/// The term for a control, whatever its notation: `#` and the control's key. No word has this form.
pub(super) fn reference_term(reference: &str) -> String {
    format!("#{}", control_key(reference))
}

/// What a query asks for.
pub(super) struct QueryTerms {
    /// Terms of the index, without repetition.
    pub(super) terms: Vec<String>,
    /// Keys of controls that the query names.
    pub(super) controls: Vec<String>,
}

impl QueryTerms {
    /// Parses a query. Words that name a control, which the documents define or mention, are a
    /// reference; the others are words.
    pub(super) fn of(text: &str, documents: &[&Indexed]) -> Self {
        let end = text.char_indices().nth(MAX_QUERY_CHARS);
        let text = &text[..end.map_or(text.len(), |(end, _)| end)];
        let mut query = Self {
            terms: Vec::new(),
            controls: Vec::new(),
        };
        if query.add_reference(text, documents) {
            return query;
        }
        let separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let pieces: Vec<&str> = text.split(separator).filter(|p| !p.is_empty()).collect();
        let mut at = 0;
        while at < pieces.len() {
            let reference = (1..=MAX_REFERENCE_WORDS.min(pieces.len() - at))
                .rev()
                .find(|length| {
                    let piece = pieces[at..at + length].join(" ");
                    is_like_reference(&piece) && query.add_reference(&piece, documents)
                });
            if reference.is_none() {
                words(pieces[at], |_, term| query.add_term(term.to_owned()));
            }
            at += reference.unwrap_or(1);
        }
        query
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
            self.add_term(term);
        }
        known
    }

    fn add_term(&mut self, term: String) {
        if self.terms.len() < MAX_QUERY_TERMS && !self.terms.contains(&term) {
            self.terms.push(term);
        }
    }
}

/// Whether words within a longer query can be a control's id: they contain a digit, and more than
/// one run of letters or digits, because otherwise a plain number would be taken for a label.
fn is_like_reference(text: &str) -> bool {
    let key = control_key(text);
    key.contains('.') && key.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_stems_without_stop_words() {
        let mut terms = Vec::new();
        let text =
            "The organization's Policies, ACCESS-accesses; status of Übungen: 4 boxes (keys) is";
        words(text, |place, term| {
            assert_eq!(
                text[place].to_lowercase().chars().next(),
                term.chars().next()
            );
            terms.push(term.to_owned());
        });
        assert_eq!(
            terms,
            [
                "organization",
                "policy",
                "access",
                "access",
                "status",
                "übungen",
                "4",
                "box",
                "key"
            ]
        );
        assert!(STOP_WORDS.is_sorted());
        assert!(
            STOP_WORDS
                .iter()
                .all(|word| word.len() <= LONGEST_STOP_WORD)
        );
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        words(&"é".repeat(100), |place, term| {
            assert_eq!((place, term.len()), (0..200, 64));
        });
    }
}
