//! Which redirect URIs a client may have, and which of them a request means.

use url::{Host, Url};

/// Schemes that execute, read or display something in the browser instead of calling an app.
const REFUSED_SCHEMES: [&str; 10] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "vbscript",
    "view-source",
];

/// https anywhere, http to loopback, or an app's own scheme (RFC 8252 §7).
pub(in crate::dev) fn check(uri: &str) -> Result<(), &'static str> {
    let parsed = Url::parse(uri).or(Err("is not an absolute URI"))?;
    if parsed.fragment().is_some() {
        return Err("has a fragment");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("has credentials");
    }
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&parsed) => Ok(()),
        "http" => Err("uses http for a host other than loopback"),
        scheme if REFUSED_SCHEMES.contains(&scheme) => Err("has a scheme that no app owns"),
        _ => Ok(()),
    }
}

/// Exactly equal, or equal except for the port of a loopback address (RFC 8252 §7.3).
pub(in crate::dev) fn matches(registered: &str, asked: &str) -> bool {
    registered == asked
        || without_loopback_port(registered)
            .is_some_and(|registered| without_loopback_port(asked) == Some(registered))
}

fn without_loopback_port(uri: &str) -> Option<Url> {
    let mut uri = Url::parse(uri).ok()?;
    let movable = uri.scheme() == "http" && is_loopback(&uri) && uri.fragment().is_none();
    (movable && uri.set_port(None).is_ok()).then_some(uri)
}

fn is_loopback(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_loopback_and_apps_get_codes() {
        let cases = [
            ("https://client.example/cb?x=1", true),
            ("http://127.0.0.1:3000/cb", true),
            ("http://[::1]/cb", true),
            ("http://localhost:6274/oauth/callback", true),
            ("cursor://anysphere.cursor-retrieval/oauth/callback", true),
            (
                "vscode://vscode.github-authentication/did-authenticate",
                true,
            ),
            ("com.example.app:/cb", true),
            ("http://client.example/cb", false),
            ("http://localhost.evil.example/cb", false),
            ("http://user@127.0.0.1/cb", false),
            ("https://client.example/cb#", false),
            ("javascript:alert(1)", false),
            ("JavaScript://x/%0aalert(1)", false),
            ("data:text/html,x", false),
            ("/cb", false),
        ];
        for (uri, accepted) in cases {
            assert_eq!(check(uri).is_ok(), accepted, "{uri}");
        }
    }

    #[test]
    fn only_a_loopback_port_may_differ() {
        let cases = [
            ("https://c.example/cb", "https://c.example/cb", true),
            ("https://c.example/cb", "https://c.example/cb/", false),
            ("https://c.example/cb", "https://c.example:444/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb2", false),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:51004/cb?a=b",
                false,
            ),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb#f", false),
            ("http://127.0.0.1/cb", "http://localhost/cb", false),
            ("http://127.0.0.1/cb", "http://u@127.0.0.1/cb", false),
            ("cursor://a/cb", "cursor://a:1/cb", false),
        ];
        for (registered, asked, same) in cases {
            assert_eq!(matches(registered, asked), same, "{registered} {asked}");
        }
    }
}
