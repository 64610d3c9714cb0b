//! The server from outside: the binary, over pipes and sockets.

mod assessments;
mod busy;
mod comparison;
mod configuration;
mod coverage;
mod deployment;
mod doctor;
mod documentation;
mod documents;
mod healthcheck;
mod http;
mod limits;
mod log_lines;
mod metrics;
mod person;
mod reading;
mod resources;
mod rmcp_client;
mod rotation;
mod scopes;
mod secrecy;
mod stdio;
mod support;
mod unforwarded;
mod verifiers;
mod wire;
