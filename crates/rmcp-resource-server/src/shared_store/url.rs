//! Where the store is.

use std::{fmt, str::FromStr};

use url::Url;

use crate::urls::is_loopback;

/// The URL of a store: `redis://` or, with TLS, `rediss://`; then the user, if there is one, the host,
/// the port (default: 6379) and the number of the database (default: 0).
///
/// ```
/// use rmcp_resource_server::SharedStoreUrl;
///
/// let url: SharedStoreUrl = "rediss://notes@store.example.com:6380".parse()?;
/// assert!(url.is_encrypted());
/// assert!("redis://notes:hush@store.example.com".parse::<SharedStoreUrl>().is_err());
/// # Ok::<_, rmcp_resource_server::InvalidSharedStoreUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SharedStoreUrl {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) database: u16,
    is_encrypted: bool,
    is_loopback: bool,
}

/// A text that is not the URL of a store. Its message does not quote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSharedStoreUrl {
    /// Not a URL, or of another scheme.
    #[error("must be a URL such as rediss://user@store.example.com:6379")]
    NotAStore,
    /// A URL is shown by `ps` and in logs.
    #[error("must not contain a password: put it into a file of its own")]
    Password,
    /// Something follows the database, or it is not a number.
    #[error(
        "must end after the port, or with the number of a database, such as /1; it can have no \
         query and no fragment"
    )]
    Rest,
}

impl SharedStoreUrl {
    /// Whether the connection is encrypted and the store proves who it is.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Whether the store is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for SharedStoreUrl {
    type Err = InvalidSharedStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use InvalidSharedStoreUrl::{NotAStore, Password, Rest};
        let url = Url::parse(text).map_err(|_may_be_a_secret| NotAStore)?;
        let is_encrypted = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(NotAStore),
        };
        if url.password().is_some() {
            return Err(Password);
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(NotAStore)?.trim_matches(['[', ']']).to_owned();
        let path = url.path().trim_matches('/');
        let database = match path.is_empty() {
            true => Ok(0),
            false => path.parse().map_err(|_may_be_a_secret| Rest),
        }?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Rest);
        }
        let user = percent_encoding::percent_decode_str(url.username())
            .decode_utf8()
            .map_err(|_may_be_a_secret| NotAStore)?;
        // A host of another scheme than http is not parsed as an address.
        let host_as_of_http = format!("http://{}/", url.host_str().unwrap_or_default());
        let is_loopback = Url::parse(&host_as_of_http).is_ok_and(|url| is_loopback(&url));
        Ok(Self {
            host,
            port: url.port().unwrap_or(6379),
            user: (!user.is_empty()).then(|| user.into_owned()),
            database,
            is_encrypted,
            is_loopback,
        })
    }
}

impl fmt::Display for SharedStoreUrl {
    /// Without the user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "rediss" } else { "redis" };
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        write!(f, "{scheme}://{host}:{}/{}", self.port, self.database)
    }
}

impl fmt::Debug for SharedStoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_stores_are_read() {
        for (text, shown, user, encrypted, loopback) in [
            (
                "redis://localhost",
                "redis://localhost:6379/0",
                None,
                false,
                true,
            ),
            (
                "redis://127.0.0.1:1",
                "redis://127.0.0.1:1/0",
                None,
                false,
                true,
            ),
            ("redis://[::1]:1/", "redis://[::1]:1/0", None, false, true),
            (
                "rediss://s.example/3",
                "rediss://s.example:6379/3",
                None,
                true,
                false,
            ),
            (
                "valkeys://a@s.example",
                "rediss://s.example:6379/0",
                Some("a"),
                true,
                false,
            ),
            (
                "redis://a%40b@10.0.0.1",
                "redis://10.0.0.1:6379/0",
                Some("a@b"),
                false,
                false,
            ),
        ] {
            let url: SharedStoreUrl = text.parse().expect(text);
            assert_eq!(url.to_string(), shown);
            assert_eq!(url.user.as_deref(), user, "{text}");
            assert_eq!(
                (url.is_encrypted(), url.is_loopback()),
                (encrypted, loopback),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_not_and_are_not_quoted() {
        use InvalidSharedStoreUrl::{NotAStore, Password, Rest};
        for (text, expected) in [
            ("hush", NotAStore),
            ("http://hush.example", NotAStore),
            ("redis:///0", NotAStore),
            ("redis://u:hush@s.example", Password),
            ("redis://:hush@s.example", Password),
            ("redis://s.example/hush", Rest),
            ("redis://s.example/0/1", Rest),
            ("redis://s.example/99999", Rest),
            ("rediss://s.example/#insecure", Rest),
            ("redis://s.example/0?password=hush", Rest),
        ] {
            let error = text.parse::<SharedStoreUrl>().expect_err(text);
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
