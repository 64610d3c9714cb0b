//! Reading JSON text: checked once, kept compact, and scanned for spans instead of parsed into
//! trees.

#[cfg(test)]
pub(crate) mod any;
pub(crate) mod budget;
pub(crate) mod compact;
pub(crate) mod cursor;
pub(crate) mod digest;
pub(crate) mod faults;
pub(crate) mod hash;
pub(crate) mod salvage;
pub(crate) mod too_many;
pub(crate) mod tree_size;
pub(crate) mod wellformed;
