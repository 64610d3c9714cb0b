//! The stem of an English word: what its forms have in common.

/// The fewest letters that may be left when an ending is cut off, and the ending. Of several that
/// fit, the first counts.
const ENDINGS: [(usize, &str); 26] = [
    (5, "ability"),
    (5, "ibility"),
    (5, "ation"),
    (5, "ment"),
    (5, "ness"),
    (5, "able"),
    (5, "ible"),
    (5, "ance"),
    (5, "ence"),
    (5, "ancy"),
    (5, "ency"),
    (3, "ing"),
    (4, "ion"),
    (4, "ity"),
    (5, "ive"),
    (5, "al"),
    (5, "at"),
    (5, "ic"),
    (5, "ly"),
    (3, "ed"),
    (4, "er"),
    (4, "or"),
    (4, "y"),
    (4, "i"),
    (3, "e"),
    (4, "s"),
];

/// The length of the stem of a lower-case word. A stem is always a beginning of its word, so that
/// words with the same stem are neighbours in a sorted list of stems and words.
///
/// `encrypt`, `encrypted` and `encryption` have one stem, as do `plan` and `planning`, `policy` and
/// `policies`. Words in other scripts, numbers and control references are their own stems.
pub(super) fn stem_len(word: &str) -> usize {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.len();
    }
    let mut stem = word;
    // `organizations`, `organizational`: three endings at most.
    for _ in 0..3 {
        let last = stem.bytes().last();
        let mut endings = ENDINGS
            .iter()
            .filter(|(_, ending)| ending.bytes().last() == last);
        let cut = endings.find_map(|(least, ending)| {
            let rest = stem.strip_suffix(ending)?;
            (rest.len() >= *least && has_vowel(rest) && fits(rest, ending)).then_some(rest)
        });
        match cut {
            Some(rest) => stem = rest,
            None => break,
        }
    }
    without_double(stem).len()
}

/// Whether an ending is one after these letters: not in `speed` and `access`.
fn fits(rest: &str, ending: &str) -> bool {
    match ending {
        "ed" => !rest.ends_with('e'),
        "s" => !rest.ends_with(['s', 'u', 'i']),
        _ => true,
    }
}

fn has_vowel(text: &str) -> bool {
    text.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

/// `logg` of `logging` becomes `log`; `install` and `installing` both become `instal`.
fn without_double(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., a, b] if a == b && bytes.len() > 3 => &stem[..stem.len() - 1],
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["encrypt", "encrypted", "encryption", "encrypting"][..],
            &["log", "logging", "logged"],
            &["plan", "planning", "planned"],
            &["sanitize", "sanitization", "sanitizing", "sanitized"],
            &["terminate", "termination", "terminated"],
            &["dispose", "disposal"],
            &["recover", "recovery"],
            &["organization", "organizational"],
            &["manage", "management", "manager"],
            &["identify", "identification", "identifier"],
            &["classify", "classified", "classification"],
            &["policy", "policies"],
            &["install", "installing", "installation"],
            &["vulnerable", "vulnerability"],
            &["monitor", "monitoring"],
            &["secure", "security"],
            &["employee", "employer", "employment"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| &form[..stem_len(form)]).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
    }

    #[test]
    fn different_words_have_different_stems() {
        for [one, other] in [
            ["policy", "politics"],
            ["private", "privacy"],
            ["document", "docu"],
            ["string", "str"],
            ["speed", "spe"],
            ["portable", "port"],
            ["authority", "authorize"],
            ["device", "develop"],
        ] {
            assert_ne!(one[..stem_len(one)], other[..stem_len(other)]);
        }
        for word in ["übungen", "800", "#ac.2", "key", "", "is"] {
            assert_eq!(stem_len(word), word.len(), "{word}");
        }
    }

    proptest! {
        #[test]
        fn takes_any_word(word in any::<String>()) {
            prop_assert!(word.get(..stem_len(&word)).is_some());
        }
    }
}
