//! How components, capabilities and systems implement controls.
//!
//! An implemented requirement of a component definition is one implementation. In a system security
//! plan, it is one implementation for each component that it names, or one for the system if it
//! names none.
//!
//! Requirements are matched to controls by id, in any common notation. Implementing `ac-2` does not
//! implement its enhancement `ac-2.1`.

pub(crate) mod coverage;
mod found;
pub(crate) mod implementation;
pub(crate) mod level;
pub(crate) mod page;
mod requirement;
#[cfg(test)]
mod tests;
