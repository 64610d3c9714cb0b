//! Whether answers can be signed (RFC 9701): by what the metadata says, and by the keys.

use crate::{
    diagnose::{
        check::{Cause, Check},
        metadata::Described,
        probe::Probe,
    },
    error::shortened,
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
    checks.push(advertised(described, &signed.algorithms));
    let keys = keys_for("keys", &signed.jwt(&config.authorization_server), probe).await;
    let found = keys.cause.is_none();
    checks.push(keys);
    found
}

fn advertised(described: &Described, accepted: &[SigningAlgorithm]) -> Check {
    const NAME: &str = "signed";
    let wanted = format!("{MEMBER} with one of {}", names(accepted));
    let offered = described.advertised.texts(MEMBER);
    let Some(offered) = offered else {
        let found = "the metadata does not say that answers can be signed (RFC 9701)";
        let cause = Cause::NotAdvertised { member: MEMBER };
        return Check::warning(NAME, found, wanted, cause);
    };
    let found = shortened(&format!("{MEMBER}: {offered:?}"));
    let fits = |name: &String| {
        SigningAlgorithm::named(name).is_some_and(|algorithm| accepted.contains(&algorithm))
    };
    match offered.iter().any(fits) {
        true => Check::passed(NAME, found, wanted),
        false => Check::warning(NAME, found, wanted, Cause::NotAdvertised { member: MEMBER }),
    }
}
