//! Profile resolution: which controls a profile selects, and how it changes them.
//!
//! It follows the three phases of NIST's profile resolution specification: controls are selected
//! from the imported catalogs and profiles, merged into one structure, and modified.
//!
//! ```text
//! directives ─> resolver ─> select ─> merge ─> modify ─> Resolved ─> output: a catalog
//!                  │
//!                locate: the document that an import means
//! ```
//!
//! Resolution identifies controls by their position in their catalog. Their text is read only if a
//! profile changes it, or to write the catalog.

pub(crate) mod baseline;
mod directives;
pub(crate) mod error;
mod json;
pub(crate) mod locate;
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
