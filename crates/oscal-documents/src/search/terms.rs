//! Words and control references as terms of the index.

use std::ops::Range;

use crate::document::control_key::control_key;

/// Longer words are truncated.
const MAX_TERM_BYTES: usize = 64;

/// Whether a word carries no meaning for a search. (A pattern is much quicker than a list.)
fn is_stop_word(term: &str) -> bool {
    matches!(
        term,
        "a" | "an"
            | "and"
            | "any"
            | "are"
            | "as"
            | "at"
            | "be"
            | "by"
            | "can"
            | "do"
            | "does"
            | "for"
            | "from"
            | "has"
            | "have"
            | "how"
            | "if"
            | "in"
            | "is"
            | "it"
            | "its"
            | "not"
            | "of"
            | "on"
            | "or"
            | "s"
            | "say"
            | "such"
            | "that"
            | "the"
            | "their"
            | "these"
            | "this"
            | "to"
            | "what"
            | "which"
            | "who"
            | "will"
            | "with"
    )
}

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

/// Reduces English plurals to one term: `policies` and `policy`, `accesses` and `access`,
/// `accounts` and `account`.
fn strip_plural(word: &mut String) {
    if !word.ends_with('s') {
        return;
    }
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
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        words(&"é".repeat(100), |place, term| {
            assert_eq!((place, term.len()), (0..200, 64));
        });
    }
}
