//! Whether answers can be signed (RFC 9701): by what the metadata says, and by the keys.

use crate::{
    diagnose::{check::Check, metadata::Described, probe::Probe},
    jose::algorithm::{SigningAlgorithm, names},
    verify::{introspection::IntrospectionConfig, jwt::examine::keys_for},
};

const MEMBER: &str = "introspection_signing_alg_values_supported";

/// Adds the checks, if answers have to be signed. Returns whether there are keys.
pub(super) async fn examine(
    config: &IntrospectionConfig,
    probe: &Probe<'_>,
    described: &Described,
    checks: &mut Vec<Check>,
) -> bool {
    let Some(signed) = &config.signed else {
        return true;
    };
    checks.push(described.offered(
        "signed",
        MEMBER,
        "answers can be signed (RFC 9701)",
        &names(&signed.algorithms),
        |name| SigningAlgorithm::named(name).is_some_and(|one| signed.algorithms.contains(&one)),
    ));
    let keys = keys_for("keys", &signed.jwt(&config.authorization_server), probe).await;
    let found = keys.cause.is_none();
    checks.push(keys);
    found
}
