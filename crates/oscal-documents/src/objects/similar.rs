//! How much an id is like another.

/// The fewest characters of which a part counts.
const MIN_PART: usize = 3;

/// The most single changes between ids that are like each other.
const MAX_CHANGES: usize = 2;

/// The longest id that is compared.
const MAX_ID: usize = 80;

/// Why something may be meant, the best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// The id begins with what was asked for.
    Begins,
    /// So many characters differ.
    Changes(usize),
    /// The title contains what was asked for.
    Title,
    /// The id contains it.
    Contains,
}

/// How an object is like what was asked for, which is in lower case.
pub(super) fn likeness(wanted: &str, id: &str, title: &str) -> Option<Likeness> {
    if wanted.len() < MIN_PART || id.len() > MAX_ID {
        return None;
    }
    let id = id.to_ascii_lowercase();
    if id.starts_with(wanted) {
        return Some(Likeness::Begins);
    }
    let most = MAX_CHANGES.min(wanted.len() / 3);
    if let Some(changes) = changes(wanted.as_bytes(), id.as_bytes(), most) {
        return Some(Likeness::Changes(changes));
    }
    if title.len() >= wanted.len() && title.to_lowercase().contains(wanted) {
        return Some(Likeness::Title);
    }
    id.contains(wanted).then_some(Likeness::Contains)
}

/// The number of bytes to insert, drop or replace, if it is at most `most`.
fn changes(one: &[u8], other: &[u8], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(byte != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
        if row.iter().all(|changes| *changes > most) {
            return None;
        }
    }
    row.last().copied().filter(|changes| *changes <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_ordered() {
        for (wanted, id, title, expected) in [
            ("ac-2", "ac-2.1", "", Some(Likeness::Begins)),
            ("ac-02", "AC-2", "", Some(Likeness::Changes(1))),
            ("a1b2c3d5", "a1b2c3d4", "", Some(Likeness::Changes(1))),
            ("firewall", "c", "Outer Firewall", Some(Likeness::Title)),
            ("odp", "ac-2_odp.1", "", Some(Likeness::Contains)),
            ("ac-2", "sc-7", "", None),
            ("ac", "ac-2", "", None),
        ] {
            assert_eq!(likeness(wanted, id, title), expected, "{wanted} {id}");
        }
        assert_eq!(changes(b"kitten", b"sitting", 3), Some(3));
    }
}
