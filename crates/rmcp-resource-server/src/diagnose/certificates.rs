//! What tokens need that are bound to certificates (RFC 8705 §3).

use super::{
    check::{Cause, Check},
    metadata::Described,
};
use crate::resource_server::ResourceServerConfig;

const MEMBER: &str = "tls_client_certificate_bound_access_tokens";

/// Adds the check, if certificates are known here.
pub(super) fn examine(
    config: &ResourceServerConfig,
    described: &Described,
    checks: &mut Vec<Check>,
) {
    const NAME: &str = "certificates";
    let Some(header) = &config.client_certificate_header else {
        return;
    };
    let here = format!("here they are read from the header {}", header.name());
    let wanted = format!("{MEMBER}: true, since {here}");
    checks.push(match described.advertised.is_true(MEMBER) {
        true => Check::passed(NAME, format!("{MEMBER}: true; {here}"), wanted),
        false => {
            let found = format!("the metadata does not say {MEMBER}: true");
            Check::warning(NAME, found, wanted, Cause::NotAdvertised { member: MEMBER })
        }
    });
}
