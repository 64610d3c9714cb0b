//! The words of a query and of the vocabulary.

use crate::search::stem::stem_len;
use crate::search::terms::words;

/// Words that people put around what they ask for; sorted.
const FILLERS: [&str; 89] = [
    "about",
    "again",
    "all",
    "also",
    "another",
    "anyone",
    "anything",
    "been",
    "being",
    "best",
    "could",
    "cover",
    "covers",
    "did",
    "each",
    "even",
    "every",
    "everyone",
    "find",
    "get",
    "give",
    "goes",
    "got",
    "handle",
    "handled",
    "happen",
    "happens",
    "he",
    "i",
    "into",
    "just",
    "kind",
    "let",
    "like",
    "look",
    "made",
    "make",
    "many",
    "may",
    "me",
    "might",
    "much",
    "must",
    "my",
    "need",
    "needed",
    "needs",
    "no",
    "now",
    "often",
    "only",
    "other",
    "others",
    "our",
    "people",
    "person",
    "require",
    "required",
    "shall",
    "she",
    "should",
    "show",
    "so",
    "some",
    "someone",
    "something",
    "still",
    "tell",
    "than",
    "them",
    "then",
    "there",
    "they",
    "thing",
    "things",
    "us",
    "used",
    "using",
    "was",
    "we",
    "were",
    "when",
    "where",
    "whether",
    "while",
    "within",
    "would",
    "yet",
    "you",
];

/// A word.
#[derive(Debug)]
pub(super) struct Word {
    /// As it is written, in lower case.
    pub(super) written: String,
    /// The term for it.
    pub(super) term: String,
    /// Whether it is written like an abbreviation, with two capitals.
    pub(super) is_abbreviation: bool,
}

impl Word {
    pub(super) fn stem(&self) -> &str {
        &self.term[..stem_len(&self.term)]
    }
}

/// The words of a text that mean something: without stop words and fillers, if others are left.
pub(super) fn words_of(text: &str) -> Vec<Word> {
    let mut all = Vec::new();
    words(text, |place, term| {
        let as_written = &text[place];
        all.push(Word {
            written: as_written.to_lowercase(),
            term: american(term),
            is_abbreviation: as_written.chars().filter(|c| c.is_uppercase()).count() > 1,
        });
    });
    let is_filler = |word: &Word| FILLERS.binary_search(&&*word.written).is_ok();
    if !all.iter().all(is_filler) {
        all.retain(|word| !is_filler(word));
    }
    all
}

/// `organise` and `organisation` in the spelling of most catalogs.
fn american(term: &str) -> String {
    for (british, american) in [
        ("isation", "ization"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("ise", "ize"),
    ] {
        // Not `rise`, `wise`, `noise`, and not words that all write with an `s`.
        if let Some(start) = term.strip_suffix(british)
            && start.len() >= 5
            && ![
                "superv", "exerc", "comprom", "adv", "enterpr", "expert", "adver", "franch",
                "merchand",
            ]
            .iter()
            .any(|word| start.ends_with(word))
        {
            return format!("{start}{american}");
        }
    }
    term.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_are_left_out_unless_nothing_else_is_there() {
        let terms =
            |text| -> Vec<String> { words_of(text).into_iter().map(|word| word.term).collect() };
        assert_eq!(terms("What must we do when disks fail?"), ["disk", "fail"]);
        assert_eq!(terms("must we"), ["must", "we"]);
        assert_eq!(
            terms("organisations pseudonymise exercises"),
            ["organization", "pseudonymize", "exercise"]
        );
        assert!(FILLERS.is_sorted());
    }

    #[test]
    fn abbreviations_have_capitals() {
        let of = |text| words_of(text).remove(0);
        let vpns = of("VPNs");
        assert_eq!(
            (&*vpns.written, &*vpns.term, vpns.is_abbreviation),
            ("vpns", "vpn", true)
        );
        assert!(!of("Vpn").is_abbreviation);
    }
}
