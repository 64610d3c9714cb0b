//! Which findings, risks and so on to return.

use crate::document::entry_kind::EntryKind;

/// The kinds that can be asked for.
pub(super) const KINDS: [EntryKind; 10] = [
    EntryKind::Finding,
    EntryKind::Observation,
    EntryKind::Risk,
    EntryKind::PoamItem,
    EntryKind::Result,
    EntryKind::Task,
    EntryKind::Activity,
    EntryKind::InventoryItem,
    EntryKind::User,
    EntryKind::LeveragedAuthorization,
];

/// States after which nothing is left to do.
const RESOLVED: [&str; 4] = ["satisfied", "closed", "completed", "resolved"];

/// Which findings, risks and so on to return. All are optional, and all have to match.
#[derive(Debug, Clone, Copy, Default)]
pub struct AssessmentFilter<'f> {
    /// Only this kind. By default findings, risks and POA&M items, or all kinds if none of those
    /// match.
    pub kind: Option<EntryKind>,
    /// Only those about the control with this id or label, in any common notation: by their target,
    /// or by what they relate to.
    pub control: Option<&'f str>,
    /// Only those in this state, in any case: `not-satisfied`, `open` and so on. `unresolved`
    /// stands for everything that is not satisfied or closed.
    pub state: Option<&'f str>,
    /// Only those about the component or the inventory item with this uuid, or with this text in
    /// its title, in any case.
    pub component: Option<&'f str>,
    /// Only those in the document with this id.
    pub document: Option<&'f str>,
    /// Only those with a deadline before this date, such as `2026-12-31`; by deadline.
    pub due_before: Option<&'f str>,
}

/// Whether a state is the one asked for, which is normalized.
pub(super) fn is_state(state: &str, asked: &str) -> bool {
    let state = normalized(state);
    state == asked || (asked == "unresolved" && is_unresolved(&state))
}

/// Whether something is left to do in this state.
pub(super) fn is_unresolved(state: &str) -> bool {
    !RESOLVED.contains(&&*normalized(state))
}

/// In lower case, with hyphens between words.
pub(super) fn normalized(state: &str) -> String {
    let words = state.trim().to_lowercase();
    let words = words.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// The date that a time begins with: `2026-12-31`.
pub fn date_of(time: &str) -> Option<&str> {
    let date = time.trim().get(..10)?;
    let shape = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shape.then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_compared_by_words() {
        for (state, asked, expected) in [
            ("not-satisfied", "not-satisfied", true),
            ("Not Satisfied", "not-satisfied", true),
            ("satisfied", "not-satisfied", false),
            ("not_satisfied", "unresolved", true),
            ("investigating", "unresolved", true),
            ("Closed", "unresolved", false),
        ] {
            assert_eq!(is_state(state, asked), expected, "{state} {asked}");
        }
        assert_eq!(date_of("2026-03-01T00:00:00Z"), Some("2026-03-01"));
        assert_eq!(date_of("March 2026"), None);
        assert_eq!(date_of("2026-03é1"), None);
    }
}
