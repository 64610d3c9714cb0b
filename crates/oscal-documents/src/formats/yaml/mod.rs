//! YAML, which OSCAL uses with the names and values of its JSON form.

pub(super) mod read;
mod scalar;
#[cfg(test)]
mod tests;
pub(super) mod write;
