//! Private keys with which this server authenticates: one signs an assertion (RFC 7523), the other
//! belongs to a client certificate (RFC 8705).

use std::{fmt, time::SystemTime};

use jsonwebtoken::{Algorithm, EncodingKey, crypto::aws_lc};
use reqwest::Identity;
use serde_json::json;

use crate::{
    client_auth::{assertion::assertion, error::CredentialsError},
    crypto::approved::allows_private_key,
    secret::Secret,
};

/// A private key that signs assertions. `Debug` shows no part of it.
#[derive(Clone)]
pub struct AssertionKey {
    pem: Secret,
    id: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
    forges: bool,
}

impl AssertionKey {
    /// Reads `pem`: PKCS#8, or PKCS#1 for RSA. The key determines the algorithm: RS256, ES256,
    /// ES384 or EdDSA. `id` is the `kid` by which the authorization server finds the key, if it
    /// needs one.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::NoPrivateKey`]; with the feature `fips` also
    /// [`CredentialsError::NotApproved`].
    pub fn from_pem(pem: Secret, id: Option<String>) -> Result<Self, CredentialsError> {
        let bytes = pem.expose().as_bytes();
        let (key, algorithms) = if let Ok(key) = EncodingKey::from_rsa_pem(bytes) {
            (key, &[Algorithm::RS256][..])
        } else if let Ok(key) = EncodingKey::from_ec_pem(bytes) {
            (key, &[Algorithm::ES256, Algorithm::ES384][..])
        } else {
            let key = EncodingKey::from_ed_pem(bytes);
            let key = key.map_err(|_may_quote_it| CredentialsError::NoPrivateKey)?;
            (key, &[Algorithm::EdDSA][..])
        };
        let algorithm = algorithms
            .iter()
            .copied()
            .find(|algorithm| sign(*algorithm, &key, b"").is_some())
            .ok_or(CredentialsError::NoPrivateKey)?;
        if !allows_private_key(bytes) {
            return Err(CredentialsError::NotApproved);
        }
        Ok(Self {
            pem,
            id,
            algorithm,
            key,
            forges: false,
        })
    }

    /// The same key, but its signatures are wrong. This shows whether an authorization server
    /// checks them.
    pub(crate) fn forging(&self) -> Self {
        Self {
            forges: true,
            ..self.clone()
        }
    }

    /// Whether this key was read from `pem`.
    pub(crate) fn is_of(&self, pem: &Secret) -> bool {
        self.pem == *pem
    }

    /// An assertion that the holder of this key is the client `client_id`, for one request to the
    /// authorization server `issuer` (RFC 7523 §3).
    pub(crate) fn assertion(&self, client_id: &str, issuer: &str, now: SystemTime) -> String {
        let mut header = json!({"alg": self.algorithm, "typ": "JWT"});
        if let Some(id) = &self.id {
            header["kid"] = json!(id);
        }
        assertion(&header, client_id, issuer, now, |message| {
            let mut signature = sign(self.algorithm, &self.key, message)
                .expect("the key has signed when it was read");
            if let Some(last) = signature.last_mut().filter(|_| self.forges) {
                *last ^= 1;
            }
            signature
        })
    }
}

/// Bypasses the process-wide provider, which panics if another crate in the program has enabled a
/// second one.
fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Option<Vec<u8>> {
    let signer = (aws_lc::DEFAULT_PROVIDER.signer_factory)(&algorithm, key).ok()?;
    signer.try_sign(message).ok()
}

impl PartialEq for AssertionKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.pem, &self.id, self.forges) == (&other.pem, &other.id, other.forges)
    }
}

impl Eq for AssertionKey {}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A client certificate with its chain and its private key, as PEM. `Debug` shows no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate(Secret);

impl ClientCertificate {
    /// Joins the certificate, followed by its chain, and the private key.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::NoCertificate`] if the two are not the PEM of a certificate and a key; with the
    /// feature `fips` also [`CredentialsError::NotApproved`].
    pub fn from_pem(chain: &Secret, key: &Secret) -> Result<Self, CredentialsError> {
        let certificate = Self(Secret::new(format!("{}\n{}", chain.expose(), key.expose())));
        match certificate.identity() {
            Ok(_) if !allows_private_key(key.expose().as_bytes()) => {
                Err(CredentialsError::NotApproved)
            }
            Ok(_) => Ok(certificate),
            Err(_may_quote_it) => Err(CredentialsError::NoCertificate),
        }
    }

