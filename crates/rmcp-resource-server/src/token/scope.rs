//! OAuth scopes (RFC 6749 §3.3) and which broader scope implies which narrower one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// A set of scopes: distinct, sorted, compared case-sensitively.
///
/// Parses from a space-separated list.
///
/// ```
/// use rmcp_resource_server::Scopes;
///
/// let scopes: Scopes = "notes:write notes:read".parse()?;
/// assert!(scopes.contains("notes:read"));
/// assert_eq!(scopes.to_string(), "notes:read notes:write");
/// # Ok::<_, rmcp_resource_server::InvalidScope>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Box<[Box<str>]>);

/// A scope that RFC 6749 §3.3 does not allow. It is identified by its position, not its text, which
/// may be a secret in the wrong option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {0} is not a scope: use visible ASCII characters other than \" and \\")]
pub struct InvalidScope(usize);

impl Scopes {
    /// The empty set.
    pub fn none() -> Self {
        Self::default()
    }

    /// Collects scopes as an authorization server granted them, without checking their characters:
    /// an odd scope grants nothing but itself.
    pub(crate) fn granted<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let set: BTreeSet<&str> = scopes.into_iter().filter(|s| !s.is_empty()).collect();
        Self(set.into_iter().map(Box::from).collect())
    }

    /// Whether `scope` is in the set, compared literally.
    pub fn contains(&self, scope: &str) -> bool {
        self.0
            .binary_search_by(|held| held.as_ref().cmp(scope))
            .is_ok()
    }

    /// The scopes in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The union of this set and `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::granted(self.iter().chain(other.iter()))
    }

    /// The scopes of this set that are also in `other`.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self::granted(self.iter().filter(|scope| other.contains(scope)))
    }

    pub(crate) fn text_len(&self) -> usize {
        self.iter().map(|scope| scope.len() + 16).sum()
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(list: &str) -> Result<Self, InvalidScope> {
        let mut scopes = list.split(' ').filter(|scope| !scope.is_empty());
        match scopes.position(|scope| !scope.bytes().all(is_scope_character)) {
            Some(before) => Err(InvalidScope(before + 1)),
            None => Ok(Self::granted(list.split(' '))),
        }
    }
}

impl fmt::Display for Scopes {
    /// Space-separated, as in a `scope` parameter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

/// `%x21 / %x23-5B / %x5D-7E`, RFC 6749 §3.3.
fn is_scope_character(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// Which broader scope implies which narrower ones, to any depth. Empty by default: then only the
/// scope itself satisfies a demand for it. MCP asks servers to account for such hierarchies
/// (authorization, scope challenge handling).
///
/// Parses from a list of `broader>narrower`, separated by commas or white space:
///
/// ```
/// use rmcp_resource_server::{ScopeHierarchy, Scopes};
///
/// let hierarchy: ScopeHierarchy = "oscal:admin>oscal:write, oscal:write>oscal:read".parse()?;
/// let granted: Scopes = "oscal:admin".parse()?;
/// assert!(hierarchy.satisfies(&granted, "oscal:read"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// RFC 6749 §3.3 allows `>` and `,` in a scope. A hierarchy with such scopes cannot be written in
/// this form; use [`ScopeHierarchy::new`].
#[derive(Debug, Clone, Default)]
pub struct ScopeHierarchy {
    /// Maps a narrower scope to every scope that implies it, directly or through others.
    implied_by: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

impl ScopeHierarchy {
    /// Builds a hierarchy from pairs `(broader, narrower scopes)`. A cycle makes its members
    /// equivalent.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a Scopes)>) -> Self {
        let mut implied_by: BTreeMap<Box<str>, BTreeSet<Box<str>>> = BTreeMap::new();
        for (broader, narrower) in pairs {
            for scope in narrower.iter() {
                implied_by
                    .entry(scope.into())
                    .or_default()
                    .insert(broader.into());
            }
        }
        loop {
            let mut grew = false;
            let before = implied_by.clone();
            for broader in implied_by.values_mut() {
                for scope in broader.clone() {
                    for broadest in before.get(&scope).into_iter().flatten() {
                        grew |= broader.insert(broadest.clone());
                    }
                }
            }
            if !grew {
                return Self { implied_by };
            }
        }
    }

    /// Every scope that implies another one or is implied by one.
    pub(crate) fn scopes(&self) -> Scopes {
        let broader = self.implied_by.values().flatten();
        Scopes::granted(broader.chain(self.implied_by.keys()).map(AsRef::as_ref))
    }

    /// Whether `granted` contains `scope` or a scope that implies it.
    pub fn satisfies(&self, granted: &Scopes, scope: &str) -> bool {
        granted.contains(scope)
            || self
                .implied_by
                .get(scope)
                .is_some_and(|broader| broader.iter().any(|b| granted.contains(b)))
    }
}

/// Why a text is not a scope hierarchy. Entries are identified by position, not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHierarchy {
    /// Not two scopes with one `>` between them.
    #[error(
        "entry {entry} does not have the form broader>narrower, without spaces, such as \
         oscal:admin>oscal:read"
    )]
    Form {
        /// The position of the entry, from 1.
        entry: usize,
    },
    /// One of the two is not a scope (RFC 6749 §3.3).
    #[error(
        "entry {entry} names something that is not a scope: use visible ASCII characters other \
         than \" and \\"
    )]
    Scope {
        /// The position of the entry, from 1.
        entry: usize,
    },
    /// Both are the same, which says nothing and is most likely a slip.
    #[error("entry {entry} says that a scope implies itself")]
    Itself {
        /// The position of the entry, from 1.
        entry: usize,
    },
}

