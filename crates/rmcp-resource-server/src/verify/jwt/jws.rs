//! A JWT that may be an access token: what its header must say.

use serde_json::{Map, Value};

use super::config::JwtConfig;
use crate::{
    error::{TokenError, shortened},
    jose::{
        algorithm::SigningAlgorithm,
        compact::{Compact, media_type},
    },
};

/// A signed JWT with an acceptable header. Its signature has not been checked.
pub(super) struct Jws<'t> {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) kid: Option<String>,
    /// Its header says that it is an access token, not only that it is a JWT (RFC 9068 §2.1).
    pub(super) typed: bool,
    compact: Compact<'t>,
}

impl<'t> Jws<'t> {
    /// Reads the header. Keys in it, or that it points to (`jwk`, `jku`, `x5c`, `x5u`), are
    /// ignored: the authorization server's keys come from the authorization server.
    pub(super) fn parse(token: &'t str, config: &JwtConfig) -> Result<Self, TokenError> {
        let compact = Compact::parse(token).map_err(invalid)?;
        Ok(Self {
            typed: judge_type(&compact, config)?,
            algorithm: accepted_algorithm(&compact, config)?,
            kid: compact.text("kid").map_err(invalid)?.map(str::to_owned),
            compact,
        })
    }

    /// What is signed, and the signature.
    pub(super) fn signed(&self) -> (&[u8], &[u8]) {
        (self.compact.signed.as_bytes(), &self.compact.signature)
    }

    /// The claims. They mean nothing until the signature has been found good.
    pub(super) fn payload(&self) -> Result<Map<String, Value>, TokenError> {
        self.compact.payload().map_err(invalid)
    }
}

pub(super) fn invalid(problem: impl Into<String>) -> TokenError {
    TokenError::InvalidJwt {
        problem: problem.into(),
    }
}

/// The same key may also sign an ID token, a logout token or a DPoP proof; explicit typing tells
/// them apart (RFC 8725 §3.11, RFC 9068 §4). Returns whether the header has such a type, if it is
/// accepted at all.
fn judge_type(compact: &Compact<'_>, config: &JwtConfig) -> Result<bool, TokenError> {
    let typ = compact.text("typ").map_err(invalid)?;
    let accepted = match typ {
        None => config.accept_untyped,
        Some(typ) => config
            .accepted_types
            .iter()
            .any(|accepted| media_type(accepted) == media_type(typ)),
    };
    let typed = typ.is_some_and(|typ| media_type(typ) == "at+jwt");
    accepted.then_some(typed).ok_or_else(|| {
        let found = typ.map_or("no typ in the header".to_owned(), |typ| {
            format!("typ={}", shortened(typ))
        });
        TokenError::RefusedKind { found }
    })
}

