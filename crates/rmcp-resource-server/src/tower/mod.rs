//! The adapter for tower: axum, hyper and anything else that takes a `tower::Service`.

pub(crate) mod layer;
pub(crate) mod metadata;
