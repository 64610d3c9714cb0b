//! What a request brings, and what an accepted request has: bearer tokens, claims, scopes, access
//! tokens.

pub(crate) mod access_token;
pub(crate) mod bearer;
pub(crate) mod claims;
pub(crate) mod keyed_hash;
pub(crate) mod scope;
