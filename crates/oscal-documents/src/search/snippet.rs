//! The part of a text that best shows why it was found.

use crate::json::budget::floor_char_boundary;
use crate::search::query::AskedFor;
use crate::search::terms::words;

/// The approximate length of a snippet, and how much of it precedes the first match.
const LENGTH: usize = 200;
const LEAD: usize = 40;

/// How much text is examined. Hardly any control has more.
const MAX_TEXT: usize = 8 << 10;

/// The snippet that contains the most query terms, the first such one; on one line, with an
/// ellipsis where it was cut.
pub(super) fn of(text: &str, query: &AskedFor) -> String {
    let text = &text[..floor_char_boundary(text, MAX_TEXT)];
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let start = start_of_word(&text, best_match(&text, query).saturating_sub(LEAD));
    if text.len() - start <= LENGTH {
        // Nothing follows, so there is room for more before it.
        let start = start_of_word(&text, text.len().saturating_sub(LENGTH));
        return cut(&text, start, text.len());
    }
    let end = floor_char_boundary(&text, start + LENGTH);
    let end = text[start..end].rfind(' ').map_or(end, |at| start + at);
    cut(&text, start, end)
}

/// Where the window with the most terms starts.
fn best_match(text: &str, query: &AskedFor) -> usize {
    let mut matches: Vec<(usize, usize)> = Vec::new();
    words(text, |place, word| {
        if let Some(term) = query.term_like(word) {
            matches.push((place.start, term));
        }
    });
    let mut best = (0, 0);
    for (at, (start, _)) in matches.iter().enumerate() {
        // Queries have fewer terms.
        let mut terms = 0_u128;
        for (_, term) in matches[at..]
            .iter()
            .take_while(|(place, _)| place - start < LENGTH - LEAD)
        {
            terms |= 1 << term;
        }
        if terms.count_ones() > best.0 {
            best = (terms.count_ones(), *start);
        }
    }
    best.1
}

/// The start of the first word at or after this place, if there is one nearby.
fn start_of_word(text: &str, at: usize) -> usize {
    let at = floor_char_boundary(text, at);
    if at == 0 {
        return 0;
    }
    let near = floor_char_boundary(text, at + LEAD);
    text[at..near].find(' ').map_or(at, |space| at + space + 1)
}

fn cut(text: &str, start: usize, end: usize) -> String {
    let before = if start > 0 { "…" } else { "" };
    let after = if end < text.len() { "…" } else { "" };
    format!("{before}{}{after}", &text[start..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> AskedFor {
        AskedFor::of(text, &[])
    }

    #[test]
    fn the_window_has_the_most_terms() {
        let filler = "lorem ipsum dolor sit amet ".repeat(20);
        let text =
            format!("{filler}account here {filler}\n  the account and\n its review {filler}");
        let snippet = of(&text, &query("account review"));
        assert!(snippet.contains("the account and its review"), "{snippet}");
        assert!(snippet.starts_with('…') && snippet.ends_with('…'));
        assert!(snippet.len() < LENGTH + 10, "{snippet}");

        assert_eq!(of(&text, &query(""))[..5], *"lorem");
        assert_eq!(of("short\ttext", &query("text")), "short text");
        assert_eq!(of("", &query("text")), "");
    }

    proptest! {
        #[test]
        fn is_short_and_cut_between_characters(text in "[a é\u{10348}\n]{0,400}") {
            prop_assert!(of(&text, &query("a é")).len() <= LENGTH + 2 * '…'.len_utf8());
        }
    }
}
