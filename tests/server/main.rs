//! The server from outside: the binary, over pipes and sockets.

mod configuration;
mod doctor;
mod documentation;
mod http;
mod resources;
mod scopes;
mod stdio;
mod support;
mod verifiers;
