//! Patterns that select controls by id.

/// Whether all of `text` matches a pattern in which `*` stands for any characters and `?` for one.
/// All other characters stand for themselves.
///
/// A mismatch goes back only to the last `*`, so the time is at most the product of both lengths.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut text = text.chars();
    // Where to continue after a mismatch: the pattern after the last `*`, and the text that the `*`
    // has not consumed yet.
    let mut retry = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                text = before;
                retry = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => {
                let Some((after_star, left)) = &mut retry else {
                    return false;
                };
                if left.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = left.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks_are_wild() {
        for (pattern, text, expected) in [
            ("ac-*", "ac-2.1", true),
            ("ac-*", "ac-", true),
            ("ac-*", "au-2", false),
            ("*.1", "ac-2.1", true),
            ("*.1", "ac-2.11", false),
            ("a?-2", "ac-2", true),
            ("a?-2", "a-2", false),
            ("ac-2", "ac-2", true),
            ("ac-2", "ac-21", false),
            ("*2*1*", "ac-2.1", true),
            ("", "", true),
            ("", "a", false),
            ("**", "", true),
            ("[ab]", "a", false),
            ("é?", "éé", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// The definition, as a recursive function.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                naive(rest, text) || (!text.is_empty() && naive(pattern, &text[1..]))
            }
            ([p, rest @ ..], [t, more @ ..]) => (*p == '?' || p == t) && naive(rest, more),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn is_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!matches(&("a*".repeat(500) + "b"), &"a".repeat(5_000)));
    }
}
