//! The adapter for tower: axum, hyper, and whatever else takes a `tower::Service`.

pub(crate) mod layer;
pub(crate) mod metadata;
