//! Profile resolution: which controls a profile selects, and what it makes of them.
//!
//! As NIST's specification of profile resolution has it, in three phases: controls are selected
//! from the imported catalogs and profiles, merged into one structure, and modified.
//!
//! ```text
//! directives ─> resolver ─> select ─> combine, custom ─> modify ─> Resolved
//!                  │                                                  │ output
//!                locate: which loaded document an import means        └> a catalog
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
