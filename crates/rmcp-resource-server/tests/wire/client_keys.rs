//! Client authentication by an assertion, signed with a secret or a private key, or by a certificate.

use std::{fs, path::PathBuf};

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use dev_authorization_server::{FakeAuthorizationServer, RecordedRequest, Reply};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rmcp_resource_server::{
    ClientCredentials, IntrospectionConfig, IntrospectionVerifier, Issuer, Source, StartError,
};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{
    ABSENT, Setup, TestCa, TestServer, TlsFront, altered, fake_with_good_token, spawn_server,
};

fn value(text: &str) -> Source {
    Source::Value(text.into())
}

/// Key and certificate in files, as they would be mounted.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("writable");
    }

    fn assertion(&self) -> ClientCredentials {
        ClientCredentials::PrivateKeyJwt {
            id: value("mcp"),
            key: Source::File(self.path("key")),
            key_id: Some("key-1".to_owned()),
        }
    }

    fn certificate(&self) -> ClientCredentials {
        ClientCredentials::TlsClientAuth {
            id: value("mcp"),
            certificate: Source::File(self.path("certificate")),
            key: Source::File(self.path("key")),
        }
    }

    /// Replaces the certificate with a fresh one from `ca`.
    fn certify(&self, ca: &TestCa) {
        let (certificate, key) = ca.client_certificate();
        self.write("certificate", &certificate);
        self.write("key", &key);
    }
}

fn fresh_key() -> String {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    pair.serialize_pem()
}

/// The assertion that is all by which a request authenticates its client.
fn assertion_of(request: &RecordedRequest) -> String {
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.form_value("client_secret"), None);
    assert_eq!(request.form_value("client_id").as_deref(), Some("mcp"));
    assert_eq!(
        request.form_value("client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    request.form_value("client_assertion").expect("sent")
}

/// Header and claims of a JWT.
fn parts(jwt: &str) -> [Value; 2] {
    let mut parts = jwt.split('.').map(|part| {
        let part = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&part).unwrap_or_default()
    });
    [(); 2].map(|()| parts.next().expect("three parts"))
}

/// Tests beside the code that makes the assertion show that it verifies, and so do real servers in
/// `scripts/interop`.
#[tokio::test]
async fn rs_27_an_assertion_is_made_for_each_request() {
    let files = Files::new();
    files.write("key", &fresh_key());
    let fake = FakeAuthorizationServer::start();
    for token in ["one", "two", "three"] {
        fake.answer_token(token, altered(&fake, json!({})));
    }
    let server = spawn_server(&fake, |setup| {
        setup.introspection.credentials = files.assertion();
    });
    server.call("one").await.assert_served("the first");
    server.call("two").await.assert_served("the second");
    files.write("key", &fresh_key());
    server.call("three").await.assert_served("with another key");

    let mut seen = Vec::new();
    for request in fake.introspections() {
        let assertion = assertion_of(&request);
        let [header, claims] = parts(&assertion);
        assert_eq!(
            header,
            json!({"alg": "ES256", "typ": "JWT", "kid": "key-1"})
        );
        assert_eq!(claims["sub"], "mcp");
        assert_eq!(claims["aud"], fake.issuer());
        seen.push(claims["jti"].clone());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3, "an assertion is used once");
}

#[tokio::test]
async fn rs_27_a_secret_signs_an_assertion_for_each_request_and_is_never_sent() {
    let secrets = [
        "s: é+/%& of 32 bytes or more, in UTF-8",
        "another-one-0123456789-0123456789",
    ];
    let files = Files::new();
    files.write("secret", &format!("{}\n", secrets[0]));
    let fake = FakeAuthorizationServer::start();
    for token in ["one", "two", "three"] {
        fake.answer_token(token, altered(&fake, json!({})));
    }
    let server = spawn_server(&fake, |setup| {
        setup.introspection.credentials = ClientCredentials::SecretJwt {
            id: value("mcp"),
            secret: Source::File(files.path("secret")),
        };
    });
    server.call("one").await.assert_served("the first");
    server.call("two").await.assert_served("the second");
    files.write("secret", secrets[1]);
    // The third is asked about with the new secret, at the latest after the server refuses the old one.
    fake.answer_next(Reply::status(401));
    server.call("three").await.assert_served("with another");

    let requests = fake.introspections();
    let mut seen = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let assertion = assertion_of(request);
        let [header, claims] = parts(&assertion);
        assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
        assert_eq!(claims["iss"], "mcp");
        assert_eq!(claims["sub"], "mcp");
        assert_eq!(claims["aud"], fake.issuer());
        let (at, until) = (claims["iat"].as_u64(), claims["exp"].as_u64());
        assert_eq!(at.map(|at| at + 60), until);
        let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let verifies = |secret: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
        };
        let last = index + 1 == requests.len();
        assert!(verifies(secrets[usize::from(last)]), "request {index}");
        seen.push(claims["jti"].to_string());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), requests.len(), "an assertion is used once");
}

