//! Abbreviations that a document spells out, in its glossary or anywhere else.

use std::collections::BTreeSet;

use crate::search::segment::Abbreviation;

/// The most abbreviations that are kept of a document. SP 800-53 spells out 60.
const MAX_ABBREVIATIONS: usize = 1000;

/// How many letters an abbreviation has, and the most words that it may stand for.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=8;
const MAX_WORDS: usize = 10;

/// The most bytes of text around an abbreviation that can spell it out.
const MAX_SPELLED_OUT: usize = 160;

/// Words that may have no letter in an abbreviation: `denial of service` may be `DoS` or `DS`.
const SMALL_WORDS: [&str; 7] = ["a", "and", "for", "in", "of", "the", "to"];

/// Collects the abbreviations of a document.
#[derive(Default)]
pub(super) struct Abbreviations(BTreeSet<Abbreviation>);

impl Abbreviations {
    /// Takes `multi-factor authentication (MFA)`, wherever it is in a text.
    pub(super) fn spelled_out_in(&mut self, text: &str) {
        for (open, _) in text.match_indices('(') {
            let within = &text[open + 1..];
            // Abbreviations are short and ASCII, so bytes will do.
            let close = within
                .bytes()
                .take(*LETTERS.end() + 1)
                .position(|b| b == b')');
            let Some(short) = close.and_then(|close| within.get(..close)) else {
                continue;
            };
            if is_abbreviation(short) {
                let start = open.saturating_sub(MAX_SPELLED_OUT);
                let start = (start..=open).find(|at| text.is_char_boundary(*at));
                let before: Vec<&str> = split(&text[start.unwrap_or(open)..open]).collect();
                self.add_if(
                    short,
                    (1..=before.len().min(MAX_WORDS)).map(|n| &before[before.len() - n..]),
                );
            }
        }
    }

    /// Takes an entry of a glossary: `MFA`, and a text that begins with what it means.
    pub(super) fn defined_by(&mut self, title: &str, text: &str) {
        let short = title.trim();
        if is_abbreviation(short) {
            let after: Vec<&str> = split(text).take(MAX_WORDS).collect();
            self.add_if(short, (1..=after.len()).map(|n| &after[..n]));
        }
    }

    pub(super) fn finish(self) -> Box<[Abbreviation]> {
        self.0.into_iter().collect()
    }

    /// Adds the first of some readings that spells out the abbreviation.
    fn add_if<'t>(&mut self, short: &str, mut readings: impl Iterator<Item = &'t [&'t str]>) {
        let Some(words) = readings.find(|words| spells_out(words, short)) else {
            return;
        };
        if self.0.len() < MAX_ABBREVIATIONS {
            self.0.insert(Abbreviation {
                short: short.to_lowercase().into(),
                long: words.join(" ").to_lowercase().into(),
            });
        }
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Two to eight ASCII letters and digits, at least two of them capitals.
fn is_abbreviation(text: &str) -> bool {
    LETTERS.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().filter(u8::is_ascii_uppercase).count() >= 2
}

/// Whether the words begin with the letters of the abbreviation, with or without small words.
fn spells_out(words: &[&str], short: &str) -> bool {
    let starts_as = |words: &mut dyn Iterator<Item = &&str>| {
        let initials = words.filter_map(|word| word.chars().next());
        initials
            .map(|c| c.to_ascii_lowercase())
            .eq(short.chars().map(|c| c.to_ascii_lowercase()))
    };
    let is_large = |word: &&&str| !SMALL_WORDS.contains(&&*word.to_lowercase());
    // A reading that starts with a small word is one word too long.
    words.first().is_some_and(|first| is_large(&first))
        && (starts_as(&mut words.iter()) || starts_as(&mut words.iter().filter(is_large)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let mut found = Abbreviations::default();
        found.spelled_out_in(text);
        let pair = |of: Abbreviation| (of.short.into(), of.long.into());
        found.finish().into_iter().map(pair).collect()
    }

    #[test]
    fn a_text_spells_out_abbreviations() {
        for (text, short, long) in [
            (
                "Use multi-factor authentication (MFA) here.",
                "mfa",
                "multi factor authentication",
            ),
            ("a denial-of-service (DoS)", "dos", "denial of service"),
            (
                "the plan of action and milestones (PAM)",
                "pam",
                "plan of action and milestones",
            ),
            (
                "The Über Größe (ÜG) and chief officers (CO)",
                "co",
                "chief officers",
            ),
        ] {
            assert_eq!(found(text), [(short.to_owned(), long.to_owned())], "{text}");
        }
        for text in [
            "(MFA)",
            "see the guide (AC-2)",
            "accounts (all)",
            "by users (MFA",
            "(((é(M",
            "",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn an_entry_of_a_glossary_defines_an_abbreviation() {
        let mut found = Abbreviations::default();
        found.defined_by(
            "ATO",
            "Authorization to operate: the decision to run a system.",
        );
        found.defined_by("Account", "An identity.");
        let found = found.finish();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&*found[0].short, &*found[0].long),
            ("ato", "authorization to operate")
        );
    }
}
