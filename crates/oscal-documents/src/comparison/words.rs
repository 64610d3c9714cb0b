//! A word diff.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Unchanged words shown beside a change.
const CONTEXT: usize = 8;

/// The most steps for one pair of texts: the product of the numbers of words that differ. Longer
/// texts are compared line by line first, and lines that differ too much are shown whole.
const MAX_STEPS: usize = 4 << 20;

/// Likewise for lines. Some 6,000 lines that all differ take a fifth of a second.
const MAX_LINE_STEPS: usize = 32 << 20;

/// What changed from `old` to `new`, as `git diff --word-diff` writes it: `[-removed-]` and
/// `{+added+}`, with a few words around each change; `…` stands for unchanged text between them.
/// Empty if the words are the same.
///
/// The time is bounded for texts of any size: what would take too long is shown as replaced.
///
/// ```
/// use oscal_documents::word_diff;
///
/// let diff = word_diff("Review logs weekly and report.", "Review logs every day and report.");
/// assert_eq!(diff, "Review logs [-weekly-]{+every day+} and report.");
/// assert_eq!(word_diff("a  b", "a b"), "");
/// ```
pub fn word_diff(old: &str, new: &str) -> String {
    let (old, new) = (lines(old), lines(new));
    let mut runs = Vec::new();
    add_runs(&old, &new, &mut runs);
    if runs.iter().all(Run::says_nothing) {
        return String::new();
    }
    written(&joined(runs))
}

/// The end of a line, as a word.
const END: &str = "\n";

/// Words in the order of the text.
enum Run<'t> {
    Same(Vec<&'t str>),
    Changed(Vec<&'t str>, Vec<&'t str>),
}

impl Run<'_> {
    /// Whether no word changed; a line may break elsewhere.
    fn says_nothing(&self) -> bool {
        match self {
            Self::Same(_) => true,
            Self::Changed(old, new) => old.iter().chain(new).all(|word| *word == END),
        }
    }
}

/// The words of each line that is not blank.
fn lines(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace();
        words.chain([END]).collect::<Vec<_>>()
    });
    lines.filter(|words| words.len() > 1).collect()
}

fn add_runs<'t>(old: &[Vec<&'t str>], new: &[Vec<&'t str>], runs: &mut Vec<Run<'t>>) {
    let (one, other) = (old.concat(), new.concat());
    if cost(&one, &other) <= MAX_STEPS {
        return add_words(&one, &other, runs);
    }
    if cost(old, new) > MAX_LINE_STEPS {
        return runs.push(Run::Changed(one, other));
    }
    let mut steps = MAX_STEPS;
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (_, before, after) = op.as_tag_tuple();
        let (one, other) = (old[before].concat(), new[after].concat());
        let cost = cost(&one, &other);
        match op {
            DiffOp::Equal { .. } => runs.push(Run::Same(one)),
            _ if cost <= steps => {
                steps -= cost;
                add_words(&one, &other, runs);
            }
            _ => runs.push(Run::Changed(one, other)),
        }
    }
}

fn add_words<'t>(old: &[&'t str], new: &[&'t str], runs: &mut Vec<Run<'t>>) {
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (_, before, after) = op.as_tag_tuple();
        runs.push(match op {
            DiffOp::Equal { .. } => Run::Same(old[before].to_vec()),
            _ => Run::Changed(old[before].to_vec(), new[after].to_vec()),
        });
    }
}

/// About how many steps a comparison may take: what is the same at both ends costs nothing.
fn cost<T: PartialEq>(old: &[T], new: &[T]) -> usize {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let ends = old.iter().rev().zip(new.iter().rev());
    let tail = ends.take_while(|(a, b)| a == b).count();
    (old.len() - tail).saturating_mul(new.len() - tail)
}

