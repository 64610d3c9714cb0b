//! What authorization adds to a request that needs no call to the authorization server:
//! `cargo bench -p rmcp-resource-server`.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use criterion::{Criterion, criterion_group, criterion_main};
use dev_authorization_server::{FakeAuthorizationServer, SigningKey, jwks};
use rmcp_resource_server::{
    BearerToken, CacheConfig, CachePartition, Claims, JwtConfig, JwtVerifier, Metrics,
    ResourceServer, ResourceServerConfig, Scopes, SystemClock, TokenCache, TokenVerifier,
    VerifyError, fuzzing,
};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

const RESOURCE: &str = "https://mcp.example.com/mcp";
const ISSUER: &str = "https://as.example.com/realms/mcp";

/// 404 bytes of claims, like Keycloak's answer for a lightweight token.
const RESPONSE: &str = r#"{"active":true,"iss":"https://as.example.com/realms/mcp","sub":"6f1d9c1e-6a46-4a7e-9a1b-1b0c9f3b6a10","aud":["https://mcp.example.com/mcp","account"],"client_id":"agent","username":"alice","scope":"mcp:tools mcp:read profile email","token_type":"Bearer","exp":4102444800,"iat":1796258000,"jti":"onrtro:2f0c1f6e-1b7d-4b5e-8d0e-6a2f3c4d5e6f","sid":"a2f1c0de","email_verified":true,"acr":"1"}"#;

/// A verifier with a cache but no authorization server: every token is active.
struct Cached {
    cache: TokenCache,
    partition: CachePartition,
}

#[async_trait]
impl TokenVerifier for Cached {
    async fn verify(&self, token: &BearerToken) -> Result<Arc<Claims>, VerifyError> {
        self.cache
            .get_or_verify(&self.partition, token, || async {
                let members = serde_json::from_str(RESPONSE).expect("JSON");
                Ok(Claims::from_members(members).expect("claims"))
            })
            .await
    }
}

fn resource_server() -> ResourceServer {
    let clock = Arc::new(SystemClock);
    let cache = TokenCache::new(CacheConfig::default(), clock, Metrics::default());
    let mut config = ResourceServerConfig::new(
        RESOURCE.parse().expect("a URL"),
        ISSUER.parse().expect("a URL"),
    );
    config.required_scopes = "mcp:tools".parse().expect("scopes");
    let partition = cache.partition(ISSUER, "https://as.example.com/introspect", RESOURCE);
    ResourceServer::new(config, Cached { cache, partition })
}

/// A 64-byte opaque token.
fn token(number: u64) -> BearerToken {
    let text = format!("{number:016x}").repeat(4);
    BearerToken::parse(&text, 8192).expect("token68")
}

/// Authorizes the tokens one after another, over and over.
fn measure(
    criterion: &mut Criterion,
    name: &str,
    runtime: &Runtime,
    server: &ResourceServer,
    tokens: &[BearerToken],
) {
    let mut tokens = tokens.iter().cycle();
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                let begun = Instant::now();
                for _ in 0..times {
                    let token = tokens.next().expect("there is one");
                    black_box(server.authorize(black_box(token)).await.is_ok());
                }
                begun.elapsed()
            })
        });
    });
}

fn authorize(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let server = resource_server();

    let hot = token(0);
    runtime.block_on(server.authorize(&hot)).expect("accepted");
    measure(
        criterion,
        "authorize, one hot token",
        &runtime,
        &server,
        &[hot],
    );

    let long = BearerToken::parse(&"0123456789abcdef".repeat(128), 8192).expect("token68");
    runtime.block_on(server.authorize(&long)).expect("accepted");
    measure(
        criterion,
        "authorize, one hot token of 2 KiB",
        &runtime,
        &server,
        &[long],
    );

    const KEYS: usize = 100_000;
    let tokens: Vec<BearerToken> = (0..KEYS as u64).map(token).collect();
    // Entries are created in a different order from that of the lookups, so that neighbours in time
    // are not neighbours in memory. The tokens themselves are read one after another: a token that
    // has just come from the network is in the processor's cache.
    let step = 61_803; // shares no factor with KEYS
    for number in 0..KEYS {
        let token = &tokens[number * step % KEYS];
        runtime.block_on(server.authorize(token)).expect("accepted");
    }
    measure(
        criterion,
        "authorize, 100,000 tokens at random",
        &runtime,
        &server,
        &tokens,
    );
}

/// A JWT that is not in the cache: signature, claims, policy.
fn authorize_jwt(criterion: &mut Criterion) {
    let runtime: Runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for alg in ["ES256", "RS256", "EdDSA"] {
        let key = SigningKey::new(alg, "key");
        let fake = FakeAuthorizationServer::start();
        fake.serve("/jwks", jwks(&[&key]));
        let issuer = fake.issuer().parse().expect("a URL");
        let config = ResourceServerConfig::new(RESOURCE.parse().expect("a URL"), issuer);
        let mut verifier = JwtConfig::new(config.authorization_server.clone());
        verifier.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
        verifier.cache.ttl = Duration::ZERO;
        let server = runtime.block_on(async {
            let verifier = JwtVerifier::start(verifier).expect("it starts");
            verifier.ready().await;
            ResourceServer::new(config, verifier)
        });
        let token = key.token(&json!({
            "iss": fake.issuer(), "sub": "6f1d9c1e-6a46-4a7e-9a1b-1b0c9f3b6a10", "aud": RESOURCE,
            "client_id": "agent", "scope": "mcp:tools mcp:read profile email",
            "exp": 4_102_444_800_u64, "iat": 1_796_258_000, "jti": "2f0c1f6e-1b7d-4b5e-8d0e",
        }));
        let token = BearerToken::parse(&token, 8192).expect("token68");
        runtime
            .block_on(server.authorize(&token))
            .expect("accepted");
        let name = format!("authorize, a JWT with {alg} anew");
        measure(criterion, &name, &runtime, &server, &[token]);
    }
}

fn fuzzing(criterion: &mut Criterion) {
    criterion.bench_function("parse an introspection response", |bencher| {
        bencher.iter(|| fuzzing::parse_introspection_response(black_box(RESPONSE.as_bytes())));
    });
    let scope: Scopes = "mcp:tools mcp:read".parse().expect("scopes");
    let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    criterion.bench_function("build a challenge", |bencher| {
        bencher.iter(|| fuzzing::build_challenge(black_box(&scope), black_box(metadata)));
    });
    for (name, times) in [("64 bytes", 4), ("2 KiB", 128)] {
        criterion.bench_function(&format!("parse a bearer token of {name}"), |bencher| {
            let text = "0123456789abcdef".repeat(times);
            bencher.iter(|| BearerToken::parse(black_box(&text), 8192).is_ok());
        });
    }
}

criterion_group!(benches, authorize, authorize_jwt, fuzzing);
criterion_main!(benches);
