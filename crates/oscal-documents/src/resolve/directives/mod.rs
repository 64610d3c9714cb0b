//! The directives of a profile as OSCAL writes them. A member that OSCAL 1.2 does not define is an
//! error, so that no directive is silently ignored.

pub(crate) mod merge;
pub(crate) mod modify;
pub(crate) mod profile;
pub(crate) mod select;
