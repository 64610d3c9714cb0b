//! The directives of a profile as OSCAL writes them. A member that OSCAL 1.2 does not have is an
//! error, so that no directive is passed over in silence.

pub(crate) mod merge;
pub(crate) mod modify;
pub(crate) mod profile;
pub(crate) mod select;
