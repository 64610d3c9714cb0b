//! A client's key, and the proofs that it makes (RFC 9449 §4.2).

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{FakeAuthorizationServer, SigningKey, compact};
use serde_json::{Value, json};

use super::{ABSENT, RESOURCE, altered, unix_now};

/// A client that has a key.
pub(crate) struct Prover {
    pub(crate) key: SigningKey,
}

impl Prover {
    pub(crate) fn new() -> Self {
        Self::with("ES256")
    }

    pub(crate) fn with(alg: &'static str) -> Self {
        let key = SigningKey::new(alg, "any");
        Self { key }
    }

    /// The thumbprint of its key (RFC 7638 §3), computed on its own here.
    pub(crate) fn jkt(&self) -> String {
        let jwk = self.key.public();
        let names: &[&str] = match jwk["kty"].as_str() {
            Some("RSA") => &["e", "kty", "n"],
            Some("EC") => &["crv", "kty", "x", "y"],
            _ => &["crv", "kty", "x"],
        };
        let members: Vec<_> = names
            .iter()
            .map(|name| format!("\"{name}\":{}", jwk[name]))
            .collect();
        hash(&format!("{{{}}}", members.join(",")))
    }

    /// Lets `fake` know this token as one of `alice` that is bound to the key, except for these
    /// changes to its claims.
    pub(crate) fn bind(&self, fake: &FakeAuthorizationServer, token: &str, changes: Value) {
        let mut claims = altered(fake, json!({"token_type": "DPoP"}));
        claims["cnf"] = json!({"jkt": self.jkt()});
        change(&mut claims, &changes);
        fake.answer_token(token, claims);
    }

    /// A good proof for a call with this token.
    pub(crate) fn proof(&self, token: &str) -> String {
        self.proof_with(token, json!({}), json!({}))
    }

    /// The same with these changes to header and claims.
    pub(crate) fn proof_with(&self, token: &str, header: Value, claims: Value) -> String {
        let (header, claims) = self.parts(token, &header, &claims);
        compact(&header.to_string(), &claims.to_string(), |message| {
            self.key.sign(message)
        })
    }

    /// Header and claims of a proof.
    pub(crate) fn parts(&self, token: &str, changes: &Value, of_claims: &Value) -> (Value, Value) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mut jwk = self.key.public();
        for of_a_set in ["use", "alg", "kid"] {
            jwk.as_object_mut().expect("an object").remove(of_a_set);
        }
        let mut header = json!({"typ": "dpop+jwt", "alg": self.key.alg, "jwk": jwk});
        let jti = format!("proof-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut claims = json!({
            "jti": jti, "htm": "POST", "htu": RESOURCE, "iat": unix_now(), "ath": hash(token),
        });
        change(&mut header, changes);
        change(&mut claims, of_claims);
        (header, claims)
    }
}

fn change(members: &mut Value, changes: &Value) {
    let members = members.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value == ABSENT {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}

/// The base64url SHA-256 of a text.
pub(crate) fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
