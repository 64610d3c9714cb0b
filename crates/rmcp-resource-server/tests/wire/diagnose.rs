//! A diagnosis tells a wrong CA from a wrong name, and also checks the endpoint's host.

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{
    AuthorizationServer, BearerToken, ClientCredentials, IntrospectionConfig, ResourceServerConfig,
    Source, VerifierConfig,
    diagnose::{Cause, Diagnosis, Outcome, diagnose},
};

use crate::support::{RESOURCE, TestCa, TlsFront};

async fn examine(
    issuer: &str,
    token: Option<&BearerToken>,
    adjust: impl FnOnce(&mut IntrospectionConfig),
) -> Diagnosis {
    let server: AuthorizationServer = issuer.parse().expect("an issuer");
    let resource = RESOURCE.parse().expect("a URL");
    let resource_server = ResourceServerConfig::new(resource, server.clone());
    let credentials = ClientCredentials::secret_basic("mcp", "hush");
    let mut config = IntrospectionConfig::new(server, credentials);
    adjust(&mut config);
    let verifier = VerifierConfig::Introspection(config);
    let diagnosed = diagnose(&verifier, &resource_server, token).await;
    diagnosed.expect("the configuration can be used")
}

fn first_failure(diagnosis: &Diagnosis) -> Option<Cause> {
    let mut checks = diagnosis.server.iter();
    let failed = checks.find(|check| check.outcome == Outcome::Failed);
    failed.and_then(|check| check.cause.clone())
}

#[tokio::test]
async fn a_wrong_ca_is_told_from_a_wrong_name() {
    let fake = FakeAuthorizationServer::start();
    let (ca, other_ca) = (TestCa::new(), TestCa::new());
    let right = TlsFront::start(&ca, "localhost", fake.address()).await;
    let misnamed = TlsFront::start(&ca, "other.example", fake.address()).await;
    for (front, trusted, cause) in [
        (&right, None, Cause::UntrustedCertificate),
        (&right, Some(&other_ca), Cause::UntrustedCertificate),
        (&misnamed, Some(&ca), Cause::WrongCertificate),
    ] {
        let issuer = format!("https://localhost:{}", front.port);
        let diagnosis = examine(&issuer, None, |config| {
            config.authorization_server.ca_file = trusted.map(|ca| ca.file.path().to_owned());
        })
        .await;
        assert_eq!(first_failure(&diagnosis), Some(cause), "{diagnosis:#?}");
        assert!(!diagnosis.is_healthy());
    }
    assert_eq!(fake.requests().len(), 0);
}

/// OpenSSL, Go and Java accept the first one; the doctor recommends the second one instead.
#[tokio::test]
async fn a_ca_certificate_of_the_servers_own_is_told_from_an_unknown_ca() {
    let fake = FakeAuthorizationServer::start();
    for (is_ca, cause) in [(true, Some(Cause::CaCertificate)), (false, None)] {
        let (front, file) = TlsFront::self_signed(is_ca, fake.address()).await;
        let endpoint = format!("https://localhost:{}/introspect", front.port);
        let diagnosis = examine(fake.issuer(), None, |config| {
            config.endpoint = Some(endpoint.parse().expect("a URL"));
            config.authorization_server.ca_file = Some(file.path().to_owned());
        })
        .await;
        assert_eq!(first_failure(&diagnosis), cause, "{diagnosis:#?}");
    }
}

/// The same key is used to find out whether a wrong signature is refused.
#[tokio::test]
async fn a_wrong_signature_is_sent_once_with_the_names_of_the_right_one() {
    let fake = FakeAuthorizationServer::start();
    let pem = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let diagnosis = examine(fake.issuer(), None, |config| {
        config.credentials = ClientCredentials::PrivateKeyJwt {
            id: Source::Value("mcp".into()),
            key: Source::Value(pem.as_str().into()),
            key_id: Some("key-1".to_owned()),
        };
    })
    .await;
    let credentials = diagnosis
        .server
        .iter()
        .find(|check| check.name == "credentials");
    let credentials = credentials.expect("a check");
    assert_eq!(credentials.cause, Some(Cause::CredentialsNotRefused));
    let assertions: Vec<Vec<String>> = fake
        .introspections()
        .iter()
        .map(|request| {
            request
                .form_value("client_assertion")
                .expect("an assertion")
        })
        .map(|assertion| assertion.split('.').map(str::to_owned).collect())
        .collect();
    let [ours, wrong] = &assertions[..] else {
        panic!("{} assertions", assertions.len());
    };
    assert_eq!(ours[0], wrong[0], "alg, typ and kid");
    assert_eq!(
        ours[2].len(),
        wrong[2].len(),
        "a signature of the same form"
    );
    for (assertion, verifies) in [(ours, true), (wrong, false)] {
        assert_eq!(signature_verifies(&pem, assertion), verifies);
    }
}

fn signature_verifies(pem: &str, parts: &[String]) -> bool {
    let pair = rcgen::KeyPair::from_pem(pem).expect("a key");
    let key = jsonwebtoken::DecodingKey::from_ec_pem(pair.public_key_pem().as_bytes());
    let message = format!("{}.{}", parts[0], parts[1]);
    let key = key.expect("a public key");
    jsonwebtoken::crypto::verify(
        &parts[2],
        message.as_bytes(),
        &key,
        jsonwebtoken::Algorithm::ES256,
    )
    .expect("it can be looked at")
}

#[tokio::test]
async fn the_host_of_the_endpoint_is_looked_at_too() {
    let fake = FakeAuthorizationServer::start();
    let ca = TestCa::new();
    let front = TlsFront::start(&ca, "localhost", fake.address()).await;
    let endpoint = format!("https://localhost:{}/introspect", front.port);
    let token = BearerToken::parse("some-token", 64).expect("a token");
    let (issuer, token) = (fake.issuer(), Some(&token));
    let untrusted = examine(issuer, token, |config| {
        config.endpoint = Some(endpoint.parse().expect("a URL"));
    })
    .await;
    assert_eq!(first_failure(&untrusted), Some(Cause::UntrustedCertificate));
    assert_eq!(untrusted.token[0].name, "policy");
    assert_eq!(untrusted.token[0].outcome, Outcome::Skipped);
    let trusted = examine(issuer, token, |config| {
        config.endpoint = Some(endpoint.parse().expect("a URL"));
        config.authorization_server.ca_file = Some(ca.file.path().to_owned());
    })
    .await;
    assert_eq!(first_failure(&trusted), None, "{trusted:#?}");
    assert_eq!(trusted.token[0].name, "active");
    assert_eq!(trusted.token[0].outcome, Outcome::Failed);
}
