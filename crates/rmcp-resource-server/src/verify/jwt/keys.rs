//! A set of public keys (RFC 7517 §5), and the choice of the one that a token needs.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::jws::Jws;
use crate::{
    error::{TokenError, shortened},
    jose::{algorithm::SigningAlgorithm, public_key::PublicKey},
};

/// The keys of a set that can check signatures.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// The ids of all published keys, including those that are of no use here.
    kids: HashSet<String>,
}

struct Key {
    kid: Option<String>,
    /// What this key may be used with. The key decides that, never a token.
    algorithms: Vec<SigningAlgorithm>,
    public: PublicKey,
}

/// Why a set of keys does not verify a token.
pub(super) struct Unverified {
    pub(super) error: TokenError,
    /// The set has the key that the token names. So a newer set would say the same, unless the key
    /// has been replaced under the same name.
    pub(super) key_known: bool,
}

impl KeySet {
    /// Takes the usable keys. The others (for encryption, of unknown types, weak ones) are ignored,
    /// as RFC 7517 §5 demands.
    pub(super) fn new(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let Some(Value::Array(jwks)) = members.remove("keys") else {
            return Err("it has no array named keys");
        };
        let mut set = Self {
            keys: Vec::new(),
            kids: HashSet::new(),
        };
        for (index, jwk) in jwks.into_iter().enumerate() {
            if let Some(kid) = jwk.get("kid").and_then(Value::as_str) {
                set.kids.insert(kid.to_owned());
            }
            match Key::new(jwk) {
                Ok(key) => set.keys.push(key),
                Err(why) => {
                    tracing::debug!(index, why, "a key of the authorization server is not used");
                }
            }
        }
        Ok(set)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The algorithms of each key.
    pub(super) fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let all = self.keys.iter().flat_map(|key| &key.algorithms);
        all.copied().collect()
    }

    /// Checks the signature with the one key that fits. The same key may be listed several times.
    pub(super) fn verify(&self, jws: &Jws<'_>) -> Result<(), Unverified> {
        let mut fitting = self.keys.iter().filter(|key| key.fits(jws));
        let found = fitting.next();
        let key_known = match &jws.kid {
            Some(kid) => self.kids.contains(kid),
            None => found.is_some(),
        };
        let error = match found {
            Some(key) if fitting.all(|other| other.public == key.public) => {
                if key.verifies(jws) {
                    return Ok(());
                }
                TokenError::WrongSignature
            }
            _ => TokenError::UnknownKey {
                algorithm: jws.algorithm.name(),
                kid: jws.kid.as_deref().map(shortened),
            },
        };
        Err(Unverified { error, key_known })
    }
}

impl Key {
    fn new(jwk: Value) -> Result<Self, &'static str> {
        let Value::Object(mut members) = jwk else {
            return Err("it is not a JSON object");
        };
        // `null` counts as absent, as everywhere.
        members.retain(|_, value| !value.is_null());
        if members.get("use").is_some_and(|value| value != "sig") {
            return Err("its use is not sig");
        }
        if members.get("key_ops").is_some_and(|operations| {
            !(operations.as_array()).is_some_and(|all| all.iter().any(|one| one == "verify"))
        }) {
            return Err("its key_ops do not include verify");
        }
        let public = PublicKey::read(&members)?;
        let mut algorithms = public.algorithms().to_vec();
        if let Some(alg) = members.get("alg") {
            let alg = alg.as_str().and_then(SigningAlgorithm::named);
            algorithms.retain(|algorithm| Some(*algorithm) == alg);
        }
        if algorithms.is_empty() {
            return Err("its alg is unknown or does not fit its type");
        }
        let kid = match members.remove("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid),
            Some(_) => return Err("its kid is not a string"),
        };
        Ok(Self {
            kid,
            algorithms,
            public,
        })
    }

    /// A token without `kid` accepts any key for its algorithm.
    fn fits(&self, jws: &Jws<'_>) -> bool {
        self.algorithms.contains(&jws.algorithm) && (jws.kid.is_none() || jws.kid == self.kid)
    }

    fn verifies(&self, jws: &Jws<'_>) -> bool {
        let (message, signature) = jws.signed();
        self.public.verifies(jws.algorithm, message, signature)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::approved;

    /// From RFC 7517 §A.1 and RFC 8037 §A.2.
    fn keys() -> [Value; 3] {
        let n = format!("0vx7{}Q", "A".repeat(337));
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
        let of_ed = (!approved::ONLY).then_some("EdDSA");
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
            (&rsa, json!({"alg": "RS256", "use": null}), Some("RS256")),
            (
                &ec,
                json!({"alg": null, "use": null, "key_ops": null, "kid": null, "x5c": 5}),
                Some("ES256"),
            ),
            (&ec, json!({"use": 5}), None),
            (&ec, json!({"key_ops": "verify"}), None),
            (&ec, json!({"key_ops": ["verify", "other"]}), Some("ES256")),
            (&rsa, json!({"alg": "RSA-OAEP", "use": "enc"}), None),
            (&rsa, json!({"use": "enc"}), None),
            (&rsa, json!({"key_ops": ["encrypt"]}), None),
            (&rsa, json!({"kid": 5}), None),
            (&rsa, json!({"n": "AQAB"}), None),
            (&rsa, json!({"n": "!"}), None),
            (&rsa, json!({"kty": "oct", "k": "AQAB"}), None),
            (&ec, json!({}), Some("ES256")),
            (&ec, json!({"crv": "P-384"}), None),
            (&ec, json!({"crv": "P-521"}), None),
            (&ec, json!({"crv": "Ed25519"}), None),
            (&ec, json!({"crv": "secp256k1"}), None),
            (&ec, json!({"alg": "RS256"}), None),
            (&okp, json!({}), of_ed),
            (&okp, json!({"alg": "Ed25519"}), of_ed),
            (&okp, json!({"crv": "X25519"}), None),
            (&okp, json!({"crv": "P-256"}), None),
        ] {
            let found = algorithms(key.clone(), changes.clone());
            assert_eq!(found, Vec::from_iter(expected), "{changes}");
        }
        assert!(Key::new(json!("key")).is_err());
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
