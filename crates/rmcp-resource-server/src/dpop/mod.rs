//! Proof of possession (DPoP, RFC 9449): a client shows with each request that it has the key to
//! which its token is bound, so a stolen token alone is of no use.

pub(crate) mod checker;
pub(crate) mod mode;
mod nonce;
pub(crate) mod problem;
pub(crate) mod proof;
mod replay;
