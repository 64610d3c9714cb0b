//! TLS to the authorization server, and plain http only on this machine.

use std::{env, process::Command};

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{
    BearerToken, ClientCredentials, EndpointUrl, IntrospectionConfig, IntrospectionVerifier,
    InvalidUrl, Issuer, TokenVerifier,
};
use serde_json::json;
use tokio_rustls::rustls::{
    SupportedCipherSuite,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{
            self,
            cipher_suite::{TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256},
            kx_group::{SECP256R1, X25519},
        },
    },
};

use crate::support::{
    ABSENT, TestCa, TestServer, TlsFront, altered, fake_with_good_token, spawn_server,
};

/// A server that asks through `front`, and trusts `ca` if there is one.
fn server_behind(
    fake: &FakeAuthorizationServer,
    front: &TlsFront,
    ca: Option<&TestCa>,
) -> TestServer {
    spawn_server(fake, |setup| {
        let origin = format!("https://localhost:{}", front.port);
        let issuer: Issuer = origin.parse().expect("an issuer");
        setup.resource.authorization_server.issuer = issuer.clone();
        setup.introspection.authorization_server.issuer = issuer;
        let endpoint = format!("{origin}/introspect");
        setup.introspection.endpoint = Some(endpoint.parse().expect("an endpoint"));
        setup.introspection.authorization_server.ca_file = ca.map(|ca| ca.file.path().to_owned());
    })
}

#[tokio::test]
async fn rs_30_tls_is_verified_and_http_is_loopback_only() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", altered(&fake, json!({"iss": ABSENT})));
    let (ca, other_ca) = (TestCa::new(), TestCa::new());
    let right = TlsFront::start(&ca, "localhost", fake.address()).await;
    let misnamed = TlsFront::start(&ca, "other.example", fake.address()).await;
    for (case, front, trusted) in [
        ("unknown CA", &right, None),
        ("another CA", &right, Some(&other_ca)),
        ("wrong host name", &misnamed, Some(&ca)),
    ] {
        let server = server_behind(&fake, front, trusted);
        server.call("good").await.assert_unavailable(case);
        assert_eq!(fake.requests().len(), 0, "{case}");
    }
    let server = server_behind(&fake, &right, Some(&ca));
    server.call("good").await.assert_served("trusted");

    for url in [
        "http://as.example",
        "http://10.0.0.1",
        "http://localhost.example",
    ] {
        assert_eq!(url.parse::<Issuer>().map(|_| ()), Err(InvalidUrl::Insecure));
        let endpoint: Result<EndpointUrl, _> = format!("{url}/introspect").parse();
        assert_eq!(endpoint.map(|_| ()), Err(InvalidUrl::Insecure));
        assert!(Issuer::parse_allowing_http(url).is_ok());
        assert!(EndpointUrl::parse_allowing_http(url).is_ok());
    }
    for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
        assert!(url.parse::<Issuer>().is_ok(), "{url}");
    }
}

/// ChaCha20 and X25519 are not approved; a FIPS build does not even offer them. In all builds the control
/// case shows that the rest of the connection works.
#[tokio::test]
async fn rs_30_a_fips_build_speaks_only_tls_that_fips_allows() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", altered(&fake, json!({"iss": ABSENT})));
    let ca = TestCa::new();
    let only = |suites: &[SupportedCipherSuite], group| CryptoProvider {
        cipher_suites: suites.to_vec(),
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    };
    let aes = [TLS13_AES_256_GCM_SHA384];
    for (case, provider, is_approved) in [
        ("approved", only(&aes, SECP256R1), true),
        (
            "ChaCha20",
            only(&[TLS13_CHACHA20_POLY1305_SHA256], SECP256R1),
            false,
        ),
        ("X25519", only(&aes, X25519), false),
    ] {
        let front = TlsFront::knowing(provider, &ca, "localhost", fake.address()).await;
        let server = server_behind(&fake, &front, Some(&ca));
        let answer = server.call("good").await;
        if is_approved || !cfg!(feature = "fips") {
            answer.assert_served(case);
        } else {
            answer.assert_unavailable(case);
        }
    }
}

#[tokio::test]
async fn rs_30_metadata_is_fetched_over_verified_tls() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", altered(&fake, json!({"iss": ABSENT})));
    let ca = TestCa::new();
    let front = TlsFront::start(&ca, "localhost", fake.address()).await;
    let origin = format!("https://localhost:{}", front.port);
    fake.serve(
        "/.well-known/oauth-authorization-server",
        json!({"issuer": origin, "introspection_endpoint": format!("{origin}/introspect")}),
    );
    let server = spawn_server(&fake, |setup| {
        let issuer: Issuer = origin.parse().expect("an issuer");
        setup.resource.authorization_server.issuer = issuer.clone();
        setup.introspection.authorization_server.issuer = issuer;
        setup.introspection.endpoint = None;
        setup.introspection.authorization_server.ca_file = Some(ca.file.path().to_owned());
    });
    server.verifier.ready().await;
    server.call("good").await.assert_served("discovered");
}

#[tokio::test]
async fn rs_30_an_unusable_ca_file_is_refused_at_start() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    for (path, content) in [
        (file.path().to_owned(), "no certificate"),
        (file.path().to_owned(), ""),
        ("/nonexistent/ca.pem".into(), ""),
    ] {
        std::fs::write(file.path(), content).expect("writable");
        let issuer = "https://as.example".parse().expect("an issuer");
        let credentials = ClientCredentials::secret_basic("mcp", "hush");
        let mut config = IntrospectionConfig::new(issuer, credentials);
        config.authorization_server.ca_file = Some(path.clone());
        let error = IntrospectionVerifier::start(config).expect_err("refused");
        let named = path.display().to_string();
        assert!(error.to_string().contains(&named), "{error}");
    }
}

/// Loopback http needs no TLS because it does not leave the machine; through a proxy it would. The
/// environment can be set only for another process, so this test starts itself as one.
#[tokio::test]
async fn rs_30_plain_http_to_loopback_takes_no_proxy() {
    const ENDPOINT: &str = "RS_TEST_ENDPOINT";
    if let Ok(endpoint) = env::var(ENDPOINT) {
        let issuer = "https://as.example".parse().expect("an issuer");
        let credentials = ClientCredentials::secret_basic("mcp", "hush");
        let mut config = IntrospectionConfig::new(issuer, credentials);
        config.endpoint = Some(endpoint.parse().expect("an endpoint"));
        let verifier = IntrospectionVerifier::start(config).expect("it starts");
        let token = BearerToken::parse("good", 10).expect("a token");
        let _whatever = verifier.verify(&token).await;
        return;
    }
    let fake = fake_with_good_token();
    let proxy = fake_with_good_token();
    let child = Command::new(env::current_exe().expect("this test"))
        .args([
            "--exact",
            "tls::rs_30_plain_http_to_loopback_takes_no_proxy",
        ])
        .env(ENDPOINT, fake.introspection_url())
        .env("HTTP_PROXY", proxy.url(""))
        .env("http_proxy", proxy.url(""))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output();
    let child = child.expect("a process");
    assert!(child.status.success(), "{child:?}");
    let seen: Vec<_> = proxy.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(seen, Vec::<String>::new(), "the proxy saw token and secret");
    assert_eq!(fake.introspection_count(), 1);
}
