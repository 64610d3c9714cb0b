//! A store that replicas share (Redis or Valkey): what the authorization server answered, what was
//! revoked, and sessions.
//!
//! Nothing depends on it. Each operation has a few milliseconds, and while the store is down or slow
//! ([`connection`]) every replica goes on with its own memory.
//!
//! Names are keyed hashes, and values are encrypted ([`keys`]): whoever reads the store learns no
//! token, and whoever writes to it cannot make one accepted.

pub(crate) mod answers;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod dial;
#[cfg(feature = "diagnose")]
pub(crate) mod examine;
pub(crate) mod keys;
pub(crate) mod outage;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod store;
mod time;
pub(crate) mod url;
