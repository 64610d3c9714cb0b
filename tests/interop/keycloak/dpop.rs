//! Tokens that are bound to a key.

use serde_json::json;

use super::{RESOURCE, process::Keycloak, tokens::audience};
use crate::dpop::ProvingClient;

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn bound_tokens_are_accepted_with_proofs_of_oauth4webapi_and_never_without() {
    let Some(keycloak) = Keycloak::shared().await else {
        return;
    };
    let realm = keycloak.realm();
    let differing = json!({
        "attributes": {"dpop.bound.access.tokens": "true"},
        "protocolMappers": [audience("mcp", RESOURCE)],
    });
    realm.add_machine("machine-dpop", differing).await;
    for more in [
        &["--auth-dpop=allowed"][..],
        &[
            "--auth-dpop=allowed",
            "--auth-verifier=jwt",
            "--auth-jwt-types=JWT",
        ],
        &["--auth-dpop=required", "--auth-dpop-nonce"],
    ] {
        let server = realm.protects(more);
        let client = ProvingClient {
            issuer: &realm.issuer(),
            resource: RESOURCE,
            secret: "machine-dpop-secret",
            scope: "oscal:read",
            alg: "ES256",
        };
        let has_nonces = more.contains(&"--auth-dpop-nonce");
        if client.judges(&server, has_nonces, has_nonces).is_none() {
            return;
        }
    }
}
