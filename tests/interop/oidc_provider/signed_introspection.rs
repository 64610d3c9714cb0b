//! Signed introspection answers (RFC 9701).

use serde_json::json;

use super::{OTHER, OidcProvider, RESOURCE, is_accepted, protected, status};
use crate::support::{doctor, stdout};

const SECRET: (&str, &str) = ("OSCAL_AUTH_CLIENT_SECRET", "rs secret:+/%&");

/// What the doctor says of this configuration and token, and its exit status.
fn examined(provider: &OidcProvider, token: &str) -> (Option<i32>, String) {
    let flags = [
        "--auth-client-id=mcp-rs",
        "--auth-introspection-signed",
        &format!("--auth-issuer-url={}", provider.issuer()),
        &format!("--auth-resource-server-url={RESOURCE}"),
    ]
    .map(str::to_owned);
    let report = doctor(&flags, &[SECRET], Some(token));
    (report.status.code(), stdout(&report))
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn signed_answers_of_each_algorithm_are_verified() {
    for algorithm in ["RS256", "ES256", "Ed25519"] {
        if !is_accepted(algorithm) {
            continue;
        }
        let variables = vec![
            ("RESOURCE", RESOURCE.to_owned()),
            ("SIGNED", algorithm.to_owned()),
        ];
        let Some(provider) = OidcProvider::start_with(variables) else {
            return;
        };
        let Some(server) = protected(&provider, &["--auth-introspection-signed"]) else {
            return;
        };
        let ready = async || {
            server
                .get("/readyz")
                .send()
                .await
                .expect("an answer")
                .status()
                == 200
        };
        while !ready().await {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let token = provider.token("machine", RESOURCE).await;
        let foreign = provider.token("machine", OTHER).await;
        // The last one gets an error, which is not signed.
        let like_a_jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x";
        for (case, token, expected) in [
            ("good", token.as_str(), 200),
            ("for another resource", foreign.as_str(), 401),
            ("unknown", "garbage", 401),
            ("unsupported", like_a_jwt, 401),
        ] {
            let found = status(&server, token).await;
            assert_eq!(found, expected, "{algorithm}, {case}\n{}", server.log());
        }
        let caller = server.about(&token).await["caller"].clone();
        assert_eq!(caller["client_id"], json!("machine"), "{caller}");

        let (code, report) = examined(&provider, &token);
        assert_eq!(code, Some(0), "{algorithm}: {report}");
        assert!(report.contains("all is well"), "{algorithm}: {report}");

        provider.revoke("machine", &token).await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        assert_eq!(status(&server, &token).await, 401, "{algorithm}, revoked");
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn without_signatures_no_answer_counts() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let Some(server) = protected(&provider, &["--auth-introspection-signed"]) else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    assert_eq!(status(&server, &token).await, 503);
    let (code, report) = examined(&provider, &token);
    assert_eq!(code, Some(1), "{report}");
    for words in [
        "does not say that answers can be signed",
        "introspection_signed_response_alg",
    ] {
        assert!(report.contains(words), "{words} in:\n{report}");
    }
}
