//! How components, capabilities and systems implement controls.
//!
//! An implemented requirement of a component definition is one implementation. In a system security
//! plan, it is one implementation for each component that it names, or one for the system if it
//! names none.
//!
//! Requirements are matched to controls by id, in any common notation. Implementing `ac-2` does not
//! implement its enhancement `ac-2.1`.
//!
//! ```text
//! requirement ─> share: what is said of a component, and what all comes to (level)
//!      │
//!    found ── source: for which catalog ─┬─> read ─> pages of implementations
//!                                        ├─> coverage of a baseline
//!                                        └─> responsibilities of customers
//! ```

pub(crate) mod coverage;
pub(crate) mod found;
pub(crate) mod implementation;
mod items;
pub(crate) mod level;
pub(crate) mod page;
mod read;
mod requirement;
pub(crate) mod responsibility;
mod share;
pub(crate) mod source;
#[cfg(test)]
mod tests;
