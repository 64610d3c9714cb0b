//! The responses that clients get from us: challenges, refusals, metadata.

pub(crate) mod challenge;
pub(crate) mod metadata;
pub(crate) mod refusal;
