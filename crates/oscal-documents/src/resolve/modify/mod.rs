//! What a profile changes in the JSON of controls and parameters.

mod add;
mod alter;
pub(crate) mod modifications;
mod remove;
