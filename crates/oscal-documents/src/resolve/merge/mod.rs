//! Combines the selected controls into one structure.

pub(crate) mod combine;
pub(crate) mod custom;
