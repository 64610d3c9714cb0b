//! What proofs of possession (RFC 9449) need.

use super::{
    check::{Cause, Check},
    metadata::Described,
};
use crate::{
    dpop::{
        mode::Dpop,
        proof::{ALGORITHMS, FUTURE, OLDEST},
    },
    error::shortened,
    resource_server::ResourceServerConfig,
};

const MEMBER: &str = "dpop_signing_alg_values_supported";

/// Adds the checks, if proofs are accepted.
pub(super) fn examine(
    config: &ResourceServerConfig,
    described: &Described,
    checks: &mut Vec<Check>,
) {
    if config.dpop == Dpop::Off {
        return;
    }
    checks.push(advertised(described));
    // Only a client that makes a proof can try this.
    checks.push(Check::skipped(
        "dpop_url",
        format!("not tried: clients make proofs for {:?}", config.resource.as_str()),
        format!(
            "htu is this URL, whatever a proxy makes of it, and a proof is at most {} s old and {} s \
             early by this machine's clock",
            OLDEST.as_secs(),
            FUTURE.as_secs()
        ),
    ));
}

fn advertised(described: &Described) -> Check {
    const NAME: &str = "dpop";
    let wanted = format!("{MEMBER} with one of {ALGORITHMS:?}");
    let cause = Cause::NotAdvertised { member: MEMBER };
    match described.advertised.texts(MEMBER) {
        None => {
            let found = "the metadata does not say that tokens can be bound to a key";
            Check::warning(NAME, found, wanted, cause)
        }
        Some(offered) => {
            let found = shortened(&format!("{MEMBER}: {offered:?}"));
            let fits = |name: &String| ALGORITHMS.contains(&name.as_str());
            match offered.iter().any(fits) {
                true => Check::passed(NAME, found, wanted),
                false => Check::warning(NAME, found, wanted, cause),
            }
        }
    }
}
