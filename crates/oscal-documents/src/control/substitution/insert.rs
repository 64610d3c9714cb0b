//! The places in prose where parameters go: `{{ insert: param, ID }}`, with any spacing, and the
//! older `{{ ID }}`.

/// A place in prose where a parameter goes.
#[derive(Default)]
pub(crate) struct Insert<'p> {
    pub(crate) id: &'p str,
    /// Written as `{{ ID }}`.
    pub(crate) legacy: bool,
    pub(crate) verbatim: &'p str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'p> Insert<'p> {
    /// The first one in the prose.
    pub(crate) fn first_in(prose: &'p str) -> Option<Self> {
        // Nearly all text ends here. A search for a single byte is the fastest check.
        if !prose.contains('}') {
            return None;
        }
        let mut from = 0;
        while let Some(length) = prose[from..].find("}}") {
            let end = from + length + 2;
            if let Some(at) = prose[from..end].rfind("{{") {
                let start = from + at;
                let inner = prose[start + 2..end - 2].trim();
                let explicit = explicit_id(inner);
                if let Some(id) = explicit.or(Some(inner).filter(|id| is_id(id))) {
                    return Some(Self {
                        id,
                        legacy: explicit.is_none(),
                        verbatim: &prose[start..end],
                        start,
                        end,
                    });
                }
            }
            from = end;
        }
        None
    }
}

/// The id in `insert: param, ID`.
fn explicit_id(inner: &str) -> Option<&str> {
    let rest = inner.strip_prefix("insert")?.trim_start();
    let rest = rest.strip_prefix(':')?.trim_start();
    let rest = rest.strip_prefix("param")?.trim_start();
    let id = rest.strip_prefix(',')?.trim();
    is_id(id).then_some(id)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_are_told_from_other_braces() {
        for (prose, expected) in [
            (
                "x {{ insert: param, a-1_odp.01 }} y",
                Some(("a-1_odp.01", false)),
            ),
            ("{{insert:param,a}}", Some(("a", false))),
            ("{{  insert : param ,\n a  }}", Some(("a", false))),
            ("{{ a }}", Some(("a", true))),
            ("{{ {{ insert: param, a }}", Some(("a", false))),
            ("}} {{ }} {{ a }}", Some(("a", true))),
            ("{{ insert: control, a }}", None),
            ("{{ insert: param, a b }}", None),
            ("{{ insert: param, }}", None),
            ("{ a } {{ a }", None),
        ] {
            let found = Insert::first_in(prose);
            assert_eq!(
                found.as_ref().map(|i| (i.id, i.legacy)),
                expected,
                "{prose}"
            );
            if let Some(insert) = found {
                assert_eq!(insert.verbatim, &prose[insert.start..insert.end]);
            }
        }
    }
}
