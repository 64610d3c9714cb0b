//! Which controls an import selects.

pub(crate) mod glob;
pub(crate) mod selection;
pub(crate) mod selector;
