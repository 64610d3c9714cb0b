//! The URLs of the authorization server and of this server. Detects metadata URLs given in their
//! place.

use rmcp_resource_server::{EndpointUrl, InvalidUrl, Issuer, ResourceUrl};

use super::parse::Parser;
use crate::options::Given;

/// The issuer, or a stand-in after an error.
pub(super) fn issuer(parser: &mut Parser, given: &Given, allow_http: bool) -> Issuer {
    const ID: &str = "auth_issuer_url";
    let issuer = parser.optional(ID, given.value(ID), |text| {
        let parsed = if allow_http {
            Issuer::parse_allowing_http(text)
        } else {
            text.parse()
        };
        let issuer = parsed.map_err(|error| explain(text, &error))?;
        match taken_for_issuer(issuer.as_str()) {
            Some(problem) => Err(problem),
            None => Ok(issuer),
        }
    });
    let stand_in = || "https://issuer.invalid".parse().expect("an issuer");
    issuer.unwrap_or_else(stand_in)
}

/// The resource server's URL, or a stand-in after an error.
pub(super) fn resource(parser: &mut Parser, given: &Given) -> ResourceUrl {
    const ID: &str = "auth_resource_server_url";
    if !given.is_given(ID) {
        parser.error(
            ID,
            "is required with an issuer: the public URL of the MCP endpoint, such as \
             https://mcp.example.com/mcp, which tokens must have as their audience",
        );
    }
    let resource = parser.optional(ID, given.value(ID), |text| {
        let resource = text.parse::<ResourceUrl>();
        let resource = resource.map_err(|error| error.to_string())?;
        match taken_for_resource(resource.as_str()) {
            Some(problem) => Err(problem),
            None => Ok(resource),
        }
    });
    let stand_in = || "https://resource.invalid".parse().expect("a resource");
    resource.unwrap_or_else(stand_in)
}

/// The URL of an endpoint, if one is configured.
pub(super) fn endpoint(
    parser: &mut Parser,
    given: &Given,
    id: &str,
    allow_http: bool,
) -> Option<EndpointUrl> {
    parser.optional(id, given.value(id), |text| {
        let parsed = if allow_http {
            EndpointUrl::parse_allowing_http(text)
        } else {
            text.parse()
        };
        parsed.map_err(|error| explain(text, &error))
    })
}

fn explain(text: &str, error: &InvalidUrl) -> String {
    match error {
        InvalidUrl::Insecure if text.starts_with("http://") => format!(
            "{error}; use https or, only on a test network, set \
             OSCAL_AUTH_ALLOW_INSECURE_HTTP=true"
        ),
        _ => error.to_string(),
    }
}

/// The well-known paths of an authorization server's metadata (RFC 8414 §3, OpenID Connect
/// Discovery §4.1).
const OF_ISSUER: [&str; 2] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

/// The well-known path of a protected resource's metadata (RFC 9728 §3).
const OF_RESOURCE: [&str; 1] = ["/.well-known/oauth-protected-resource"];

/// The error message if `url` is an authorization server's metadata URL. The message shows `url`,
/// so `url` must contain no user name, password or query.
fn taken_for_issuer(url: &str) -> Option<String> {
    let meant = without(&OF_ISSUER, url)?;
    Some(format!(
        "is the URL of the issuer's metadata; use the value of issuer in that metadata, most \
         likely {meant} (or {meant}/)"
    ))
}

/// Likewise for this server's own metadata.
fn taken_for_resource(url: &str) -> Option<String> {
    let meant = without(&OF_RESOURCE, url)?;
    Some(format!(
        "is the URL of this server's metadata; you most likely mean {meant}"
    ))
}

/// `url` without one of `paths`, inserted between host and path or appended to the path.
fn without(paths: &[&str], url: &str) -> Option<String> {
    paths.iter().find_map(|path| {
        let (before, after) = url.split_once(path)?;
        let is_whole = after.is_empty() || after.starts_with('/');
        is_whole.then(|| format!("{before}{}", after.trim_end_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_metadata_url_are_recognised() {
        for (url, meant) in [
            (
                "https://as.example/.well-known/openid-configuration",
                Some("https://as.example"),
            ),
            (
                "https://as.example/.well-known/openid-configuration/",
                Some("https://as.example"),
            ),
            (
                "https://as.example/realms/mcp/.well-known/openid-configuration",
                Some("https://as.example/realms/mcp"),
            ),
            (
                "https://as.example/.well-known/oauth-authorization-server/realms/mcp",
                Some("https://as.example/realms/mcp"),
            ),
            (
                "https://as.example/o/.well-known/oauth-authorization-server",
                Some("https://as.example/o"),
            ),
            ("https://as.example/.well-known/openid-configurations", None),
            ("https://as.example/realms/mcp", None),
        ] {
            let told = taken_for_issuer(url);
            assert_eq!(told.is_some(), meant.is_some(), "{url}");
            if let (Some(told), Some(meant)) = (told, meant) {
                assert!(told.contains(&format!("likely {meant} (or")), "{told}");
            }
        }
        let of_ours = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let told = taken_for_resource(of_ours).expect("recognised");
        assert!(
            told.contains("likely mean https://mcp.example/mcp"),
            "{told}"
        );
    }
}
