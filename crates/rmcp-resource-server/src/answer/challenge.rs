//! The `WWW-Authenticate` header (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1).

use std::fmt::Write;

use http::header::HeaderValue;

use crate::{
    dpop::{mode::Dpop, proof::ALGORITHMS},
    token::{bearer::Scheme, scope::Scopes},
};

/// A challenge. Its parts cannot contain a quotation mark or a backslash: texts are
/// constants, and the types that parse scopes and URLs refuse both characters. Nothing in it comes
/// from a request or an authorization server.
pub(crate) struct Challenge<'a> {
    /// An error code of RFC 6750 §3.1 or RFC 9449 §7.1 with its description; `None` if the request has
    /// no credential.
    pub(crate) error: Option<(&'static str, &'static str)>,
    /// The scopes that the operation needs. Left out if it needs none.
    pub(crate) scope: &'a Scopes,
    /// The absolute URL of the protected resource metadata.
    pub(crate) resource_metadata: &'a str,
}

impl Challenge<'_> {
    /// A challenge for each scheme that is accepted, as a value of its own. The error belongs to the
    /// scheme of the request, which comes first: there are clients that read only the beginning
    /// (requests_oauth2client 1.8.0 then misses that a nonce is wanted).
    ///
    /// Where only bound tokens are accepted, Bearer is not named: no token that a client could get
    /// for it would be accepted (RFC 9449 §7.1).
    pub(crate) fn to_headers(&self, dpop: Dpop, scheme: Scheme) -> Box<[HeaderValue]> {
        let schemes: &[Scheme] = match dpop {
            Dpop::Off => &[Scheme::Bearer],
            Dpop::Allowed => match scheme {
                Scheme::Bearer => &[Scheme::Bearer, Scheme::Dpop],
                Scheme::Dpop => &[Scheme::Dpop, Scheme::Bearer],
            },
            Dpop::Required => &[Scheme::Dpop],
        };
        let header = |named: &Scheme| {
            let is_concerned = schemes.len() == 1 || *named == scheme;
            let error = self.error.filter(|_| is_concerned);
            Challenge { error, ..*self }.to_header(*named)
        };
        schemes.iter().map(header).collect()
    }

    /// The header's value.
    pub(crate) fn to_header(&self, scheme: Scheme) -> HeaderValue {
        let mut text = match scheme {
            Scheme::Bearer => String::from("Bearer "),
            Scheme::Dpop => format!("DPoP algs=\"{}\", ", ALGORITHMS.join(" ")),
        };
        if let Some((code, description)) = self.error {
            let _ = write!(
                text,
                "error=\"{code}\", error_description=\"{description}\", "
            );
        }
        if !self.scope.is_empty() {
            let _ = write!(text, "scope=\"{}\", ", self.scope);
        }
        let _ = write!(text, "resource_metadata=\"{}\"", self.resource_metadata);
        HeaderValue::try_from(text).expect("constants, scopes and URLs are visible ASCII")
    }
}

/// `offline_access` asks for a refresh token. No resource needs one, so neither challenge nor
/// metadata asks for it (MCP authorization, refresh tokens).
pub(crate) fn without_offline_access(scopes: &Scopes) -> Scopes {
    Scopes::granted(scopes.iter().filter(|scope| *scope != "offline_access"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::urls::ResourceUrl;

    #[test]
    fn each_part_in_its_place() {
        let scope = "b a".parse().expect("valid");
        let full = Challenge {
            error: Some(("insufficient_scope", "More scopes are needed")),
            scope: &scope,
            resource_metadata: "https://x/m",
        };
        assert_eq!(
            full.to_header(Scheme::Bearer),
            "Bearer error=\"insufficient_scope\", error_description=\"More scopes are needed\", \
             scope=\"a b\", resource_metadata=\"https://x/m\""
        );
        let bare = Challenge {
            error: None,
            scope: &Scopes::none(),
            resource_metadata: "https://x/m",
        };
        assert_eq!(
            bare.to_header(Scheme::Bearer),
            "Bearer resource_metadata=\"https://x/m\""
        );
        assert_eq!(
            bare.to_header(Scheme::Dpop),
            format!(
                "DPoP algs=\"{}\", resource_metadata=\"https://x/m\"",
                ALGORITHMS.join(" ")
            )
        );
    }

    proptest! {
        #[test]
        fn any_accepted_scope_and_url_give_a_well_formed_header(
            scope in "[!-~]{0,3}( [!-~]{1,3})?",
            path in "[!-~]{0,4}",
        ) {
            let url: Result<ResourceUrl, _> = format!("https://mcp.example.com/{path}").parse();
            let scope: Result<Scopes, _> = scope.parse();
            prop_assume!(url.is_ok() && scope.is_ok());
            let (url, scope) = (url.expect("assumed"), scope.expect("assumed"));
            let header = Challenge {
                error: None,
                scope: &scope,
                resource_metadata: url.as_str(),
            }
            .to_header(Scheme::Bearer);
            let text = header.to_str().expect("ASCII");
            prop_assert_eq!(text.matches('"').count(), if scope.is_empty() { 2 } else { 4 });
            prop_assert!(!text.contains('\\'));
        }
    }
}