/// A server that asks through a front which admits only clients with a certificate from `ca`.
async fn server_behind(
    fake: &FakeAuthorizationServer,
    ca: &TestCa,
    adjust: impl FnOnce(&mut Setup),
) -> (TestServer, TlsFront) {
    let front = TlsFront::demanding(ca, "localhost", ca, fake.address()).await;
    let server = spawn_server(fake, |setup| {
        let origin = format!("https://localhost:{}", front.port);
        let issuer: Issuer = origin.parse().expect("an issuer");
        setup.resource.authorization_server.issuer = issuer.clone();
        let server = &mut setup.introspection.authorization_server;
        (server.issuer, server.ca_file) = (issuer, Some(ca.file.path().to_owned()));
        let endpoint = format!("{origin}/introspect");
        setup.introspection.endpoint = Some(endpoint.parse().expect("an endpoint"));
        adjust(setup);
    });
    (server, front)
}

#[tokio::test]
async fn rs_27_a_client_certificate_is_shown() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_by_default(altered(&fake, json!({"iss": ABSENT})));
    let (ca, other_ca) = (TestCa::new(), TestCa::new());
    let files = Files::new();
    files.certify(&other_ca);
    let (server, _front) = server_behind(&fake, &ca, |setup| {
        setup.introspection.credentials = files.certificate();
    })
    .await;
    let by_another = server.call("t0").await;
    by_another.assert_unavailable("a certificate by another CA");
    assert_eq!(fake.requests().len(), 0);

    files.certify(&ca);
    server.call("t1").await.assert_served("a renewed one");
    let request = &fake.introspections()[0];
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.form_value("client_id").as_deref(), Some("mcp"));
    assert_eq!(request.form_value("client_secret"), None);

    files.write("key", &fresh_key());
    let half_renewed = server.call("t2").await;
    half_renewed.assert_served("a key without its certificate: the last good pair serves");

    let (secretive, _front) = server_behind(&fake, &ca, |_| {}).await;
    let without = secretive.call("t3").await;
    without.assert_unavailable("no certificate");
}

#[tokio::test]
async fn a_client_with_a_certificate_takes_the_endpoint_for_it() {
    let fake = fake_with_good_token();
    let origin = "https://as.example.com";
    for (aliases, expected) in [
        (
            json!({"introspection_endpoint": "https://mtls.as.example.com/introspect"}),
            "mtls",
        ),
        (
            json!({"token_endpoint": "https://mtls.as.example.com/token"}),
            "plain",
        ),
        (Value::Null, "plain"),
    ] {
        let metadata = json!({
            "issuer": fake.issuer(), "mtls_endpoint_aliases": aliases,
            "introspection_endpoint": format!("{origin}/introspect"),
        });
        fake.serve("/.well-known/oauth-authorization-server", metadata);
        let files = Files::new();
        files.certify(&TestCa::new());
        for (credentials, expected) in [
            (files.certificate(), expected),
            (ClientCredentials::secret_basic("mcp", "hush"), "plain"),
        ] {
            let server = fake.issuer().parse().expect("an issuer");
            let config = IntrospectionConfig::new(server, credentials);
            let verifier = IntrospectionVerifier::start(config).expect("it starts");
            verifier.ready().await;
            let endpoint = verifier.endpoint().expect("it is known");
            let found = match endpoint.as_str().starts_with(origin) {
                true => "plain",
                false => "mtls",
            };
            assert_eq!(found, expected, "{endpoint} of {aliases}");
        }
    }
}

#[tokio::test]
async fn rs_27_keys_that_cannot_work_are_refused_at_start() {
    let start = |credentials, endpoint: &str| {
        let server = "https://as.example.com".parse().expect("an issuer");
        let mut config = IntrospectionConfig::new(server, credentials);
        config.endpoint = Some(endpoint.parse().expect("an endpoint"));
        let checked = IntrospectionVerifier::check(&config).map_err(|error| error.to_string());
        let started = IntrospectionVerifier::start(config).map(|_| ());
        let started = started.map_err(|error: StartError| error.to_string());
        assert_eq!(checked, started);
        started
    };
    let https = "https://as.example.com/introspect";
    let files = Files::new();
    files.certify(&TestCa::new());
    assert_eq!(start(files.certificate(), https), Ok(()));
    for (credentials, endpoint, problem) in [
        (
            files.certificate(),
            "http://127.0.0.1:1/introspect",
            "needs an https endpoint",
        ),
        (
            ClientCredentials::TlsClientAuth {
                id: value("mcp"),
                certificate: value("no certificate"),
                key: Source::File(files.path("key")),
            },
            https,
            "the client certificate cannot be used",
        ),
        (
            ClientCredentials::TlsClientAuth {
                id: value("mcp"),
                certificate: Source::File(files.path("certificate")),
                key: value(&fresh_key()),
            },
            https,
            "cannot be used together",
        ),
        (
            ClientCredentials::PrivateKeyJwt {
                id: value("mcp"),
                key: Source::File(files.path("certificate")),
                key_id: None,
            },
            https,
            "the private key cannot be used",
        ),
        (
            ClientCredentials::SecretJwt {
                id: value("mcp"),
                secret: value("-----31-bytes-are-one-too-few--"),
            },
            https,
            "fewer than 32 bytes",
        ),
    ] {
        let refused = start(credentials, endpoint).expect_err("refused");
        assert!(refused.contains(problem), "{refused}");
        assert!(!refused.contains("-----"), "{refused}");
    }
}
