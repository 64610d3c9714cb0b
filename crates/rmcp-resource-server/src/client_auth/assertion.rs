//! Assertions that say who this server is (RFC 7523 §3): what they contain, whoever signs them.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{crypto::random, secret::Secret};

/// How long an assertion is valid. It is for one request, which is sent at once.
const LIFETIME: Duration = Duration::from_secs(60);

/// The fewest bytes of a secret that may sign: as many as its hash has (RFC 7518 §3.2). Whoever sees an
/// assertion can try shorter ones at leisure.
pub(crate) const LEAST_SECRET: usize = 32;

/// An assertion that the holder of a key is the client `client_id`, for one request to the authorization
/// server `issuer`. Servers agree on the issuer as `aud`, but not on an endpoint URL.
pub(crate) fn assertion(
    header: &Value,
    client_id: &str,
    issuer: &str,
    now: SystemTime,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let seconds = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    };
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": seconds(now),
        "exp": seconds(now + LIFETIME),
        "jti": encode(random::bytes::<16>()),
    });
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// An assertion with the client secret as the key (OpenID Connect Core §9, `client_secret_jwt`).
pub(crate) fn by_secret(secret: &Secret, client_id: &str, issuer: &str, now: SystemTime) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    assertion(&header, client_id, issuer, now, |message| {
        hmac::sign(&key, message).as_ref().to_vec()
    })
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

    use super::*;

    #[test]
    fn a_secret_signs_and_only_that_secret_verifies() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (text, issuer) = (
            "s: é+/%& of 32 bytes or more, in UTF-8",
            "https://as.example.com",
        );
        let one = by_secret(&Secret::from(text), "my client", issuer, now);
        let header = decode_header(&one).expect("a JWS");
        assert_eq!((header.alg, header.kid), (Algorithm::HS256, None));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[issuer]);
        validation.validate_exp = false;
        let verified = |assertion: &str, secret: &str| {
            let key = DecodingKey::from_secret(secret.as_bytes());
            decode::<Value>(assertion, &key, &validation).map(|token| token.claims)
        };
        let claims = verified(&one, text).expect("verified");
        assert_eq!(claims["iss"], "my client");
        assert_eq!(claims["sub"], "my client");
        assert_eq!(claims["iat"], 1_800_000_000);
        assert_eq!(claims["exp"], 1_800_000_060);
        let other = by_secret(&Secret::from(text), "my client", issuer, now);
        let other = verified(&other, text).expect("verified");
        assert_ne!(claims["jti"], other["jti"], "good for one request");
        assert!(verified(&one, "another secret").is_err());
    }
}
