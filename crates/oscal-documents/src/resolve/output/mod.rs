//! The resolved profile as a catalog.

pub(crate) mod catalog;
pub(crate) mod head;
pub(crate) mod identity;
