//! Everything in a document that has an id, whatever its model: components, parties, findings,
//! back-matter resources, parts, parameters and so on, with what refers to it and what it refers to.
//!
//! ```text
//! lookup, references ─> object ─> Document ─> index ─> scan ─> record
//! ```
//!
//! The index knows offsets only. It is made in one scan when somebody first asks.

pub(crate) mod index;
mod kind;
pub(crate) mod lookup;
pub(crate) mod object;
mod record;
pub(crate) mod references;
mod scan;
mod similar;
#[cfg(test)]
mod tests;
