//! Runs those tests of `wire` that depend on the web framework on axum, through tower.

#[path = "wire/certificates.rs"]
mod certificates;
#[path = "wire/challenges.rs"]
mod challenges;
#[path = "wire/dpop.rs"]
mod dpop;
#[path = "wire/dpop_sessions.rs"]
mod dpop_sessions;
#[path = "wire/failure.rs"]
mod failure;
#[path = "wire/forwarding.rs"]
mod forwarding;
#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/intake.rs"]
mod intake;
#[path = "wire/limits.rs"]
mod limits;
#[path = "wire/metadata.rs"]
mod metadata;
#[path = "wire/policy.rs"]
mod policy;
#[path = "wire/revocation.rs"]
mod revocation;
#[path = "wire/session_owner.rs"]
mod session_owner;
#[path = "wire/sessions.rs"]
mod sessions;
#[expect(
    dead_code,
    unused_imports,
    reason = "each test binary uses its part of the support"
)]
#[path = "support/mod.rs"]
mod support;

/// The web framework under the server.
const FRAMEWORK: support::Framework = support::Framework::Tower;
