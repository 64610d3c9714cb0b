//! Takes the bearer token from a request (RFC 6750 §2.1), and accepts nothing else as one.

use std::{fmt, net::SocketAddr};

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::{crypto::random, error::TokenError};

/// The default token limit, in bytes. Keycloak's tokens are JWTs of several KiB, and some 10 KB for
/// a user in many groups.
pub const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;

/// How a request names the credential in its `Authorization` header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 6750 §2.1.
    #[default]
    Bearer,
    /// RFC 9449 §7.1.
    Dpop,
}

impl Scheme {
    const ALL: [Self; 2] = [Self::Bearer, Self::Dpop];

    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }

    /// The scheme of a header's value, if it is one of those known. Case does not count.
    pub(crate) fn of(value: &[u8]) -> Option<Self> {
        let end = value.iter().position(|&byte| byte == b' ');
        let scheme = &value[..end.unwrap_or(value.len())];
        let is_it = |known: &Self| scheme.eq_ignore_ascii_case(known.name().as_bytes());
        Self::ALL.into_iter().find(is_it)
    }
}

/// A bearer token of acceptable form, not yet verified. Its `Debug` prints `[redacted]`, and its
/// memory is wiped when it is dropped.
#[derive(Clone)]
pub struct BearerToken {
    text: Zeroizing<String>,
    scheme: Scheme,
    peer: Option<SocketAddr>,
}

impl BearerToken {
    /// Accepts `text` if it has the form `token68` (RFC 9110 §11.2) and is at most `limit` bytes
    /// long.
    ///
    /// # Errors
    ///
    /// [`TokenError::TooLong`], [`TokenError::Malformed`], or [`TokenError::EmptyCredential`].
    pub fn parse(text: &str, limit: usize) -> Result<Self, TokenError> {
        let body = text.trim_end_matches('=');
        if text.is_empty() {
            Err(TokenError::EmptyCredential)
        } else if text.len() > limit {
            Err(TokenError::TooLong { limit })
        } else if body.is_empty() || !body.bytes().all(|byte| TOKEN68[usize::from(byte)]) {
            Err(TokenError::Malformed)
        } else {
            Ok(Self {
                text: Zeroizing::new(text.to_owned()),
                scheme: Scheme::Bearer,
                peer: None,
            })
        }
    }

    /// Reads the values of all `Authorization` headers of one request.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoCredential`] also if the only credential has another scheme.
    pub fn from_authorization<'a>(
        values: impl Iterator<Item = &'a [u8]>,
        limit: usize,
    ) -> Result<Self, TokenError> {
        Self::from_authorization_by(&[Scheme::Bearer], values, limit)
    }

    /// The same, but accepts these schemes.
    pub(crate) fn from_authorization_by<'a>(
        schemes: &[Scheme],
        mut values: impl Iterator<Item = &'a [u8]>,
        limit: usize,
    ) -> Result<Self, TokenError> {
        let value = values.next().ok_or(TokenError::NoCredential)?;
        if values.next().is_some() {
            return Err(TokenError::SeveralCredentials);
        }
        let value = value.trim_ascii();
        let scheme = Scheme::of(value).filter(|scheme| schemes.contains(scheme));
        let scheme = scheme.ok_or(TokenError::NoCredential)?;
        let rest = value[scheme.name().len()..].trim_ascii_start();
        let token = match str::from_utf8(rest) {
            Ok(text) => Self::parse(text, limit).map(|token| Self { scheme, ..token }),
            Err(_not_ascii) => Err(TokenError::Malformed),
        };
        match token {
            Err(_) if rest.iter().any(|byte| matches!(byte, b' ' | b',')) => {
                Err(TokenError::SeveralCredentials)
            }
            token => token,
        }
    }

    /// The token's text, for a [`TokenVerifier`](crate::TokenVerifier) that sends it to its
    /// authorization server or checks its signature. It must not be kept, logged or sent anywhere
    /// else (MCP authorization, token passthrough).
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Records the remote end of the connection that carried the token. It does not affect whether
    /// the token is accepted: a verifier whose capacity is exhausted prefers connections that
    /// carried a good token before.
    #[must_use]
    pub fn from_peer(mut self, peer: Option<SocketAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// The scheme by which the request presented it.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The remote end of the connection that carried the token, if known.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// A random text in the form of a token that is nobody's.
    pub(crate) fn random() -> Self {
        let text = HEXLOWER.encode(&random::bytes::<24>());
        Self::parse(&text, text.len()).expect("hexadecimal digits are of the form token68")
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Which bytes are `ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/"`. A table, because tokens can
/// be several KiB long and are scanned on every request.
const TOKEN68: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Result<String, TokenError> {
        let values = values.iter().map(|value| value.as_bytes());
        BearerToken::from_authorization(values, 16).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_table_of_headers() {
        use TokenError::{EmptyCredential, Malformed, NoCredential, SeveralCredentials, TooLong};
        let cases: &[(&[&str], Result<&str, TokenError>)] = &[
            (&["Bearer abc"], Ok("abc")),
            (&["bearer abc"], Ok("abc")),
            (&["BEARER   abc  "], Ok("abc")),
            (&["Bearer a-._~+/9=="], Ok("a-._~+/9==")),
            (&["Bearer 0123456789abcdef"], Ok("0123456789abcdef")),
            (&["Bearer 0123456789abcdefg"], Err(TooLong { limit: 16 })),
            (&[], Err(NoCredential)),
            (&[""], Err(NoCredential)),
            (&["Basic abc"], Err(NoCredential)),
            (&["Bearerabc"], Err(NoCredential)),
            (&["DPoP abc"], Err(NoCredential)),
            (&["Bearer"], Err(EmptyCredential)),
            (&["Bearer   "], Err(EmptyCredential)),
            (&["Bearer abc def"], Err(SeveralCredentials)),
            (&["Bearer abc, Bearer def"], Err(SeveralCredentials)),
            (&["Bearer abc", "Bearer def"], Err(SeveralCredentials)),
            (&["Bearer abc", "Basic def"], Err(SeveralCredentials)),
            (&["Bearer a=b"], Err(Malformed)),
            (&["Bearer =="], Err(Malformed)),
            (&["Bearer a\tb"], Err(Malformed)),
            (&["Bearer \u{e9}"], Err(Malformed)),
            (&["Bearer \"abc\""], Err(Malformed)),
        ];
        for (values, expected) in cases {
            assert_eq!(
                read(values),
                expected.clone().map(str::to_owned),
                "{values:?}"
            );
        }
    }

    #[test]
    fn debug_prints_no_token() {
        let token = BearerToken::parse("abc", 16).expect("valid");
        assert_eq!(format!("{token:?}"), "[redacted]");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_only_token68_passes(
            value in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            if let Ok(token) = BearerToken::from_authorization([&value[..]].into_iter(), 32) {
                prop_assert!(token.expose().len() <= 32);
                prop_assert!(token.expose().bytes().all(|b| b == b'=' || TOKEN68[usize::from(b)]));
            }
        }

        #[test]
        fn every_token68_passes(text in "[A-Za-z0-9._~+/-]{1,30}={0,2}") {
            let value = format!("Bearer {text}");
            prop_assert_eq!(read_long(&value), Ok(text));
        }
    }

    fn read_long(value: &str) -> Result<String, TokenError> {
        BearerToken::from_authorization([value.as_bytes()].into_iter(), DEFAULT_MAX_TOKEN_BYTES)
            .map(|token| token.expose().to_owned())
    }
}
