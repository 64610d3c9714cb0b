//! The cryptographic module: what it is, its randomness, and what a FIPS build refuses.

pub(crate) mod approved;
pub(crate) mod module;
pub(crate) mod random;
