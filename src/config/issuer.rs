//! URLs of metadata that were given where the URL is meant which the metadata is about.

/// The well-known paths of an authorization server's metadata (RFC 8414 §3, OpenID Connect
/// Discovery §4.1).
const OF_ISSUER: [&str; 2] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

/// The well-known path of a protected resource's metadata (RFC 9728 §3).
const OF_RESOURCE: [&str; 1] = ["/.well-known/oauth-protected-resource"];

/// What to say if `url` is that of an authorization server's metadata. `url` must be known to have
/// no user name, password or query: it is shown.
pub(super) fn taken_for_issuer(url: &str) -> Option<String> {
    let meant = without(&OF_ISSUER, url)?;
    Some(format!(
        "is the URL of the issuer's metadata; the issuer is what stands there as issuer, most \
         likely {meant} (or {meant}/)"
    ))
}

/// The same for this server's own metadata.
pub(super) fn taken_for_resource(url: &str) -> Option<String> {
    let meant = without(&OF_RESOURCE, url)?;
    Some(format!(
        "is the URL of this server's metadata; most likely {meant} is meant"
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
        assert!(told.contains("https://mcp.example/mcp is meant"), "{told}");
    }
}