/// Joins changes with only one unchanged word between them, which are easier to read as one.
fn joined(runs: Vec<Run<'_>>) -> Vec<Run<'_>> {
    let mut joined: Vec<Run<'_>> = Vec::new();
    for run in runs {
        match (joined.pop(), run) {
            (None, run) => joined.push(run),
            (Some(Run::Same(mut before)), Run::Same(words)) => {
                before.extend(words);
                joined.push(Run::Same(before));
            }
            (Some(Run::Changed(mut old, mut new)), Run::Changed(less, more)) => {
                old.extend(less);
                new.extend(more);
                joined.push(Run::Changed(old, new));
            }
            (Some(Run::Same(between)), Run::Changed(less, more))
                if between.len() == 1 && between != [END] && !joined.is_empty() =>
            {
                if let Some(Run::Changed(mut old, mut new)) = joined.pop() {
                    old.extend(between.iter().copied().chain(less));
                    new.extend(between.into_iter().chain(more));
                    joined.push(Run::Changed(old, new));
                }
            }
            (Some(before), run) => joined.extend([before, run]),
        }
    }
    joined
}

fn written(runs: &[Run<'_>]) -> String {
    let mut out = String::new();
    for (at, run) in runs.iter().enumerate() {
        match run {
            Run::Changed(old, new) => push(&mut out, &marked(old, new)),
            Run::Same(words) => {
                let (first, last) = (at == 0, at + 1 == runs.len());
                let before = if first { 0 } else { CONTEXT };
                let after = if last { 0 } else { CONTEXT };
                if words.len() <= before + after + 1 {
                    push(&mut out, &text(words));
                } else {
                    let tail = words.len() - after;
                    push(&mut out, &text(&words[..before]));
                    push(&mut out, "…");
                    push(&mut out, &text(&words[tail..]));
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Appends words with a space before them, unless a line begins.
fn push(out: &mut String, words: &str) {
    if words.is_empty() {
        return;
    }
    if !out.is_empty() && !out.ends_with('\n') && !words.starts_with('\n') {
        out.push(' ');
    }
    out.push_str(words);
}

fn marked(old: &[&str], new: &[&str]) -> String {
    let (old, new) = (text(old), text(new));
    let mut out = String::new();
    if !old.trim().is_empty() {
        out += &format!("[-{}-]", old.trim());
    }
    if !new.trim().is_empty() {
        out += &format!("{{+{}+}}", new.trim());
    }
    // A line that ends within the change ends after it.
    if new.ends_with('\n') || (new.is_empty() && old.ends_with('\n')) {
        out.push('\n');
    }
    out
}

fn text(words: &[&str]) -> String {
    let mut out = String::new();
    for word in words {
        if *word == END {
            out.push('\n');
        } else {
            push(&mut out, word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_stand_among_a_few_words() {
        for (old, new, expected) in [
            ("", "", ""),
            ("a b", "a\n\n b", ""),
            ("a", "", "[-a-]"),
            ("", "a b", "{+a b+}"),
            ("a b c", "a x c", "a [-b-]{+x+} c"),
            ("a b c d", "x b y d", "[-a b c-]{+x b y+} d"),
            (
                "1 2 3 4 5 6 7 8 9 10 old",
                "1 2 3 4 5 6 7 8 9 10 new",
                "… 3 4 5 6 7 8 9 10 [-old-]{+new+}",
            ),
            (
                "a. one\nb. two",
                "a. one\nb. three",
                "a. one\nb. [-two-]{+three+}",
            ),
            ("a. one\nb. two", "a. one", "a. one\n[-b. two-]"),
        ] {
            assert_eq!(word_diff(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn huge_texts_end_soon() {
        let text = |word: &str, lines: usize| -> String {
            (0..lines)
                .map(|n| format!("{word}{n} {word} {n}\n"))
                .collect()
        };
        let begun = std::time::Instant::now();
        let one_word = word_diff(&text("a", 20_000), &format!("{}end", text("a", 20_000)));
        assert!(
            one_word.ends_with("{+end+}") && one_word.len() < 200,
            "{one_word:.300}"
        );
        let all = word_diff(&text("a", 20_000), &text("b", 20_000));
        assert!(all.starts_with("[-a0 a 0") && all.contains("{+b0 b 0"));
        let (mut old, mut new) = (text("a", 3_000), text("a", 3_000));
        old.insert_str(0, "first ");
        new.push_str(" last");
        new = new.replace("a1500 ", "b1500 ");
        let some = word_diff(&old, &new);
        assert!(
            some.contains("[-a1500-]{+b1500+}") && some.len() < 2_000,
            "{}",
            some.len()
        );
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_it(
            old in prop::collection::vec("[a-d]{1,2}", 0..7),
            new in prop::collection::vec("[a-d]{1,2}", 0..7),
        ) {
            let diff = word_diff(&old.join(" "), &new.join(" "));
            if old == new {
                prop_assert_eq!(diff, "");
                return Ok(());
            }
            let side = |keep: [&str; 2], drop: [&str; 2]| {
                let mut text = diff.clone();
                while let Some(at) = text.find(drop[0]) {
                    let end = text[at..].find(drop[1]).expect("it ends") + at + 2;
                    text.replace_range(at..end, " ");
                }
                let text = text.replace(keep[0], " ").replace(keep[1], " ");
                text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
            };
            // At most 7 words: nothing is left out.
            prop_assert_eq!(side(["[-", "-]"], ["{+", "+}"]), old);
            prop_assert_eq!(side(["{+", "+}"], ["[-", "-]"]), new);
        }
    }
}
