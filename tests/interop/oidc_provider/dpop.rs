//! Tokens that are bound to a key, from node oidc-provider.

use super::{OidcProvider, RESOURCE, SCOPE, is_accepted, protected};
use crate::{
    dpop::ProvingClient,
    support::{Server, free_port, protected_where_it_listens},
};

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn bound_tokens_are_accepted_with_proofs_of_oauth4webapi_and_never_without() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    for (more, alg) in [
        (&["--auth-dpop=allowed"][..], "ES256"),
        (&["--auth-dpop=required", "--auth-dpop-nonce"], "Ed25519"),
    ]
    .into_iter()
    .filter(|(_, alg)| is_accepted(alg))
    {
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

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn bound_tokens_are_accepted_with_proofs_of_requests_oauth2client_and_never_without() {
    for (more, alg) in [
        (&["--auth-dpop=allowed"][..], "ES256"),
        (&["--auth-dpop=allowed", "--auth-dpop-nonce"], "ES256"),
        (&["--auth-dpop=required", "--auth-dpop-nonce"], "EdDSA"),
    ]
    .into_iter()
    .filter(|(_, alg)| is_accepted(alg))
    {
        // Its proofs name the URL that it connects to.
        let port = free_port();
        let resource = format!("http://127.0.0.1:{port}/mcp");
        let Some(provider) = OidcProvider::start_with(vec![("RESOURCE", resource.clone())]) else {
            return;
        };
        let mut flags = protected_where_it_listens(&provider.issuer(), port);
        flags.retain(|flag| !flag.starts_with("--auth-client-id="));
        flags.push("--auth-client-id=mcp-rs".to_owned());
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", "rs secret:+/%&")]);
        server.wait_for_log("authorization server found");
        let client = ProvingClient {
            issuer: &provider.issuer(),
            resource: &resource,
            secret: "machine-dpop-secret-0123456789",
            scope: SCOPE,
            alg,
        };
        if client
            .judges_from_python(&server, more.len() == 2)
            .is_none()
        {
            return;
        }
    }
}
