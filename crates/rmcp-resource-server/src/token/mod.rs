//! What a request carries, and what an accepted request gets: bearer tokens, claims, scopes, access
//! tokens.

pub(crate) mod access_token;
pub(crate) mod bearer;
pub(crate) mod binding;
pub(crate) mod claims;
pub(crate) mod keyed_hash;
pub(crate) mod presented;
pub(crate) mod scope;
