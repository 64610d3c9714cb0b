//! What a proof of possession adds to a request with a token that is at hand:
//! `cargo bench -p rmcp-resource-server --bench dpop`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use criterion::{Criterion, criterion_group, criterion_main};
use dev_authorization_server::{SigningKey, compact};
use http::request::Parts;
use rmcp_resource_server::{
    BearerToken, BodyFacts, Claims, Clock, Dpop, ResourceServer, ResourceServerConfig,
    TokenVerifier, VerifyError,
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const RESOURCE: &str = "https://mcp.example.com/mcp";
const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// How many proofs are from one second.
const A_SECOND: u64 = 500;

/// Finds every token active.
struct Known(Arc<Claims>);

#[async_trait]
impl TokenVerifier for Known {
    async fn verify(&self, _token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        Ok(self.0.clone())
    }
}

/// Seconds since 1970, as set.
struct Set(Arc<AtomicU64>);

impl Clock for Set {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// The key as in a proof, and its thumbprint (RFC 7638).
fn named(key: &SigningKey) -> (Value, String) {
    let mut jwk = key.public();
    let names: &[&str] = match key.alg {
        "RS256" => &["e", "kty", "n"],
        "ES256" => &["crv", "kty", "x", "y"],
        _ => &["crv", "kty", "x"],
    };
    let members = jwk.as_object_mut().expect("an object");
    members.retain(|name, _| names.contains(&name.as_str()));
    let texts: Vec<_> = names
        .iter()
        .map(|name| format!("\"{name}\":{}", jwk[name]))
        .collect();
    let thumbprint = hash(&format!("{{{}}}", texts.join(",")));
    (jwk, thumbprint)
}

fn server(cnf: &Value, clock: &Arc<AtomicU64>) -> ResourceServer {
    let issuer = "https://as.example.com".parse().expect("a URL");
    let mut config = ResourceServerConfig::new(RESOURCE.parse().expect("a URL"), issuer);
    config.authorization_server.clock = Arc::new(Set(clock.clone()));
    config.dpop = Dpop::Allowed;
    let claims = json!({"sub": "alice", "client_id": "agent", "aud": RESOURCE, "cnf": cnf});
    let members = claims.as_object().cloned().unwrap_or_default();
    let claims = Claims::from_members(members).expect("claims");
    ResourceServer::new(config, Known(Arc::new(claims)))
}

fn request(authorization: String, proof: Option<String>) -> Parts {
    let mut request = http::Request::post("/mcp").header("authorization", authorization);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    parts
}

fn proofs(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread().build().expect("a runtime");
    let clock = Arc::new(AtomicU64::new(1_800_000_000));
    let bearer = server(&json!(null), &clock);
    let parts = request(format!("Bearer {TOKEN}"), None);
    criterion.bench_function("decide, a bearer token", |bencher| {
        bencher.iter(|| {
            let decided = runtime.block_on(bearer.decide(black_box(&parts), BodyFacts::default()));
            assert!(decided.is_ok(), "accepted");
        });
    });
    for alg in ["ES256", "EdDSA", "RS256"] {
        let key = SigningKey::new(alg, "key");
        let (jwk, jkt) = named(&key);
        let server = server(&json!({"jkt": jkt}), &clock);
        let header = json!({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}).to_string();
        let mut number = 0;
        criterion.bench_function(&format!("decide, with a proof by {alg}"), |bencher| {
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    number += 1;
                    // Otherwise too many would be from one time, and the oldest forgotten.
                    if number % A_SECOND == 0 {
                        clock.fetch_add(1, Ordering::Relaxed);
                    }
                    let claims = json!({
                        "jti": format!("proof-{number:016}"), "htm": "POST", "htu": RESOURCE,
                        "iat": clock.load(Ordering::Relaxed), "ath": hash(TOKEN),
                    });
                    let proof = compact(&header, &claims.to_string(), |text| key.sign(text));
                    let parts = request(format!("DPoP {TOKEN}"), Some(proof));
                    let begun = Instant::now();
                    let decided =
                        runtime.block_on(server.decide(black_box(&parts), BodyFacts::default()));
                    took += begun.elapsed();
                    assert!(decided.is_ok(), "accepted");
                }
                took
            });
        });
    }
}

criterion_group!(benches, proofs);
criterion_main!(benches);
