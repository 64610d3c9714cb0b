//! How the controls of a map relate.

use std::fmt;

/// How the sources of a map relate to its targets.
///
/// ```
/// use oscal_documents::Relationship;
///
/// let relationship = Relationship::from("subset-of");
/// assert_eq!(relationship.inverse(), Relationship::SupersetOf);
/// assert_eq!(Relationship::from("helps").to_string(), "helps");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Relationship {
    /// The same words and requirements.
    EqualTo,
    /// The same requirements in other words.
    EquivalentTo,
    /// The sources require a part of what the targets require.
    SubsetOf,
    /// The sources require all that the targets require, and more.
    SupersetOf,
    /// They have some requirements in common.
    IntersectsWith,
    /// They have no requirement in common.
    NoRelationship,
    /// A relationship that OSCAL does not define, as the document writes it.
    Other(String),
}

const NAMES: [(Relationship, &str); 6] = [
    (Relationship::EqualTo, "equal-to"),
    (Relationship::EquivalentTo, "equivalent-to"),
    (Relationship::SubsetOf, "subset-of"),
    (Relationship::SupersetOf, "superset-of"),
    (Relationship::IntersectsWith, "intersects-with"),
    (Relationship::NoRelationship, "no-relationship"),
];

impl Relationship {
    /// How the targets relate to the sources. The inverse of a relationship that OSCAL does not
    /// define is not known; it stays as it is written.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self {
            Self::SubsetOf => Self::SupersetOf,
            Self::SupersetOf => Self::SubsetOf,
            other => other.clone(),
        }
    }

    /// The name, as OSCAL or the document writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => {
                let mut names = NAMES.iter();
                names
                    .find(|(one, _)| one == known)
                    .map_or("", |(_, name)| name)
            }
        }
    }
}

impl From<&str> for Relationship {
    /// Takes OSCAL's names in any case.
    fn from(name: &str) -> Self {
        let mut names = NAMES.into_iter();
        let known = names.find(|(_, known)| known.eq_ignore_ascii_case(name.trim()));
        known.map_or_else(|| Self::Other(name.trim().to_owned()), |(known, _)| known)
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