impl FromStr for ScopeHierarchy {
    type Err = InvalidHierarchy;

    fn from_str(list: &str) -> Result<Self, InvalidHierarchy> {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty());
        let pairs = entries
            .zip(1..)
            .map(|(text, entry)| {
                let (broader, narrower) = text
                    .split_once('>')
                    .ok_or(InvalidHierarchy::Form { entry })?;
                if broader.is_empty() || narrower.is_empty() || narrower.contains('>') {
                    return Err(InvalidHierarchy::Form { entry });
                }
                if broader == narrower {
                    return Err(InvalidHierarchy::Itself { entry });
                }
                if !broader.bytes().all(is_scope_character) {
                    return Err(InvalidHierarchy::Scope { entry });
                }
                let narrower = narrower.parse::<Scopes>();
                let narrower =
                    narrower.map_err(|_place_in_it| InvalidHierarchy::Scope { entry })?;
                Ok((broader, narrower))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(
            pairs.iter().map(|(broader, narrower)| (*broader, narrower)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(list: &str) -> Scopes {
        list.parse().expect("valid scopes")
    }

    #[test]
    fn a_list_is_a_sorted_set() {
        assert_eq!(scopes("b a  b ").to_string(), "a b");
        assert!(scopes("").is_empty());
        assert!(scopes("mcp:tools").contains("mcp:tools"));
        assert!(!scopes("mcp:tools").contains("mcp:Tools"));
        assert!(!scopes("mcp:tools").contains("mcp"));
    }

    #[test]
    fn characters_outside_the_grammar_are_refused() {
        for odd in ["a\"b", "a\\b", "a\tb", "é", "a\u{7f}"] {
            assert!(odd.parse::<Scopes>().is_err(), "{odd:?}");
        }
    }

    #[test]
    fn rs_14_broader_scope_implies_narrower() {
        let hierarchy = ScopeHierarchy::new([
            ("admin", &scopes("write")),
            ("write", &scopes("read")),
            ("x", &scopes("y")),
            ("y", &scopes("x")),
        ]);
        for (granted, wanted, satisfied) in [
            ("admin", "read", true),
            ("write", "read", true),
            ("read", "write", false),
            ("read", "read", true),
            ("administrator", "read", false),
            ("x", "y", true),
            ("y", "x", true),
            ("x", "read", false),
        ] {
            assert_eq!(
                hierarchy.satisfies(&scopes(granted), wanted),
                satisfied,
                "{granted} for {wanted}"
            );
        }
        assert!(!ScopeHierarchy::default().satisfies(&scopes("admin"), "read"));
    }

    #[test]
    fn rs_14_a_hierarchy_as_an_operator_writes_it() {
        use InvalidHierarchy::{Form, Itself, Scope};
        for (list, expected) in [
            ("", Ok("")),
            ("a>b", Ok("a b")),
            ("a>b, a>c", Ok("a b c")),
            ("a>b,,b>c\n", Ok("a b c")),
            ("a>b b>a", Ok("a b")),
            ("a", Err(Form { entry: 1 })),
            ("a>b, >c", Err(Form { entry: 2 })),
            ("a>b, a>", Err(Form { entry: 2 })),
            ("a > b", Err(Form { entry: 1 })),
            ("a>b>c", Err(Form { entry: 1 })),
            ("a>>b", Err(Form { entry: 1 })),
            ("a>b,c>c", Err(Itself { entry: 2 })),
            ("a>\"b", Err(Scope { entry: 1 })),
            ("\u{e9}>b", Err(Scope { entry: 1 })),
        ] {
            let parsed = list.parse::<ScopeHierarchy>();
            let named = parsed.map(|hierarchy| hierarchy.scopes().to_string());
            assert_eq!(named, expected.map(str::to_owned), "{list:?}");
        }
        let chain: ScopeHierarchy = "a>b b>c c>a".parse().expect("a cycle");
        for (granted, wanted) in [("a", "c"), ("b", "a"), ("c", "b")] {
            assert!(
                chain.satisfies(&scopes(granted), wanted),
                "{granted} for {wanted}"
            );
        }
        assert!(!chain.satisfies(&scopes("d"), "a"));
    }
}
