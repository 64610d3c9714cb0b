//! What proofs of possession (RFC 9449) need.

use super::{check::Check, metadata::Described};
use crate::{
    dpop::{
        mode::Dpop,
        proof::{ALGORITHMS, FUTURE, OLDEST},
    },
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
    checks.push(described.offered(
        "dpop",
        MEMBER,
        "tokens can be bound to a key",
        &format!("{ALGORITHMS:?}"),
        |name| ALGORITHMS.contains(&name),
    ));
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
