//! When a token's `aud` names this server (RFC 8707 §2, MCP "Canonical Server URI").

use std::fmt;

use crate::urls::canonical;

/// An accepted audience.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Audience {
    configured: Box<str>,
    canonical: Box<str>,
}

impl Audience {
    pub(crate) fn new(configured: &str) -> Self {
        Self {
            configured: configured.into(),
            canonical: canonical(configured).into(),
        }
    }

    /// Whether `aud` names this audience, literally or by the equivalences of [`canonical`].
    pub(crate) fn is_named_by(&self, aud: &str) -> bool {
        *aud == *self.configured || *canonical(aud) == *self.canonical
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.configured, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs_47_urls_are_compared_by_four_equivalences_and_no_others() {
        for (one, other, same) in [
            (
                "https://mcp.example.com/mcp",
                "https://mcp.example.com/mcp",
                true,
            ),
            (
                "https://MCP.Example.com/mcp",
                "https://mcp.example.com/mcp",
                true,
            ),
            (
                "HTTPS://mcp.example.com/mcp",
                "https://mcp.example.com/mcp",
                true,
            ),
            (
                "https://mcp.example.com:443/mcp",
                "https://mcp.example.com/mcp",
                true,
            ),
            ("http://127.0.0.1:80/mcp", "http://127.0.0.1/mcp", true),
            ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]", true),
            ("https://h", "https://h/", true),
            ("https://H:443", "https://h/", true),
            ("https://h?tenant=a", "https://h/?tenant=a", true),
            // A different path, query, port or scheme makes a different audience.
            ("https://h/mcp", "https://h/mcp/", false),
            ("https://h/mcp", "https://h/MCP", false),
            ("https://h/mcp", "https://h/mcp?", false),
            ("https://h/mcp", "https://h/mcp#", false),
            ("https://h/?a=B", "https://h/?a=b", false),
            ("https://h/a%2fb", "https://h/a%2Fb", false),
            ("https://h/%6dcp", "https://h/mcp", false),
            ("https://h/a/../mcp", "https://h/mcp", false),
            ("https://h//mcp", "https://h/mcp", false),
            ("https://h:80/", "https://h/", false),
            ("http://h:443/", "http://h/", false),
            ("https://h:8443/", "https://h/", false),
            ("https://h:0443/", "https://h/", false),
            ("https://h:/", "https://h/", false),
            ("http://h/", "https://h/", false),
            ("https://h./", "https://h/", false),
            ("https://h.example/", "https://h/", false),
            ("https://127.1/", "https://127.0.0.1/", false),
            ("https://user@h/", "https://h/", false),
            (
                "https://h:443@evil.example/",
                "https://h@evil.example/",
                false,
            ),
            ("https://evil.example#https://h/", "https://h/", false),
            (" https://h/", "https://h/", false),
            ("https:h", "https://h/", false),
            // Not URLs: compared literally.
            ("mcp", "MCP", false),
            ("api://Guid", "api://guid", false),
            ("api://guid", "api://guid/", false),
            ("urn:example:A", "urn:example:a", false),
            ("api://Guid", "api://Guid", true),
            ("", "", true),
            ("", "/", false),
        ] {
            assert_eq!(
                Audience::new(one).is_named_by(other),
                same,
                "{one} by {other}"
            );
            assert_eq!(
                Audience::new(other).is_named_by(one),
                same,
                "{other} by {one}"
            );
        }
    }

    #[test]
    fn a_message_shows_the_configured_form() {
        let audience = Audience::new("https://MCP.Example.com");
        assert_eq!(format!("{audience:?}"), r#""https://MCP.Example.com""#);
    }
}
