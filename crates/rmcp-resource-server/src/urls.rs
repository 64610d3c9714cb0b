//! The three URLs an operator names: this server, the authorization server, its endpoint.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use url::{Host, Url};

/// Why a text is not a suitable URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It cannot be parsed.
    #[error("it is not an absolute URL ({0})")]
    Syntax(url::ParseError),
    /// Neither `https`, nor `http` to a loopback host or explicitly allowed.
    #[error("it must begin with https:// (http:// is for loopback addresses only)")]
    Insecure,
    /// It contains a user name or password.
    #[error("it must not contain a user name or password")]
    UserInfo,
    /// It contains a fragment.
    #[error("it must not contain a fragment (#)")]
    Fragment,
    /// It contains a query.
    #[error("it must not contain a query (?)")]
    Query,
    /// It contains white space or another character that no URL has.
    #[error("it contains a character that is not allowed in a URL; percent-encode it")]
    Character,
}

/// The public URL of the protected resource: its identifier byte for byte (RFC 9728 §3.3), the
/// audience that tokens must have, and the base of its metadata's URL.
///
/// `https`, or `http` for a loopback host; no query, no fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct ResourceUrl(Named);

/// The issuer identifier of an authorization server, byte for byte (RFC 8414 §2).
///
/// `https`, or `http` for a loopback host; no query, no fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer(Named);

/// The URL of an introspection endpoint. It may have a query.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Named);

#[derive(Clone, PartialEq, Eq)]
struct Named {
    text: Arc<str>,
    url: Url,
}

impl ResourceUrl {
    /// The identifier as configured.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The parsed URL.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Scheme and authority as configured.
    pub(crate) fn origin(&self) -> &str {
        let text = &*self.0.text;
        let authority = text.find("://").map_or(0, |end| end + 3);
        let end = text[authority..].find('/');
        &text[..end.map_or(text.len(), |end| authority + end)]
    }

    /// The path without a trailing slash at the root: empty, or beginning with `/`.
    pub(crate) fn path(&self) -> &str {
        match self.0.url.path() {
            "/" => "",
            path => path,
        }
    }
}

impl FromStr for ResourceUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let named = Named::parse(text, false)?;
        named.without_query().map(Self)
    }
}

impl Issuer {
    /// Like `parse`, but accepts `http` to any host. For test networks only: token and secret then
    /// travel in the clear.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`].
    pub fn parse_allowing_http(text: &str) -> Result<Self, InvalidUrl> {
        let named = Named::parse(text, true)?;
        named.without_query().map(Self)
    }

    /// The identifier as configured.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }
}

impl FromStr for Issuer {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let named = Named::parse(text, false)?;
        named.without_query().map(Self)
    }
}

impl EndpointUrl {
    /// Like `parse`, but accepts `http` to any host. For test networks only.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`].
    pub fn parse_allowing_http(text: &str) -> Result<Self, InvalidUrl> {
        Named::parse(text, true).map(Self)
    }

    /// The URL as configured or discovered.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }
}

impl FromStr for EndpointUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        Named::parse(text, false).map(Self)
    }
}

macro_rules! as_its_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0.text)
            }
        }
    )*};
}

as_its_text!(ResourceUrl, Issuer, EndpointUrl);

impl Named {
    fn parse(text: &str, allow_http: bool) -> Result<Self, InvalidUrl> {
        // The URL parser would silently drop or encode these, and the identifier would no longer
        // match metadata and challenge.
        let odd = |c: char| c.is_ascii_control() || matches!(c, ' ' | '"' | '\\') || !c.is_ascii();
        if text.contains(odd) {
            return Err(InvalidUrl::Character);
        }
        let url = Url::parse(text).map_err(InvalidUrl::Syntax)?;
        // The parser also accepts https:host and https:///host as https://host.
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        if rest.is_empty() || rest.starts_with('/') {
            return Err(InvalidUrl::Syntax(url::ParseError::EmptyHost));
        }
        let secure = match url.scheme() {
            "https" => true,
            "http" => allow_http || is_loopback(&url),
            _ => false,
        };
        if !secure {
            return Err(InvalidUrl::Insecure);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidUrl::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(InvalidUrl::Fragment);
        }
        Ok(Self {
            text: text.into(),
            url,
        })
    }

    fn without_query(self) -> Result<Self, InvalidUrl> {
        match self.url.query() {
            Some(_) => Err(InvalidUrl::Query),
            None => Ok(self),
        }
    }
}

/// Whether the host is this machine, regardless of name resolution: a loopback address,
/// `localhost`, or a name below it (RFC 6761 §6.3).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// An http or https URL with scheme and host in lower case, without a default port, and with `/`
/// for an empty path (RFC 3986 §6.2.2.1 and §6.2.3). Everything else stays unchanged, including any
/// other text. A URL parser would also decode, resolve dots and rewrite hosts, and so equate URLs
/// that another server distinguishes.
pub(crate) fn canonical(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.into();
    };
    let default_port = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else if scheme.eq_ignore_ascii_case("http") {
        ":80"
    } else {
        return text.into();
    };
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return text.into();
    }
    let host_and_port = authority.strip_suffix(default_port).unwrap_or(authority);
    let is_canonical = host_and_port.len() == authority.len()
        && after.starts_with('/')
        && !(scheme.bytes().chain(authority.bytes())).any(|byte| byte.is_ascii_uppercase());
    if is_canonical {
        return text.into();
    }
    let slash = if after.starts_with('/') { "" } else { "/" };
    let (scheme, host_and_port) = (
        scheme.to_ascii_lowercase(),
        host_and_port.to_ascii_lowercase(),
    );
    format!("{scheme}://{host_and_port}{slash}{after}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rs_21_resource_is_https_without_query_or_fragment() {
        for (text, fine) in [
            ("https://mcp.example.com/mcp", true),
            ("https://mcp.example.com", true),
            ("https://mcp.example.com:8443/a/b/", true),
            ("http://127.0.0.1:8000/mcp", true),
            ("http://[::1]:8000/mcp", true),
            ("http://localhost:8000/mcp", true),
            ("http://mcp.localhost/mcp", true),
            ("http://mcp.example.com/mcp", false),
            ("http://10.0.0.1/mcp", false),
            ("http://localhost.example.com/mcp", false),
            ("https://mcp.example.com/mcp?x=1", false),
            ("https://mcp.example.com/mcp?", false),
            ("https://mcp.example.com/mcp#x", false),
            ("https://user:pass@mcp.example.com/mcp", false),
            ("https://mcp.example.com/m cp", false),
            ("https://mcp.example.com/\"", false),
            ("https://mcp.example.com/é", false),
            ("ftp://mcp.example.com/", false),
            ("mcp.example.com/mcp", false),
            ("https:mcp.example.com/mcp", false),
            ("https:/mcp.example.com/mcp", false),
            ("https:///mcp.example.com/mcp", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<ResourceUrl>().is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn the_text_stays_byte_for_byte() {
        for text in ["https://AS.example.com", "https://as.example.com:443/x"] {
            assert_eq!(text.parse::<Issuer>().expect("valid").as_str(), text);
        }
    }

    #[test]
    fn http_is_allowed_on_request_only() {
        let text = "http://as.internal/introspect?tenant=a";
        assert_eq!(text.parse::<EndpointUrl>(), Err(InvalidUrl::Insecure));
        assert!(EndpointUrl::parse_allowing_http(text).is_ok());
        assert_eq!(
            Issuer::parse_allowing_http(text),
            Err(InvalidUrl::Query),
            "an issuer has no query"
        );
    }
}
