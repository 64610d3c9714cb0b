//! Keys that sign JWTs.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A private key, and its name among the server's keys.
///
/// ```
/// use dev_authorization_server::{FakeAuthorizationServer, SigningKey, jwks};
/// use serde_json::json;
///
/// let fake = FakeAuthorizationServer::start();
/// let key = SigningKey::new("RS256", "key-1");
/// // Where the server's keys are: in the metadata, and there.
/// let mut metadata = fake.metadata();
/// metadata["jwks_uri"] = fake.url("/jwks").into();
/// fake.serve_metadata(dev_authorization_server::MetadataForm::OAuth, metadata);
/// fake.serve("/jwks", jwks(&[&key]));
///
/// let claims = json!({"iss": fake.issuer(), "sub": "alice", "exp": 4_102_444_800_u64});
/// let token = key.token(&claims);
/// assert_eq!(token.split('.').count(), 3);
/// // An ID token in the header's words, which a resource server has to refuse.
/// let _ = key.token_with(&json!({"typ": "JWT"}), &claims);
/// ```
pub struct SigningKey {
    /// The key's name.
    pub kid: Option<&'static str>,
    /// The algorithm that it signs with.
    pub alg: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Ed25519KeyPair),
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// `header.payload.signature` (RFC 7515 §7.1) with any content, including what no library would
/// sign.
///
/// ```
/// use dev_authorization_server::compact;
///
/// let unsigned = compact(r#"{"alg":"none"}"#, r#"{"sub":"alice"}"#, |_message| Vec::new());
/// assert_eq!(unsigned, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.");
/// ```
pub fn compact(header: &str, payload: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The set of the public halves of these keys (RFC 7517 §5).
///
/// ```
/// use dev_authorization_server::{SigningKey, jwks};
///
/// let set = jwks(&[&SigningKey::new("ES256", "a"), &SigningKey::new("EdDSA", "b")]);
/// assert_eq!(set["keys"][1]["kid"], "b");
/// ```
pub fn jwks(keys: &[&SigningKey]) -> Value {
    let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
    json!({"keys": keys})
}

impl SigningKey {
    /// A fresh key for `alg`: RS256, PS256, ES256, ES384 or EdDSA.
    ///
    /// # Panics
    ///
    /// For any other `alg`, or if there is no randomness.
    pub fn new(alg: &'static str, kid: &'static str) -> Self {
        let pair = match alg {
            "RS256" | "PS256" => {
                RsaKeyPair::generate(KeySize::Rsa2048).map(|pair| Pair::Rsa(Box::new(pair)))
            }
            "ES256" => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map(|pair| Pair::Ec(Box::new(pair))),
            "ES384" => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
                .map(|pair| Pair::Ec(Box::new(pair))),
            "EdDSA" => Ed25519KeyPair::generate().map(Pair::Ed),
            other => panic!("{other:?} is not one of RS256, PS256, ES256, ES384 and EdDSA"),
        };
        Self {
            kid: Some(kid),
            alg,
            pair: pair.expect("a key"),
        }
    }

    /// The public key as the server publishes it.
    pub fn public(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": encode(public.n), "e": encode(public.e)})
            }
            Pair::Ec(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": crv, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())})
            }
        };
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.alg);
        if let Some(kid) = self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    /// The bytes that a confused verifier might take for a shared secret.
    pub fn public_der(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_der().expect("DER").as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The signature of `message`, in the form that a JWT uses.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match self.alg {
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .expect("signed");
                signature
            }
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .expect("signed")
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// An RFC 9068 access token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({}), claims)
    }

    /// The same with these changes to the header; `null` leaves a member out.
    pub fn token_with(&self, changes: &Value, claims: &Value) -> String {
        let mut header = json!({"typ": "at+jwt", "alg": self.alg, "kid": self.kid});
        for (name, value) in changes.as_object().expect("an object") {
            header[name] = value.clone();
        }
        let header = header.as_object_mut().expect("an object");
        header.retain(|_, value| !value.is_null());
        let header = serde_json::to_string(header).expect("JSON");
        compact(&header, &claims.to_string(), |message| self.sign(message))
    }
}
