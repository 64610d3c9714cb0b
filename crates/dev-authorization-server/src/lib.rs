#![doc = include_str!("../README.md")]

mod client_credentials;
mod clock;
mod dev;
mod fake;
mod server_thread;
mod signing_key;

pub use dev::{DevAuthorizationServer, DevClient, DevConfig};
pub use fake::{
    ExpectedClient, FakeAuthorizationServer, FakeConfig, Gate, MetadataForm, RecordedRequest, Reply,
};
pub use signing_key::{SigningKey, compact, jwks};
