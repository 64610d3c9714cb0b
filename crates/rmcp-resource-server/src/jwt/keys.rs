//! A set of public keys (RFC 7517 §5), and the choice of the one that a token needs.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    DecodingKey,
    crypto::aws_lc,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde_json::{Map, Value};

use super::{algorithm::SigningAlgorithm, jws::Jws};
use crate::error::{TokenError, shortened};

/// The keys of a set that can check signatures.
pub(super) struct KeySet(Vec<Key>);

struct Key {
    kid: Option<String>,
    /// What this key may be used with: decided by the key, never by a token.
    algorithms: Vec<SigningAlgorithm>,
    public: DecodingKey,
}

impl KeySet {
    /// Takes the usable keys. The others (for encryption, of unknown types, RSA below 2048 bits)
    /// are left out, as RFC 7517 §5 has it.
    pub(super) fn new(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let Some(Value::Array(keys)) = members.remove("keys") else {
            return Err("it has no array keys");
        };
        let usable = |(index, jwk)| match Key::new(jwk) {
            Ok(key) => Some(key),
            Err(why) => {
                tracing::debug!(index, why, "a key of the authorization server is not used");
                None
            }
        };
        Ok(Self(
            keys.into_iter().enumerate().filter_map(usable).collect(),
        ))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What each key can be used with.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let all = self.0.iter().flat_map(|key| &key.algorithms);
        all.copied().collect()
    }

    /// Checks the signature by the one key that fits.
    pub(super) fn verify(&self, jws: &Jws<'_>) -> Result<(), TokenError> {
        let mut fitting = self.0.iter().filter(|key| key.fits(jws));
        let (Some(key), None) = (fitting.next(), fitting.next()) else {
            return Err(TokenError::UnknownKey {
                algorithm: jws.algorithm.name(),
                kid: jws.kid.as_deref().map(shortened),
            });
        };
        key.verify(jws)
            .then_some(())
            .ok_or(TokenError::WrongSignature)
    }
}

impl Key {
    fn new(jwk: Value) -> Result<Self, &'static str> {
        let alg = jwk.get("alg").cloned();
        let jwk: Jwk = serde_json::from_value(jwk).map_err(|_quotes_the_key| "it is no JWK")?;
        let common = &jwk.common;
        if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return Err("its use is not sig");
        }
        if let Some(operations) = &common.key_operations
            && !operations.contains(&KeyOperations::Verify)
        {
            return Err("its key_ops do not have verify");
        }
        let mut algorithms = algorithms_of(&jwk.algorithm)?;
        if let Some(alg) = alg {
            let alg = alg.as_str().and_then(SigningAlgorithm::named);
            algorithms.retain(|algorithm| Some(*algorithm) == alg);
        }
        if algorithms.is_empty() {
            return Err("its alg is unknown, or not one of its type");
        }
        Ok(Self {
            public: DecodingKey::from_jwk(&jwk)
                .map_err(|_only_this| "its parameters are not base64url")?,
            kid: jwk.common.key_id,
            algorithms,
        })
    }

    /// A token without `kid` is content with any key for its algorithm.
    fn fits(&self, jws: &Jws<'_>) -> bool {
        self.algorithms.contains(&jws.algorithm) && (jws.kid.is_none() || jws.kid == self.kid)
    }

    fn verify(&self, jws: &Jws<'_>) -> bool {
        // Not by way of the process-wide provider, which panics if another crate in the program
        // has enabled a second one.
        let verifier = (aws_lc::DEFAULT_PROVIDER.verifier_factory)(
            &jws.algorithm.implementation(),
            &self.public,
        );
        verifier.is_ok_and(|verifier| {
            verifier
                .verify(jws.signed.as_bytes(), &jws.signature)
                .is_ok()
        })
    }
}

/// What a key of this type can be used with.
fn algorithms_of(key: &AlgorithmParameters) -> Result<Vec<SigningAlgorithm>, &'static str> {
    match key {
        AlgorithmParameters::RSA(rsa) if modulus_bits(&rsa.n) < 2048 => {
            Err("an RSA key of less than 2048 bits is weak")
        }
        AlgorithmParameters::RSA(_) => Ok(SigningAlgorithm::RSA.to_vec()),
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => Ok(vec![SigningAlgorithm::Es256]),
            EllipticCurve::P384 => Ok(vec![SigningAlgorithm::Es384]),
            _ => Err("its curve is unknown"),
        },
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            Ok(vec![SigningAlgorithm::EdDsa])
        }
        _ => Err("its type is unknown"),
    }
}

