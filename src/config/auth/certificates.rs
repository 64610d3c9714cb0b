//! Where the certificates of clients are found, for tokens that are bound to them.

use http::HeaderName;
use ipnet::IpNet;
use rmcp_resource_server::ClientCertificateHeader;

use crate::{
    config::parse::Parser,
    options::{self, Given},
};

const ID: &str = "auth_client_certificate_header";

/// `None` if they are not known here, or after an error.
pub(in crate::config) fn resolve(
    parser: &mut Parser,
    given: &Given,
    trusted_proxies: &[IpNet],
) -> Option<ClientCertificateHeader> {
    let header = given.options.auth_client_certificate_header.as_deref();
    let name = parser.optional(ID, header, |text| {
        HeaderName::from_bytes(text.as_bytes())
            .map_err(|_no_detail| "must be the name of a header, such as Client-Cert")
    })?;
    let proxies = options::name("trusted_proxies");
    if trusted_proxies.is_empty() {
        parser.error(
            ID,
            format!(
                "needs {proxies}: set it to the addresses of the proxies that set this header; \
                 nobody else is believed"
            ),
        );
    }
    if trusted_proxies
        .iter()
        .any(|network| network.prefix_len() == 0)
    {
        parser.error(
            "trusted_proxies",
            format!(
                "trusts every address, so that anybody could set the header of {}: name the \
                 addresses of the proxies alone",
                options::name(ID)
            ),
        );
    }
    let trusted = trusted_proxies.to_vec();
    let is_trusted = move |peer| trusted.iter().any(|network| network.contains(&peer));
    Some(ClientCertificateHeader::new(name, is_trusted))
}
