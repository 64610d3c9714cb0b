//! The OSCAL server authenticates by an assertion, signed with a private key or a secret, or by a
//! certificate.

use std::{fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256,
};
use reqwest::Certificate;
use serde_json::json;

use super::{OidcProvider, RESOURCE, is_accepted};
use crate::support::{Server, run, stdout};

/// Flags for the client `id` of `provider`, which has no secret.
fn flags(provider: &OidcProvider, id: &str, more: &[String]) -> Vec<String> {
    let mut flags = vec![
        format!("--auth-client-id={id}"),
        format!("--auth-issuer-url={}", provider.issuer()),
        format!("--auth-resource-server-url={RESOURCE}"),
    ];
    flags.extend_from_slice(more);
    flags
}

/// Whether the server accepts a good token and rejects a bad one, and the doctor finds no fault.
async fn serves(provider: &OidcProvider, flags: &[String], variables: &[(&str, &str)], what: &str) {
    let doctor = [&["doctor".to_owned()], flags].concat();
    let report = run(&doctor, variables);
    assert_eq!(report.status.code(), Some(0), "{what}: {}", stdout(&report));

    let http = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
    ]
    .map(str::to_owned);
    let server = Server::start(&[&http, flags].concat(), variables);
    server.wait_for_log("authorization server found");
    let token = provider.token("machine", RESOURCE).await;
    for (token, expected) in [(token.as_str(), 200), ("garbage", 401)] {
        let request = server.call("about", &json!({})).bearer_auth(token);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), expected, "{what}: {token}");
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn assertions_by_keys_of_each_kind_are_accepted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key.pem");
    let kinds = [
        ("RS256", &PKCS_RSA_SHA256),
        ("ES256", &PKCS_ECDSA_P256_SHA256),
        ("EdDSA", &PKCS_ED25519),
    ];
    for (kind, algorithm) in kinds {
        if !is_accepted(kind) {
            continue;
        }
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let public = key.public_key_pem();
        let variables = vec![("RESOURCE", RESOURCE.to_owned()), ("KEY", public)];
        let Some(provider) = OidcProvider::start_with(variables) else {
            return;
        };
        fs::write(&file, key.serialize_pem()).expect("writable");
        let more = [
            "--auth-client-auth-method=private_key_jwt".to_owned(),
            "--auth-client-key-id=key-1".to_owned(),
            format!("--auth-client-key-file={}", file.display()),
        ];
        serves(&provider, &flags(&provider, "mcp-rs-key", &more), &[], kind).await;
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn assertions_signed_with_the_secret_are_accepted_and_others_are_not() {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let more = ["--auth-client-auth-method=client_secret_jwt".to_owned()];
    let flags = flags(&provider, "mcp-rs-jwt", &more);
    let secret = "rs-jwt-secret-0123456789-0123456789-0123456789";
    let right = [("OSCAL_AUTH_CLIENT_SECRET", secret)];
    serves(&provider, &flags, &right, "a secret").await;

    let doctor = [&["doctor".to_owned()], &flags[..]].concat();
    let wrong = [("OSCAL_AUTH_CLIENT_SECRET", &secret[1..])];
    let report = run(&doctor, &wrong);
    assert_eq!(report.status.code(), Some(1), "{}", stdout(&report));
    assert!(stdout(&report).contains("client_secret_jwt with HS256"));
}

/// Puts a certificate from `ca` for `name`, and its key, into `folder`.
pub(super) fn certify(ca: &CertifiedIssuer<'_, KeyPair>, name: &str, folder: &Path) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, ca).expect("signed");
    fs::create_dir_all(folder).expect("a folder");
    for (file, content) in [
        ("certificate.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
        ("ca.pem", ca.pem()),
    ] {
        fs::write(folder.join(file), content).expect("writable");
    }
}

/// A certificate authority of one test.
pub(super) fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // By default all have the same name, and OpenSSL would take them for self-signed.
    (params.distinguished_name).push(DnType::CommonName, "a CA of this test");
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a CA")
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_client_certificate_is_accepted() {
    let ca = authority();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [of_server, of_client] = ["server", "client"].map(|name| folder.path().join(name));
    certify(&ca, "localhost", &of_server);
    certify(&ca, "mcp.example.com", &of_client);

    let variables = vec![
        ("RESOURCE", RESOURCE.to_owned()),
        ("TLS", of_server.display().to_string()),
    ];
    let certificate = Certificate::from_pem(ca.pem().as_bytes()).expect("a certificate");
    let started = OidcProvider::start_at("https://localhost", Some(certificate), variables);
    let Some(provider) = started else {
        return;
    };
    let more = [
        "--auth-client-auth-method=tls_client_auth".to_owned(),
        format!("--auth-ca-file={}", of_client.join("ca.pem").display()),
        format!(
            "--auth-client-key-file={}",
            of_client.join("key.pem").display()
        ),
        format!(
            "--auth-client-certificate-file={}",
            of_client.join("certificate.pem").display()
        ),
    ];
    let flags = flags(&provider, "mcp-rs-certificate", &more);
    serves(&provider, &flags, &[], "a certificate").await;
}
