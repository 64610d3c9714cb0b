//! The vocabulary of the field: what people say, and what catalogs say.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::search::query::word::{Word, words_of};

/// The vocabulary, which explains its format.
const TEXT: &str = include_str!("../../../vocabulary.txt");

/// What people say, and the words of catalogs for it.
pub(super) struct Vocabulary {
    entries: Vec<Entry>,
    /// Numbers of entries by the stem of their first word, or by the abbreviation.
    by_first: HashMap<String, Vec<usize>>,
}

struct Entry {
    said: Vec<Word>,
    meanings: Vec<&'static str>,
}

impl Vocabulary {
    /// The vocabulary that comes with the crate.
    pub(super) fn shared() -> &'static Self {
        static SHARED: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TEXT));
        &SHARED
    }

    fn of(text: &'static str) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut by_first: HashMap<String, Vec<usize>> = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((said, meant)) = line.split_once(" = ") else {
                continue;
            };
            for said in said.split(',') {
                let said = words_of(said);
                let Some(first) = said.first() else {
                    continue;
                };
                by_first.entry(key(first)).or_default().push(entries.len());
                let meanings = meant.split(',').map(str::trim).collect();
                entries.push(Entry { said, meanings });
            }
        }
        Self { entries, by_first }
    }

    /// The places of words that say something, and what that may mean. Of two that share a word, the
    /// longer counts, then the first one.
    pub(super) fn concepts_in(&self, words: &[Word]) -> Vec<(Vec<usize>, Vec<&'static str>)> {
        let mut found: Vec<(Vec<usize>, Vec<&'static str>)> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let singular = word.written.strip_suffix('s').unwrap_or_default();
            let keys = [word.stem(), &word.written, singular];
            let numbers = keys
                .iter()
                .enumerate()
                .filter(|(at, key)| !keys[..*at].contains(key))
                .filter_map(|(_, key)| self.by_first.get(*key))
                .flatten();
            for entry in numbers.map(|number| &self.entries[*number]) {
                let Some(places) = entry.places(words, at) else {
                    continue;
                };
                match found.iter_mut().find(|(others, _)| *others == places) {
                    Some((_, meanings)) => meanings.extend(&entry.meanings),
                    None => found.push((places, entry.meanings.clone())),
                }
            }
        }
        found.sort_by_key(|(places, _)| std::cmp::Reverse(places.len()));
        let mut is_taken = vec![false; words.len()];
        found.retain(|(places, _)| {
            let is_free = places.iter().all(|place| !is_taken[*place]);
            if is_free {
                for place in places {
                    is_taken[*place] = true;
                }
            }
            is_free
        });
        found
    }
}

impl Entry {
    /// The sorted places of the entry's words, of which the first is at `at`, and the others are
    /// near it in any order: `employee leaves` is in `leaving employees`.
    fn places(&self, words: &[Word], at: usize) -> Option<Vec<usize>> {
        if !matches(&self.said[0], &words[at]) {
            return None;
        }
        let mut places = vec![at];
        let near = at.saturating_sub(self.said.len())..words.len().min(at + self.said.len() + 1);
        for said in &self.said[1..] {
            // After the first word rather than before it.
            let mut candidates = (at..near.end).chain(near.start..at);
            let place = candidates
                .find(|place| !places.contains(place) && matches(said, &words[*place]))?;
            places.push(place);
        }
        places.sort_unstable();
        Some(places)
    }
}

fn key(word: &Word) -> String {
    if word.is_abbreviation {
        word.written.clone()
    } else {
        word.stem().to_owned()
    }
}

/// Whether a word of a query is one of the vocabulary. An abbreviation has no other forms than its
/// plural.
fn matches(said: &Word, word: &Word) -> bool {
    if said.is_abbreviation {
        word.written
            .strip_prefix(&*said.written)
            .is_some_and(|rest| matches!(rest, "" | "s"))
    } else {
        said.stem() == word.stem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "# comment = none\n\
        patch, hot fix = flaw remediation\n\
        patch management = flaw fixing\n\
        IDS = intrusion detection, monitoring\n\
        employee leaves = termination\n\
        broken line";

    fn meanings(query: &str) -> Vec<(Vec<usize>, Vec<&'static str>)> {
        Vocabulary::of(LINES).concepts_in(&words_of(query))
    }

    #[test]
    fn other_words_are_found_in_any_form_and_order() {
        assert_eq!(meanings("patches"), [(vec![0], vec!["flaw remediation"])]);
        assert_eq!(
            meanings("a fix that is hot"),
            [(vec![0, 1], vec!["flaw remediation"])]
        );
        assert_eq!(
            meanings("managing our patches"),
            [(vec![0, 1], vec!["flaw fixing"])]
        );
        for query in [
            "when an employee leaves",
            "leaving employees",
            "employees who always leave",
        ] {
            assert_eq!(meanings(query)[0].1, ["termination"], "{query}");
        }
        assert_eq!(meanings("comment broken fix"), []);
    }

    #[test]
    fn abbreviations_have_no_other_forms() {
        let found = [(vec![0], vec!["intrusion detection", "monitoring"])];
        assert_eq!(meanings("ids"), found);
        assert_eq!(meanings("IDSs"), found);
        assert_eq!(meanings("id"), []);
    }

    #[test]
    fn the_file_is_well_formed() {
        let lines = TEXT
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let mut seen = std::collections::HashSet::new();
        for line in lines {
            let (said, meant) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("no ` = `: {line}"));
            for phrase in said.split(',').chain(meant.split(',')) {
                assert!(!words_of(phrase).is_empty(), "an empty phrase: {line}");
            }
            for phrase in said.split(',') {
                assert!(seen.insert(phrase.trim()), "listed twice: {phrase}");
            }
        }
        assert!(Vocabulary::shared().entries.len() > 300);
    }
}
