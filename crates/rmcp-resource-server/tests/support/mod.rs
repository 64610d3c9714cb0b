//! A protected MCP server on a free port, with the fake as its authorization server, and clients.

mod answer;
mod certificate;
mod clock;
mod dpop;
mod fake_redis;
mod forwarder;
mod logs;
mod mcp;
mod on_actix;
mod on_tower;
mod probe;
mod raw;
mod server;
mod tls;

pub(crate) use answer::{Answer, Challenge};
pub(crate) use certificate::ShownCertificate;
pub(crate) use clock::{TestClock, unix_now};
pub(crate) use dev_authorization_server::{SigningKey, compact, jwks};
pub(crate) use dpop::Prover;
pub(crate) use fake_redis::{FakeRedis, Fault};
pub(crate) use forwarder::{Fate, Forwarder, Stale};
pub(crate) use logs::Logs;
pub(crate) use mcp::{LIST_TOOLS, Session, call_tool, initialize, initialize_by};
pub(crate) use raw::{Connection, exchange_raw};
pub(crate) use server::{Framework, Setup, TestServer, spawn_server, spawn_server_with};
pub(crate) use tls::{TestCa, TlsFront};

use std::time::Duration;

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{JwtConfig, JwtVerifier};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// The protected resource's public URL in all tests. It is not where the server listens.
pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The one required scope, unless a test sets others.
pub(crate) const SCOPE: &str = "mcp:tools";

/// The metadata URL of [`RESOURCE`].
pub(crate) const METADATA_URL: &str =
    "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";

/// A FIPS build accepts no signatures with Ed25519.
pub(crate) const ED25519_IS_ACCEPTED: bool = !cfg!(feature = "fips");

/// Means "leave this member out" in [`altered`].
pub(crate) const ABSENT: &str = "(absent)";

/// Claims that are accepted, except for these changes.
pub(crate) fn altered(fake: &FakeAuthorizationServer, changes: Value) -> Value {
    let mut claims = fake.active_claims(RESOURCE, SCOPE);
    let members = claims.as_object_mut().expect("claims are an object");
    let Value::Object(changes) = changes else {
        unreachable!("changes are an object");
    };
    for (name, value) in changes {
        if value == ABSENT {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    claims
}

/// The claims of an access token (RFC 9068 §2.2) that is accepted, except for these changes.
pub(crate) fn jwt_claims(fake: &FakeAuthorizationServer, changes: Value) -> Value {
    let mut claims = altered(fake, changes);
    let members = claims.as_object_mut().expect("an object");
    for of_introspection in ["active", "token_type"] {
        members.remove(of_introspection);
    }
    claims
}

/// A verifier of JWTs that has the public halves of these keys.
pub(crate) async fn jwt_verifier(
    fake: &FakeAuthorizationServer,
    keys: &[&SigningKey],
    adjust: impl FnOnce(&mut JwtConfig),
) -> JwtVerifier {
    fake.serve("/jwks", jwks(keys));
    let mut config = JwtConfig::new(fake.issuer().parse().expect("an issuer"));
    config.jwks_url = Some(fake.url("/jwks").parse().expect("a URL"));
    adjust(&mut config);
    let verifier = JwtVerifier::start(config).expect("it starts");
    verifier.ready().await;
    verifier
}

/// A fake that knows the token `good` as issued to `alice` through `client`, for ten minutes.
pub(crate) fn fake_with_good_token() -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", altered(&fake, json!({})));
    fake
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let patience = Duration::from_secs(10);
    let waiting = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = timeout(patience, waiting).await;
    assert!(in_time.is_ok(), "not in {patience:?}: {what}");
}
