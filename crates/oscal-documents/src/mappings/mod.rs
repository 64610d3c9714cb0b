//! Relations between the controls of frameworks, as mapping collections state them.
//!
//! A map relates a set of source controls to a set of target controls. It can be read in both
//! directions; `subset-of` and `superset-of` change places then.

pub(crate) mod collection;
pub(crate) mod coverage;
mod element;
pub(crate) mod query;
pub(crate) mod relationship;
#[cfg(test)]
mod tests;
