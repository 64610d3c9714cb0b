//! Tokens that are bound to a client's certificate, as an operator switches them on.

use std::fs;

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use dev_authorization_server::FakeAuthorizationServer;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{RESOURCE, SECRET, Server, protected_by, run, stderr, stdout};

/// A client's certificate as a proxy passes it on (RFC 9440), and its thumbprint.
fn certificate() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["client.example".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    let der: &[u8] = certificate.der();
    (
        format!(":{}:", BASE64_STANDARD.encode(der)),
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der)),
    )
}

#[tokio::test]
async fn rs_65_the_option_accepts_tokens_bound_to_certificates_from_trusted_proxies_alone() {
    let fake = FakeAuthorizationServer::start();
    let (sequence, thumbprint) = certificate();
    let (of_thief, _) = certificate();
    let mut claims = fake.active_claims(RESOURCE, "mcp:tools");
    claims["cnf"] = json!({"x5t#S256": thumbprint});
    fake.answer_token("bound", claims);
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let audit = folder.path().join("audit.jsonl");
    let header = "--auth-client-certificate-header=X-Client-Cert";
    for (more, trusted, known) in [
        (&["--trusted-proxies=127.0.0.1"][..], false, json!(null)),
        (
            &[header, "--trusted-proxies=10.0.0.0/8"],
            false,
            json!(true),
        ),
        (&[header, "--trusted-proxies=127.0.0.1"], true, json!(true)),
    ] {
        let mut flags = protected_by(fake.issuer());
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        flags.push(format!("--audit-log={}", audit.display()));
        let server = Server::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        let call = async |token: &str, certificate: &str| {
            let request = server.call("about", &json!({})).bearer_auth(token);
            let request = request.header("X-Client-Cert", certificate);
            request.send().await.expect("an answer").status().as_u16()
        };
        for use_of_it in ["first", "cached"] {
            let status = if trusted { 200 } else { 401 };
            assert_eq!(
                call("bound", &sequence).await,
                status,
                "{use_of_it}: {more:?}"
            );
            assert_eq!(call("bound", &of_thief).await, 401, "{use_of_it}: {more:?}");
            assert_eq!(
                call("good", &of_thief).await,
                200,
                "a bearer token: {more:?}"
            );
        }
        let without = server.call("about", &json!({})).bearer_auth("bound");
        let answer = without.send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{more:?}");
        let metadata = server.get("/.well-known/oauth-protected-resource");
        let metadata = metadata.send().await.expect("an answer");
        let metadata: Value = metadata.json().await.expect("JSON");
        assert_eq!(
            metadata["tls_client_certificate_bound_access_tokens"], known,
            "{more:?}"
        );
        if known == json!(true) && !trusted {
            server.wait_for_log("127.0.0.1 set it, which is not a trusted proxy");
        }
        if trusted {
            server.wait_for_log("another one than the token is bound to");
            server.wait_for_log("no certificate came with the request");
        }
        assert!(!server.log().contains(&sequence[..40]));
    }
    let records = fs::read_to_string(&audit).expect("readable");
    let recorded = format!("\"certificate\":\"{thumbprint}\"");
    let with_it = records.lines().filter(|line| line.contains(&recorded));
    assert_eq!(with_it.count(), 2, "{records}");
}

#[test]
fn a_header_without_proxies_that_set_it_is_told() {
    let fake = FakeAuthorizationServer::start();
    let header = "--auth-client-certificate-header=Client-Cert";
    for (more, status, words) in [
        (
            &[header][..],
            2,
            "needs --trusted-proxies (OSCAL_MCP_TRUSTED_PROXIES)",
        ),
        (
            &[header, "--trusted-proxies=10.0.0.1,0.0.0.0/0"],
            2,
            "trusts every address",
        ),
        (
            &[header, "--trusted-proxies=::/0"],
            2,
            "trusts every address",
        ),
        (
            &[
                "--auth-client-certificate-header=Client Cert",
                "--trusted-proxies=10.0.0.1",
            ],
            2,
            "must be the name of a header, such as Client-Cert",
        ),
        (
            &[
                header,
                "--trusted-proxies=10.0.0.1",
                "--auth-verifier=userinfo",
                "--auth-accept-unbound-tokens",
            ],
            2,
            "userinfo does not report to which certificate a token is bound",
        ),
        (
            &[header, "--trusted-proxies=10.0.0.1"],
            0,
            "OSCAL_AUTH_CLIENT_CERTIFICATE_HEADER=\"Client-Cert\"",
        ),
    ] {
        let mut flags = protected_by(fake.issuer());
        flags.push("--print-config".to_owned());
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let output = run(&flags, &[SECRET]);
        let text = format!("{}{}", stderr(&output), stdout(&output));
        assert_eq!(output.status.code(), Some(status), "{more:?}: {text}");
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// It is not one of the options with which this server authenticates itself, whatever its name says.
#[test]
fn the_header_has_an_effect_with_every_verifier_that_reports_bindings() {
    let fake = FakeAuthorizationServer::start();
    let mut flags = protected_by(fake.issuer());
    flags.retain(|flag| !flag.starts_with("--auth-client-id"));
    for flag in [
        "--print-config",
        "--auth-verifier=jwt",
        "--auth-required-scopes=mcp:tools",
        "--auth-client-certificate-header=Client-Cert",
        "--trusted-proxies=10.0.0.1",
    ] {
        flags.push(flag.to_owned());
    }
    let output = run(&flags, &[]);
    let text = format!("{}{}", stderr(&output), stdout(&output));
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("no effect"), "{text}");
}
