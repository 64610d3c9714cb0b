//! Whether the metadata exists, belongs to the issuer, and names the endpoint.

use super::{
    check::{Cause, Check},
    probe::Probe,
};
use crate::{
    authorization_server::discovery::{
        Advertised, EndpointName, Unusable, accept, fetch, metadata_urls,
    },
    error::shortened,
    urls::EndpointUrl,
};

/// What is known about the endpoint.
pub(crate) struct Described {
    pub(crate) endpoint: Option<EndpointUrl>,
    /// The client authentication methods advertised for introspection.
    pub(crate) auth_methods: Option<Vec<String>>,
    /// What else the metadata says; nothing if there is none.
    pub(crate) advertised: Advertised,
}

impl Described {
    /// The check with this name: whether `member` of the metadata lists anything that `fits` takes,
    /// which `accepted` names. `what` is what it says of the authorization server if it is there.
    pub(crate) fn offered(
        &self,
        name: &'static str,
        member: &'static str,
        what: &str,
        accepted: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Check {
        let wanted = format!("{member} with one of {accepted}");
        let cause = Cause::NotAdvertised { member };
        let Some(offered) = self.advertised.texts(member) else {
            let found = format!("the metadata does not say that {what}");
            return Check::warning(name, found, wanted, cause);
        };
        let found = shortened(&format!("{member}: {offered:?}"));
        match offered.iter().any(|one| fits(one)) {
            true => Check::passed(name, found, wanted),
            false => Check::warning(name, found, wanted, cause),
        }
    }
}

/// Tries each form of the metadata URL until one has everything wanted. A configured endpoint
/// replaces the one in the metadata, which is then only for clients.
pub(super) async fn describe(
    probe: &Probe<'_>,
    wanted: EndpointName,
    configured: Option<&EndpointUrl>,
    checks: &mut Vec<Check>,
) -> Described {
    let mut failures = Vec::new();
    let mut of_issuer = None;
    for url in metadata_urls(&probe.authorization_server.issuer) {
        match fetch(&probe.http, &url, probe.authorization_server).await {
            Ok(metadata) => {
                let methods = metadata
                    .introspection_endpoint_auth_methods_supported
                    .clone();
                let advertised = metadata.advertised.clone();
                let accepted = accept(metadata, wanted, probe.authorization_server);
                let complete = accepted.is_ok();
                if complete || of_issuer.is_none() {
                    of_issuer = Some((url, methods, advertised, accepted));
                }
                if complete {
                    break;
                }
            }
            Err(unusable) => failures.push((url, unusable)),
        }
    }
    let needless = configured.is_some();
    let issuer = format!("{:?}", probe.authorization_server.issuer.as_str());
    let anywhere = "metadata (RFC 8414 or OpenID Connect) at a well-known URL";
    let Some((url, auth_methods, advertised, accepted)) = of_issuer else {
        let other = failures.iter().find_map(|(url, unusable)| match unusable {
            Unusable::OtherIssuer(other) => Some((url, shortened(other))),
            _ => None,
        });
        if let Some((url, found)) = other {
            checks.push(Check::passed("metadata", url.as_str(), anywhere));
            let shown = format!("{found:?}");
            let check = Check::failed("issuer", shown, issuer, Cause::OtherIssuer { found });
            checks.push(check.unless_needless(needless));
        } else {
            let each = failures
                .iter()
                .map(|(url, unusable)| format!("{url}: {unusable}"));
            let found = each.collect::<Vec<_>>().join("; ");
            let check = Check::failed("metadata", found, anywhere, Cause::NoMetadata);
            checks.push(check.unless_needless(needless));
        }
        return unknown(configured, checks);
    };
    checks.push(Check::passed("metadata", url.as_str(), anywhere));
    checks.push(Check::passed("issuer", issuer.clone(), issuer));
    if needless {
        return Described {
            auth_methods,
            advertised,
            ..unknown(configured, checks)
        };
    }
    let by_metadata = "the metadata names a usable endpoint";
    let endpoint = match accepted {
        Ok(discovered) => {
            let found = discovered.endpoint.as_str();
            checks.push(Check::passed("endpoint", found, by_metadata));
            Some(discovered.endpoint)
        }
        Err(unusable) => {
            let cause = match unusable {
                Unusable::NoEndpoint(member) => Cause::NoEndpoint { member },
                _ => Cause::UnusableEndpoint,
            };
            let found = unusable.to_string();
            checks.push(Check::failed("endpoint", found, by_metadata, cause));
            None
        }
    };
    Described {
        endpoint,
        auth_methods,
        advertised,
    }
}

/// Without metadata, the only possible endpoint is the configured one.
pub(super) fn unknown(configured: Option<&EndpointUrl>, checks: &mut Vec<Check>) -> Described {
    if let Some(endpoint) = configured {
        checks.push(Check::passed(
            "endpoint",
            endpoint.as_str(),
            "the endpoint as configured",
        ));
    }
    Described {
        endpoint: configured.cloned(),
        auth_methods: None,
        advertised: Advertised::default(),
    }
}
