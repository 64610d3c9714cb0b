//! Words of the documents that look like those of a query, for a query that finds nothing.

use std::collections::BTreeSet;

use crate::search::indexed::Indexed;
use crate::search::query::written_words;

/// How many words are suggested.
const MAX_SUGGESTIONS: usize = 5;

/// How many words of a query are looked at, and how long they may be.
const MAX_WORDS: usize = 4;
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;

/// Words of this many characters may differ in two letters; shorter ones in one.
const LONG: usize = 8;

/// The words of these documents that differ in a letter or two from words of a query that no
/// document has, the nearest first.
pub(crate) fn near_words(documents: &[&Indexed], text: &str) -> Vec<String> {
    let mut near = BTreeSet::new();
    for word in written_words(text).into_iter().take(MAX_WORDS) {
        let mut segments = documents.iter().map(|indexed| &indexed.segment);
        let length = word.chars().count();
        if !LENGTHS.contains(&length) || segments.any(|s| !s.postings(&word).is_empty()) {
            continue;
        }
        let most = if length < LONG { 1 } else { 2 };
        let first = word.chars().next().unwrap_or_default();
        let candidates: BTreeSet<&str> = documents
            .iter()
            .flat_map(|indexed| indexed.segment.beginning_with(first))
            .filter(|candidate| candidate.len().abs_diff(word.len()) <= most)
            .collect();
        let of_word = candidates.into_iter().filter_map(|candidate| {
            let distance = distance(&word, candidate);
            (distance <= most).then(|| (distance, candidate.to_owned()))
        });
        near.extend(of_word);
    }
    let near = near.into_iter().map(|(_, word)| word);
    near.take(MAX_SUGGESTIONS).collect()
}

/// How many letters must be changed, added, left out or swapped with the next.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *b && *a == other[j - 1] {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_changes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("policy", "policy", 0),
            ("polcy", "policy", 1),
            ("poilcy", "policy", 1),
            ("account", "acount", 1),
            ("übung", "ubung", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
