//! An introspection endpoint that moves while the server runs.

use dev_authorization_server::{FakeAuthorizationServer, FakeConfig, MetadataForm, Reply};
use rmcp_resource_server::{
    ClientCredentials, IntrospectionConfig, IntrospectionVerifier, TokenVerifier,
};
use serde_json::json;

use crate::support::{
    TestCa, TestServer, TlsFront, altered, eventually, fake_with_good_token, spawn_server,
};

fn discovering(fake: &FakeAuthorizationServer) -> TestServer {
    spawn_server(fake, |setup| setup.introspection.endpoint = None)
}

fn publish(fake: &FakeAuthorizationServer, endpoint: &str) {
    let mut document = fake.metadata();
    document["introspection_endpoint"] = json!(endpoint);
    for form in MetadataForm::ALL {
        fake.serve_metadata(form, document.clone());
    }
}

#[tokio::test]
async fn an_endpoint_that_answers_404_or_410_is_looked_for_again_at_once() {
    for status in [404, 410] {
        let fake = fake_with_good_token();
        let server = discovering(&fake);
        server.verifier.ready().await;
        server.call("good").await.assert_served("where it was");
        fake.answer_by_default(Reply::status(status));
        fake.serve("/moved", Reply::from(altered(&fake, json!({}))));
        publish(&fake, &fake.url("/moved"));
        server.call("other").await.assert_served("where it is");
        assert_eq!(server.verifier.readiness(), Ok(()));
        let endpoint = server.verifier.endpoint().expect("known");
        assert_eq!(endpoint.as_str(), fake.url("/moved"));
    }
}

#[tokio::test]
async fn readiness_tells_when_the_endpoint_is_gone_and_nobody_says_where() {
    let fake = fake_with_good_token();
    let server = discovering(&fake);
    server.verifier.ready().await;
    fake.answer_next(Reply::status(404));
    fake.hide_metadata();
    server.call("t").await.assert_unavailable("gone");
    let why = server.verifier.readiness().expect_err("gone");
    assert!(
        why.contains("404") && why.contains("/.well-known/"),
        "{why}"
    );
    server
        .call("good")
        .await
        .assert_served("it is asked all the same");
    assert_eq!(server.verifier.readiness(), Ok(()), "and answers");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_any_more_is_looked_for_again() {
    let old = FakeAuthorizationServer::start();
    let fake = fake_with_good_token();
    publish(&fake, &old.introspection_url());
    let server = discovering(&fake);
    server.verifier.ready().await;
    server
        .call("good")
        .await
        .assert_invalid_token("by the old one");
    old.stop().await;
    publish(&fake, &fake.introspection_url());
    server.call("other").await.assert_unavailable("gone");
    eventually("found", async || {
        let endpoint = server.verifier.endpoint().expect("known");
        endpoint.as_str() == fake.introspection_url()
    })
    .await;
    server.call("good").await.assert_served("by the new one");
}

#[tokio::test]
async fn a_failed_look_replaces_nothing() {
    for metadata in [
        Reply::status(500),
        Reply::html(),
        Reply::from(json!({"issuer": "https://other.example"})),
    ] {
        let fake = fake_with_good_token();
        let server = discovering(&fake);
        server.verifier.ready().await;
        for form in MetadataForm::ALL {
            fake.serve_metadata(form, metadata.clone());
        }
        fake.answer_next(Reply::status(404));
        server
            .call("t")
            .await
            .assert_unavailable("not there for once");
        server
            .call("good")
            .await
            .assert_served("the endpoint is still known");
    }
}

#[tokio::test]
async fn rs_30_an_https_issuer_cannot_name_an_http_endpoint() {
    let fake = FakeAuthorizationServer::start_with(FakeConfig::default());
    let ca = TestCa::new();
    let front = TlsFront::start(&ca, "localhost", fake.address()).await;
    let origin = format!("https://localhost:{}", front.port);
    let document = |endpoint: &str| json!({"issuer": origin, "introspection_endpoint": endpoint});
    for (endpoint, allowed, ready) in [
        ("http://as.example/introspect".to_owned(), true, false),
        (fake.introspection_url(), true, false),
        (fake.introspection_url(), false, false),
        (format!("{origin}/introspect"), false, true),
    ] {
        for form in MetadataForm::ALL {
            fake.serve_metadata(form, document(&endpoint));
        }
        let credentials = ClientCredentials::secret_basic("mcp", "hush");
        let mut config = IntrospectionConfig::new(origin.parse().expect("an issuer"), credentials);
        config.authorization_server.ca_file = Some(ca.file.path().to_owned());
        config.authorization_server.allow_insecure_http = allowed;
        let verifier = IntrospectionVerifier::start(config).expect("it starts");
        if ready {
            verifier.ready().await;
        } else {
            eventually("refused", async || {
                let readiness = verifier.readiness();
                readiness.is_err_and(|why| why.contains("an issuer with https"))
            })
            .await;
        }
    }
}
