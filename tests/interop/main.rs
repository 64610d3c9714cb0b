//! Real authorization servers, real MCP clients and NIST's real documents. `scripts/interop`
//! installs what they need and runs them; `cargo test` leaves them out.
//!
//! A test that lacks something is skipped, with a line that says what. It fails if `CI` is set.

mod audit;
mod authorization_server;
mod browser;
mod clients;
mod cold_start;
mod conformance;
mod deploy;
mod django;
mod dpop;
mod environment;
mod hydra;
mod keycloak;
mod observability;
mod oidc_provider;
mod oscal;
#[path = "../server/person.rs"]
mod person;
mod proxy;
mod quickstart;
mod shared_store;
mod spring;
#[path = "../server/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the hermetic tests, which use all of it"
)]
mod support;
mod traces;
mod validation;
