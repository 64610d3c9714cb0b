//! The server from outside: the binary, over pipes and sockets.

mod configuration;
mod documentation;
mod http;
mod person;
mod resources;
mod rmcp_client;
mod scopes;
mod stdio;
mod support;
