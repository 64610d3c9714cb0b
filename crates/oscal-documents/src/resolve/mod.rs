//! Profile resolution: which controls a profile selects, and what it makes of them.
//!
//! It follows the three phases of NIST's specification of profile resolution: controls are selected
//! from the imported catalogs and profiles, merged into one structure, and modified.
//!
//! ```text
//! directives ─> resolver ─> select ─> merge ─> modify ─> Resolved ─> output: a catalog
//!                  │
//!                locate: the document that an import means
//! ```
//!
//! Resolution knows controls by where they are in their catalog; their text is read only where a
//! profile changes it, and when the catalog is asked for.

pub(crate) mod baseline;
mod directives;
pub(crate) mod error;
mod json;
mod locate;
pub(crate) mod log;
mod merge;
mod modify;
mod output;
pub(crate) mod resolved;
mod resolver;
mod select;
#[cfg(test)]
mod tests;
mod tree;