fn modulus_bits(n: &str) -> usize {
    let n = BASE64_URL_SAFE_NO_PAD.decode(n).unwrap_or_default();
    let mut significant = n.iter().skip_while(|byte| **byte == 0);
    significant.next().map_or(0, |first| {
        significant.count() * 8 + (u8::BITS - first.leading_zeros()) as usize
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of RFC 7517 §A.1 and RFC 8037 §A.2.
    fn keys() -> [Value; 3] {
        let n = format!("0vx7{}", "A".repeat(338));
        [
            json!({"kty": "RSA", "e": "AQAB", "n": n}),
            json!({
                "kty": "EC", "crv": "P-256",
                "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
            }),
            json!({
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }),
        ]
    }

    fn algorithms(mut jwk: Value, changes: Value) -> Vec<&'static str> {
        for (name, value) in changes.as_object().expect("an object") {
            jwk[name] = value.clone();
        }
        match Key::new(jwk) {
            Ok(key) => key.algorithms.iter().map(|alg| alg.name()).collect(),
            Err(_) => Vec::new(),
        }
    }

    #[test]
    fn the_key_decides_which_algorithm_it_is_for() {
        let [rsa, ec, okp] = keys();
        let all_of_rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
        assert_eq!(algorithms(rsa.clone(), json!({})), all_of_rsa);
        for (key, changes, expected) in [
            (&rsa, json!({"alg": "PS256"}), Some("PS256")),
            (&rsa, json!({"use": "sig", "alg": "RS256"}), Some("RS256")),
            (
                &rsa,
                json!({"alg": "RS256", "key_ops": ["verify"]}),
                Some("RS256"),
            ),
            (&rsa, json!({"alg": "ES256"}), None),
            (&rsa, json!({"alg": "HS256"}), None),
            (&rsa, json!({"alg": "none"}), None),
            (&rsa, json!({"alg": 5}), None),
            (&rsa, json!({"alg": "RSA-OAEP", "use": "enc"}), None),
            (&rsa, json!({"use": "enc"}), None),
            (&rsa, json!({"key_ops": ["encrypt"]}), None),
            (&rsa, json!({"kid": 5}), None),
            (&rsa, json!({"n": "AQAB"}), None),
            (&rsa, json!({"n": "!"}), None),
            (&rsa, json!({"kty": "oct", "k": "AQAB"}), None),
            (&ec, json!({}), Some("ES256")),
            (&ec, json!({"crv": "P-384"}), Some("ES384")),
            (&ec, json!({"crv": "P-521"}), None),
            (&ec, json!({"crv": "Ed25519"}), None),
            (&ec, json!({"crv": "secp256k1"}), None),
            (&ec, json!({"alg": "RS256"}), None),
            (&okp, json!({}), Some("EdDSA")),
            (&okp, json!({"alg": "Ed25519"}), Some("EdDSA")),
            (&okp, json!({"crv": "X25519"}), None),
            (&okp, json!({"crv": "P-256"}), None),
        ] {
            let found = algorithms(key.clone(), changes.clone());
            assert_eq!(found, Vec::from_iter(expected), "{changes}");
        }
        assert!(Key::new(json!("key")).is_err());
    }

    #[test]
    fn weak_rsa_keys_do_not_count() {
        for (bytes, bits) in [
            (&[0x80, 0][..], 16),
            (&[0, 0, 1, 0], 9),
            (&[0xff], 8),
            (&[0, 0], 0),
            (&[], 0),
        ] {
            assert_eq!(modulus_bits(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), bits);
        }
        let [rsa, ..] = keys();
        let almost = BASE64_URL_SAFE_NO_PAD.encode([&[0x7f][..], &[0xff; 255]].concat());
        assert!(algorithms(rsa, json!({"n": almost})).is_empty());
    }

    #[test]
    fn keys_that_are_unusable_do_not_spoil_the_set() {
        let set = |value: Value| KeySet::new(value.as_object().expect("an object").clone());
        let [rsa, ec, _] = keys();
        let mixed = json!({"keys": [{"kty": "AKP"}, rsa, 5, {}, ec]});
        assert_eq!(set(mixed).map(|keys| keys.len()), Ok(2));
        assert_eq!(set(json!({"keys": []})).map(|keys| keys.len()), Ok(0));
        for malformed in [json!({}), json!({"keys": {}}), json!({"keys": null})] {
            assert!(set(malformed).is_err());
        }
    }
}
