//! What clients are told, as HTTP responses: challenges, refusals, metadata.

pub(crate) mod challenge;
pub(crate) mod metadata;
pub(crate) mod refusal;
