//! A diagnosis tells a wrong CA from a wrong name, and looks at the endpoint's host too.

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{
    BearerToken, ClientCredentials, IntrospectionConfig, Issuer, ResourceServerConfig,
    diagnose::{Cause, Diagnosis, Outcome, Verifier, diagnose},
};

use crate::support::{RESOURCE, TestCa, TlsFront};

async fn examine(
    issuer: &str,
    token: Option<&BearerToken>,
    adjust: impl FnOnce(&mut IntrospectionConfig),
) -> Diagnosis {
    let issuer: Issuer = issuer.parse().expect("an issuer");
    let resource = RESOURCE.parse().expect("a URL");
    let resource_server = ResourceServerConfig::new(resource, issuer.clone());
    let credentials = ClientCredentials::secret_basic("mcp", "hush");
    let mut config = IntrospectionConfig::new(issuer, credentials);
    adjust(&mut config);
    let verifier = Verifier::Introspection(&config);
    let diagnosed = diagnose(verifier, &resource_server, token).await;
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
            config.connection.ca_file = trusted.map(|ca| ca.file.path().to_owned());
        })
        .await;
        assert_eq!(first_failure(&diagnosis), Some(cause), "{diagnosis:#?}");
        assert!(!diagnosis.is_healthy());
    }
    assert_eq!(fake.requests().len(), 0);
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
        config.connection.ca_file = Some(ca.file.path().to_owned());
    })
    .await;
    assert_eq!(first_failure(&trusted), None, "{trusted:#?}");
    assert_eq!(trusted.token[0].name, "active");
    assert_eq!(trusted.token[0].outcome, Outcome::Failed);
}
