//! OSCAL documents: loading, controls, parameter substitution, search.
//!
//! A [`Library`] is an immutable snapshot of all loaded documents. Everything is asked through a
//! [`LibraryView`], which is made with a predicate on documents: what the predicate hides has no
//! influence on look-ups, lists, search results, totals or scores.
//!
//! ```text
//! files ─> Document ─> Library ─> LibraryView ─> Document, Control, Hits
//!            │ wellformed, compact   check the text and strip its whitespace
//!            │ outline               note where controls, parameters and entries are
//!            └ search::Segment       postings of the document
//! ```
//!
//! [`resolve_profile`] makes the baseline that a profile stands for; [`implementations()`] and
//! [`coverage`] tell how components and systems implement its controls.
//!
//! A document is kept as its compact JSON text and an outline of byte ranges into it. A control is
//! parsed when it is asked for, which takes microseconds; a tree of the whole document is made
//! only by [`Document::value`].
//!
//! This module knows neither HTTP nor MCP.

mod budget;
mod catalog;
mod compact;
mod control;
mod control_key;
mod cursor;
mod document;
mod document_error;
mod element;
mod entry;
mod files;
mod implementations;
mod insert;
mod library;
mod loader;
mod model;
mod outline;
mod prose;
mod resolve;
mod search;
mod substitution;
mod tree_size;
mod validation;
mod view;
mod wellformed;

pub(crate) use budget::floor_char_boundary;
pub use control::{Control, ControlFilter, Page};
pub use control_key::control_key;
pub use document::{Document, DocumentInfo};
pub use document_error::DocumentError;
pub use entry::EntryKind;
pub use files::{Entries, EntryState, Limits, Listing, LoadError};
pub use implementations::{
    ComponentName, ControlCoverage, Coverage, CoverageCounts, CoverageLevel, Implementation,
    ImplementationFilter, ImplementationKind, ImplementedStatement, coverage, implementations,
};
pub use library::{Contents, Library, LibraryView, Problem};
pub use model::{Model, UnknownModel};
pub use resolve::{
    Baseline, BaselineControl, NotFound, ParamChange, ParamState, ResolveError, Resolved, Warning,
    resolve_profile,
};
pub use search::{Hit, Hits, Query};
pub use substitution::ParamValues;
pub use validation::{
    Caps, Finding, Findings, ModelInfo, NoSchema, OutlineError, SchemaMember, SchemaOutline,
    SchemaShape, Schemas, SchemasError, Source, TooLarge, UnknownDefinition, Validation,
};
pub use view::{ControlName, ControlView, LinkedControl, ParamView, PartView, Reference};
