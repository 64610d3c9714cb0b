//! The effective configuration: every option parsed, every error reported at once.

mod audit;
mod auth;
mod credentials;
mod doctor;
mod effect;
mod effective;
mod origins;
mod parse;
mod print;
mod request;
mod resolve;
mod urls;

pub use audit::AuditConfig;
pub use doctor::DoctorConfig;
pub use effective::{
    AllowedOrigins, AuthConfig, BuiltInDocuments, Config, HttpConfig, LogConfig, Transport,
};
pub use parse::error::ConfigError;
pub use request::Request;