fn accepted_algorithm(
    compact: &Compact<'_>,
    config: &JwtConfig,
) -> Result<SigningAlgorithm, TokenError> {
    let name = compact.text("alg").map_err(invalid)?.unwrap_or_default();
    SigningAlgorithm::named(name)
        .filter(|algorithm| config.algorithms.contains(algorithm))
        .ok_or_else(|| TokenError::RefusedAlgorithm {
            found: shortened(name),
        })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::crypto::approved;

    fn config() -> JwtConfig {
        JwtConfig::new("https://as.example.com".parse().expect("an issuer"))
    }

    fn reason(header: &str, config: &JwtConfig) -> &'static str {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header);
        match Jws::parse(&format!("{header}.e30.AAAA"), config) {
            Ok(_) => "accepted",
            Err(error) => error.reason(),
        }
    }

    #[test]
    fn a_table_of_headers() {
        for (header, expected) in [
            (json!({"alg": "ES256", "typ": "at+jwt"}), "accepted"),
            (
                json!({"alg": "ES256", "typ": "application/AT+JWT"}),
                "accepted",
            ),
            (
                json!({"alg": "Ed25519", "typ": "at+jwt"}),
                match approved::ONLY {
                    true => "refused_algorithm",
                    false => "accepted",
                },
            ),
            (
                json!({"alg": "ES256", "typ": "at+jwt", "jku": "https://evil.example"}),
                "accepted",
            ),
            (json!({"alg": "ES256"}), "refused_kind"),
            (json!({"alg": "ES256", "typ": "JWT"}), "refused_kind"),
            (json!({"alg": "ES256", "typ": "dpop+jwt"}), "refused_kind"),
            (json!({"alg": "ES256", "typ": ""}), "refused_kind"),
            (json!({"alg": "ES256", "typ": null}), "invalid_jwt"),
            (json!({"alg": "ES256", "typ": ["at+jwt"]}), "invalid_jwt"),
            (json!({"typ": "at+jwt"}), "refused_algorithm"),
            (json!({"alg": "none", "typ": "at+jwt"}), "refused_algorithm"),
            (json!({"alg": "None", "typ": "at+jwt"}), "refused_algorithm"),
            (
                json!({"alg": "es256", "typ": "at+jwt"}),
                "refused_algorithm",
            ),
            (
                json!({"alg": "HS256", "typ": "at+jwt"}),
                "refused_algorithm",
            ),
            (
                json!({"alg": "RS512", "typ": "at+jwt"}),
                "refused_algorithm",
            ),
            (json!({"alg": 5, "typ": "at+jwt"}), "invalid_jwt"),
            (
                json!({"alg": "ES256", "typ": "at+jwt", "kid": 5}),
                "invalid_jwt",
            ),
            (
                json!({"alg": "ES256", "typ": "at+jwt", "crit": ["exp"]}),
                "invalid_jwt",
            ),
            (
                json!({"alg": "ES256", "typ": "at+jwt", "crit": []}),
                "invalid_jwt",
            ),
        ] {
            let header = header.to_string();
            assert_eq!(reason(&header, &config()), expected, "{header}");
        }
        let twice = r#"{"alg":"none","typ":"at+jwt","alg":"ES256"}"#;
        assert_eq!(reason(twice, &config()), "invalid_jwt");
    }

    #[test]
    fn other_types_and_algorithms_are_configured() {
        let config = JwtConfig {
            accepted_types: vec!["jwt".to_owned()],
            accept_untyped: true,
            algorithms: vec![SigningAlgorithm::Rs512],
            ..config()
        };
        for (header, expected) in [
            (json!({"alg": "RS512", "typ": "JWT"}), "accepted"),
            (json!({"alg": "RS512"}), "accepted"),
            (json!({"alg": "RS512", "typ": "at+jwt"}), "refused_kind"),
            (json!({"alg": "RS256"}), "refused_algorithm"),
        ] {
            let header = header.to_string();
            assert_eq!(reason(&header, &config), expected, "{header}");
        }
    }

    #[test]
    fn three_parts_of_strict_base64url() {
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","typ":"at+jwt"}"#);
        for (rest, accepted) in [
            (".e30.AAAA", true),
            ("", false),
            (".e30", false),
            (".e30.AAAA.AAAA", false),
            (".e30.AAAA.AAAA.AAAA", false),
            (".e30.AAA=", false),
            (".e30.AAB", false),
            (".e30.AA+A", false),
            ("=.e30.AAAA", false),
        ] {
            let token = format!("{header}{rest}");
            assert_eq!(Jws::parse(&token, &config()).is_ok(), accepted, "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[A-Za-z0-9._~+/=-]{0,200}|\\PC{0,40}") {
            if let Ok(jws) = Jws::parse(&text, &config()) {
                let _ = jws.payload();
            }
        }

        #[test]
        fn any_header_is_read_without_panic(header in "\\PC{0,40}", payload in "\\PC{0,40}") {
            let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
            let token = format!("{}.{}.AAAA", encode(&header), encode(&payload));
            if let Ok(jws) = Jws::parse(&token, &config()) {
                let _ = jws.payload();
            }
        }
    }
}
