//! Tokens that are bound to a key, from node oidc-provider, used by a client whose proofs
//! `oauth4webapi` makes.

use std::process::Command;

use serde_json::{Value, json};

use super::OidcProvider;
use crate::{
    environment,
    support::{Server, free_port, protected_where_it_listens, stderr, stdout},
};

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn bound_tokens_are_accepted_with_proofs_of_oauth4webapi_and_never_without() {
    let Some(folder) = environment::installed("node") else {
        return;
    };
    let both = json!(["bearer", "dpop"]);
    for (more, alg, required, schemes, nonces) in [
        (&["--auth-dpop=allowed"][..], "ES256", json!(null), both, 0),
        (
            &["--auth-dpop=required", "--auth-dpop-nonce"],
            "Ed25519",
            json!(true),
            json!(["dpop"]),
            1,
        ),
    ] {
        let port = free_port();
        let resource = format!("http://127.0.0.1:{port}/mcp");
        let Some(provider) = OidcProvider::start_with(vec![("RESOURCE", resource.clone())]) else {
            return;
        };
        let mut flags = protected_where_it_listens(&provider.issuer(), port);
        flags.push("--auth-required-scopes=mcp:tools".to_owned());
        flags.push("--auth-client-id=mcp-rs".to_owned());
        flags.retain(|flag| flag != "--auth-client-id=mcp");
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let server = Server::start(&flags, &[("OSCAL_AUTH_CLIENT_SECRET", "rs secret:+/%&")]);
        server.wait_for_log("authorization server found");
        let mut client = Command::new("node");
        client.current_dir(&folder).arg("dpop.mjs");
        client
            .env("ISSUER", provider.issuer())
            .env("URL", &resource);
        let output = client.env("ALG", alg).output().expect("node runs");
        assert!(output.status.success(), "{}", stderr(&output));
        let seen: Value = serde_json::from_str(&stdout(&output)).expect("JSON");

        assert_eq!(seen["required"], required, "{seen}");
        assert!(seen["algorithms"].to_string().contains(alg), "{seen}");
        assert_eq!(seen["type"], "dpop", "{seen}");
        for (case, nonces) in [("bound", nonces), ("again", 0), ("refreshed", 0)] {
            let served = json!({"status": 200, "nonces": nonces, "client": "machine-dpop"});
            assert_eq!(seen[case], served, "{case}: {seen}");
        }
        for (case, nonces) in [("thief", nonces), ("bearer", 0)] {
            let refused = json!({
                "status": 401, "nonces": nonces, "schemes": schemes, "errors": ["invalid_token"],
            });
            assert_eq!(seen[case], refused, "{case}: {seen}");
        }
    }
}
