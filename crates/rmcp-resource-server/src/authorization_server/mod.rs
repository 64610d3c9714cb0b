//! The authorization server: how to reach it, where its endpoints are, how to read its answers.

pub(crate) mod background;
pub(crate) mod background_discovery;
pub(crate) mod discovery;
pub(crate) mod http_client;
pub(crate) mod response;
pub(crate) mod server;
pub(crate) mod strict_json;
