//! How the introspection endpoint is found.

use dev_authorization_server::{FakeAuthorizationServer, FakeConfig, MetadataForm, Reply};
use rmcp_resource_server::{IntrospectionVerifier, TokenVerifier};
use serde_json::json;
use tracing::{Level, dispatcher};

use crate::support::{
    Logs, RESOURCE, SCOPE, TestServer, altered, eventually, fake_with_good_token, spawn_server,
};

fn fake_at(issuer_path: &str, metadata: Vec<MetadataForm>) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start_with(FakeConfig {
        issuer_path: issuer_path.to_owned(),
        metadata,
        ..FakeConfig::default()
    });
    fake.answer_token("good", altered(&fake, json!({})));
    fake
}

fn discovering(fake: &FakeAuthorizationServer) -> TestServer {
    spawn_server(fake, |setup| setup.introspection.endpoint = None)
}

/// Waits until the first search is over.
async fn searched_in_vain(fake: &FakeAuthorizationServer, verifier: &IntrospectionVerifier) {
    let last = format!("{}/", fake.metadata_path(MetadataForm::OpenIdAppended));
    eventually("the last place has been looked at", async || {
        !fake.requests_at(&last).is_empty()
            && verifier.readiness().is_err_and(|why| why.contains("http"))
    })
    .await;
}

#[tokio::test]
async fn rs_33_discovered_issuer_must_match_in_every_url_form() {
    for form in MetadataForm::ALL {
        for html_before in [false, true] {
            let fake = fake_at("/realms/mcp", vec![form]);
            for other in MetadataForm::ALL.into_iter().filter(|other| *other != form) {
                if html_before {
                    fake.serve_metadata(other, Reply::html());
                }
            }
            let server = discovering(&fake);
            server.verifier.ready().await;
            assert_eq!(server.verifier.readiness(), Ok(()));
            let answer = server.call("good").await;
            answer.assert_served(&format!("{form:?}, html: {html_before}"));
        }
    }
}

#[tokio::test]
async fn rs_33_metadata_of_another_issuer_is_not_used() {
    let second = FakeAuthorizationServer::start();
    second.answer_by_default(second.active_claims(RESOURCE, SCOPE));
    for change in ["slash", "case", "host", "number", "absent"] {
        let fake = fake_at("/realms/mcp", Vec::new());
        let mut document = fake.metadata();
        document["introspection_endpoint"] = json!(second.introspection_url());
        document["issuer"] = match change {
            "slash" => json!(format!("{}/", fake.issuer())),
            "case" => json!(fake.issuer().replace("realms", "Realms")),
            "host" => json!(fake.issuer().replace("127.0.0.1", "localhost")),
            "number" => json!(5),
            _ => json!(null),
        };
        for form in MetadataForm::ALL {
            fake.serve_metadata(form, document.clone());
        }
        let server = discovering(&fake);
        server.call("good").await.assert_unavailable(change);
        searched_in_vain(&fake, &server.verifier).await;
        server.call("good").await.assert_unavailable(change);
        assert!(server.verifier.readiness().is_err(), "{change}");
        assert_eq!(fake.introspection_count(), 0, "{change}");
    }
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn odd_documents_do_not_stop_the_search() {
    for odd in [
        Reply::status(500),
        Reply::from(json!([])),
        Reply::from(json!({})),
        Reply::huge(70_000),
        Reply::reset(),
        Reply::new(
            200,
            "application/json",
            "{\"issuer\":\"a\",\"issuer\":\"b\"}",
        ),
    ] {
        let fake = fake_at("/realms/mcp", vec![MetadataForm::OpenIdAppended]);
        fake.serve_metadata(MetadataForm::OAuth, odd.clone());
        let without_endpoint = json!({"issuer": fake.issuer()});
        fake.serve_metadata(MetadataForm::OpenIdInserted, without_endpoint);
        let server = discovering(&fake);
        server.verifier.ready().await;
        server.call("good").await.assert_served(&format!("{odd:?}"));
    }
}

#[tokio::test]
async fn rs_31_redirected_metadata_is_not_followed() {
    let fake = fake_at("", Vec::new());
    let second = fake_with_good_token();
    for form in MetadataForm::ALL {
        let url = second.url(&second.metadata_path(form));
        fake.serve_metadata(form, Reply::redirect(307, &url));
    }
    let server = discovering(&fake);
    searched_in_vain(&fake, &server.verifier).await;
    server.call("good").await.assert_unavailable("redirected");
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn rs_30_discovered_plain_http_endpoint_is_refused_unless_allowed() {
    for (allowed, ready) in [(false, false), (true, true)] {
        let fake = fake_at("", Vec::new());
        let mut document = fake.metadata();
        document["introspection_endpoint"] = json!("http://as.example/introspect");
        for form in MetadataForm::ALL {
            fake.serve_metadata(form, document.clone());
        }
        let server = spawn_server(&fake, |setup| {
            setup.introspection.endpoint = None;
            setup.introspection.authorization_server.allow_insecure_http = allowed;
        });
        if ready {
            server.verifier.ready().await;
        } else {
            searched_in_vain(&fake, &server.verifier).await;
            let why = server.verifier.readiness().expect_err("refused");
            assert!(why.contains("https"), "{why}");
        }
    }
}

#[tokio::test]
async fn rs_34_unadvertised_client_auth_method_is_warned_about() {
    for (advertised, warnings) in [
        (json!(["private_key_jwt"]), 1),
        (json!([]), 1),
        (json!(["private_key_jwt", "client_secret_basic"]), 0),
        (json!(null), 0),
    ] {
        let logs = Logs::default();
        let _captured = dispatcher::set_default(&logs.subscriber(Level::WARN));
        let fake = fake_at("", Vec::new());
        let mut document = fake.metadata();
        document["introspection_endpoint_auth_methods_supported"] = advertised.clone();
        fake.serve_metadata(MetadataForm::OAuth, document);
        let server = discovering(&fake);
        server.verifier.ready().await;
        let lines = logs.lines(Level::WARN, "client authentication");
        assert_eq!(lines.len(), warnings, "{advertised}: {}", logs.text());
        for line in lines {
            assert!(line.contains("client_secret_basic"), "{line}");
            if advertised != json!([]) {
                assert!(line.contains("private_key_jwt"), "{line}");
            }
        }
        server
            .call("good")
            .await
            .assert_served("asked all the same");
    }
}

#[tokio::test]
async fn an_authorization_server_that_comes_up_later_is_found() {
    let fake = fake_at("", MetadataForm::ALL.to_vec());
    fake.stop().await;
    let server = discovering(&fake);
    eventually("the first search has failed", async || {
        let readiness = server.verifier.readiness();
        readiness.is_err_and(|why| why.contains("http"))
    })
    .await;
    server.call("good").await.assert_unavailable("not up yet");
    fake.restart();
    server.verifier.ready().await;
    server.call("good").await.assert_served("up");
}
