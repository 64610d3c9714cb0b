//! The authorization server for development.

mod authority;
mod config;
mod endpoints;
mod error;
mod params;
mod server;

#[cfg(test)]
mod tests;

pub use config::{DevClient, DevConfig};
pub use server::DevAuthorizationServer;
