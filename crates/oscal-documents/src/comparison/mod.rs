//! What differs between two editions of a document: two catalogs, two baselines (as resolved
//! catalogs), or two documents of any other model, such as system security plans.
//!
//! Finding what changed is linear in the size of the documents. Texts are compared word by word only
//! for the changes that are shown.

pub(crate) mod catalogs;
pub(crate) mod change;
pub(crate) mod detail;
pub(crate) mod impact;
pub(crate) mod objects;
mod pairs;
pub(crate) mod params;
pub(crate) mod parts;
#[cfg(test)]
mod tests;
pub(crate) mod words;
