//! How the selected controls become one structure.

pub(crate) mod combine;
pub(crate) mod custom;
