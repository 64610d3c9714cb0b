//! Signed JSON (RFC 7515) and public keys (RFC 7517): what the tokens of an authorization server and
//! the proofs of a client have in common.

pub(crate) mod algorithm;
pub(crate) mod compact;
pub(crate) mod public_key;
