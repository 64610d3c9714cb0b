//! Reading JSON text: checked once, kept compact, and passed over for places instead of trees.

#[cfg(test)]
pub(crate) mod any;
pub(crate) mod budget;
pub(crate) mod compact;
pub(crate) mod cursor;
pub(crate) mod too_many;
pub(crate) mod tree_size;
pub(crate) mod wellformed;
