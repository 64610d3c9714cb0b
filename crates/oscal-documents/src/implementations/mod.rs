//! How components, capabilities and systems implement controls.
//!
//! An implemented requirement of a component definition is one implementation. One of a system
//! security plan is an implementation for each component that it names, or one for the system
//! where it names none.
//!
//! Requirements are matched to controls by id, in any usual writing: whoever implements `ac-2`
//! does not implement its enhancement `ac-2.1`.

pub(crate) mod coverage;
mod found;
pub(crate) mod implementation;
pub(crate) mod level;
pub(crate) mod page;
mod requirement;
#[cfg(test)]
mod tests;