    /// For an HTTP client, which alone finds out whether certificate and key belong together.
    pub(crate) fn identity(&self) -> Result<Identity, reqwest::Error> {
        Identity::from_pem(self.0.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use rcgen::{
        KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512,
        PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
    };
    use serde_json::Value;

    use super::*;
    use crate::crypto::approved;

    const ISSUER: &str = "https://as.example.com/realms/mcp";

    fn pair(algorithm: &'static SignatureAlgorithm) -> KeyPair {
        KeyPair::generate_for(algorithm).expect("a key")
    }

    fn key(pair: &KeyPair, id: Option<&str>) -> Result<AssertionKey, CredentialsError> {
        AssertionKey::from_pem(Secret::new(pair.serialize_pem()), id.map(str::to_owned))
    }

    #[test]
    fn the_key_decides_the_algorithm_and_its_public_half_verifies_the_assertion() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for (of_pair, algorithm, public) in [
            (
                &PKCS_RSA_SHA256,
                Algorithm::RS256,
                DecodingKey::from_rsa_pem as fn(&[u8]) -> _,
            ),
            (
                &PKCS_ECDSA_P256_SHA256,
                Algorithm::ES256,
                DecodingKey::from_ec_pem,
            ),
            (
                &PKCS_ECDSA_P384_SHA384,
                Algorithm::ES384,
                DecodingKey::from_ec_pem,
            ),
            (&PKCS_ED25519, Algorithm::EdDSA, DecodingKey::from_ed_pem),
        ] {
            let pair = pair(of_pair);
            let key = key(&pair, Some("key-1"));
            if approved::ONLY && algorithm == Algorithm::EdDSA {
                assert!(matches!(key, Err(CredentialsError::NotApproved)));
                continue;
            }
            let key = key.expect("usable");
            let assertion = key.assertion("my client", ISSUER, now);

            let header = decode_header(&assertion).expect("a JWS");
            assert_eq!((header.alg, header.kid), (algorithm, Some("key-1".into())));
            let mut validation = Validation::new(algorithm);
            validation.set_audience(&[ISSUER]);
            validation.validate_exp = false;
            let public: DecodingKey = public(pair.public_key_pem().as_bytes()).expect("a key");
            let claims = decode::<Value>(&assertion, &public, &validation).expect("verified");
            let claims = claims.claims;
            assert_eq!(claims["iss"], "my client");
            assert_eq!(claims["sub"], "my client");
            assert_eq!(claims["iat"], 1_800_000_000);
            assert_eq!(claims["exp"], 1_800_000_060);
            let again = key.assertion("my client", ISSUER, now);
            let again = decode::<Value>(&again, &public, &validation).expect("verified");
            assert_ne!(claims["jti"], again.claims["jti"], "good for one request");
        }
    }

    #[test]
    fn without_an_id_there_is_no_kid() {
        let key = key(&pair(&PKCS_ECDSA_P256_SHA256), None).expect("usable");
        let assertion = key.assertion("mcp", ISSUER, SystemTime::UNIX_EPOCH);
        assert_eq!(decode_header(&assertion).expect("a JWS").kid, None);
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        let pair = pair(&PKCS_ECDSA_P256_SHA256);
        let cut_off = pair.serialize_pem().replacen('M', "", 1);
        for text in ["", "hush", &pair.public_key_pem(), &cut_off] {
            let read = AssertionKey::from_pem(text.into(), None);
            assert!(matches!(read, Err(CredentialsError::NoPrivateKey)));
        }
        let unusual = key(&self::pair(&PKCS_ECDSA_P521_SHA512), None);
        assert!(matches!(unusual, Err(CredentialsError::NoPrivateKey)));
    }

    #[test]
    fn debug_shows_no_key() {
        let pair = pair(&PKCS_ECDSA_P256_SHA256);
        let key = key(&pair, Some("key-1")).expect("usable");
        let shown = format!("{key:?}");
        assert_eq!(
            shown,
            r#"AssertionKey { id: Some("key-1"), algorithm: ES256, .. }"#
        );
    }
}
