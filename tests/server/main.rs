//! The server from outside: the binary, over pipes and sockets.

mod configuration;
mod doctor;
mod deployment;
mod documentation;
mod http;
mod metrics;
mod resources;
mod rotation;
mod scopes;
mod stdio;
mod support;
mod verifiers;
