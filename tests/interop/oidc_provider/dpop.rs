//! Tokens that are bound to a key, from node oidc-provider.

use super::{OidcProvider, RESOURCE, SCOPE, protected};
use crate::dpop::ProvingClient;

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn bound_tokens_are_accepted_with_proofs_of_oauth4webapi_and_never_without() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    for (more, alg) in [
        (&["--auth-dpop=allowed"][..], "ES256"),
        (&["--auth-dpop=required", "--auth-dpop-nonce"], "Ed25519"),
    ] {
        let Some(server) = protected(&provider, more) else {
            return;
        };
        let client = ProvingClient {
            issuer: &provider.issuer(),
            resource: RESOURCE,
            secret: "machine-dpop-secret-0123456789",
            scope: SCOPE,
            alg,
        };
        let has_nonces = more.len() == 2;
        let judged = client.judges(&server, has_nonces, has_nonces);
        if judged.is_none() {
            return;
        }
    }
}
