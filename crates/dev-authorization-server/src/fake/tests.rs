use std::time::Duration;

use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Value, json};

use super::*;

async fn introspect(fake: &FakeAuthorizationServer, token: &str) -> reqwest::Result<Response> {
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_millis(300))
        .build()?;
    let request = client.post(fake.introspection_url());
    request.form(&[("token", token)]).send().await
}

async fn claims(fake: &FakeAuthorizationServer, token: &str) -> Value {
    let response = introspect(fake, token).await.expect("an answer");
    response.json().await.expect("JSON")
}

#[tokio::test]
async fn metadata_is_served_at_the_chosen_forms() {
    let fake = FakeAuthorizationServer::start_with(FakeConfig {
        issuer_path: "/realms/mcp".to_owned(),
        metadata: vec![MetadataForm::OpenIdAppended],
        ..FakeConfig::default()
    });
    let status = async |form| {
        let response = reqwest::get(fake.url(&fake.metadata_path(form))).await;
        response.expect("an answer").status().as_u16()
    };
    assert_eq!(status(MetadataForm::OAuth).await, 404);
    assert_eq!(status(MetadataForm::OpenIdInserted).await, 404);
    assert_eq!(status(MetadataForm::OpenIdAppended).await, 200);
    fake.serve_metadata(MetadataForm::OAuth, Reply::html());
    assert_eq!(status(MetadataForm::OAuth).await, 200);
    fake.hide_metadata();
    assert_eq!(status(MetadataForm::OpenIdAppended).await, 404);

    let paths: Vec<_> = fake
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(
        paths[0],
        "/.well-known/oauth-authorization-server/realms/mcp"
    );
    assert_eq!(paths[1], "/.well-known/openid-configuration/realms/mcp");
    assert_eq!(paths[2], "/realms/mcp/.well-known/openid-configuration");
    assert_eq!(fake.metadata()["issuer"], fake.issuer());
    assert!(fake.issuer().ends_with("/realms/mcp"));
}

#[tokio::test]
async fn answers_in_order_then_by_token_then_by_default() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims("urn:a", "s"));
    fake.answer_next(Reply::status(503).with_header("Retry-After", "7"));
    fake.answer_next(Reply::redirect(307, "http://127.0.0.1:1/"));

    let failed = introspect(&fake, "good").await.expect("an answer");
    assert_eq!(failed.status(), 503);
    assert_eq!(failed.headers()["retry-after"], "7");
    assert_eq!(
        introspect(&fake, "good").await.expect("an answer").status(),
        307
    );
    assert_eq!(claims(&fake, "good").await["sub"], "alice");
    assert_eq!(claims(&fake, "other").await, json!({"active": false}));
    fake.forget_token("good");
    assert_eq!(claims(&fake, "good").await, json!({"active": false}));

    assert_eq!(fake.introspection_count(), 5);
    let first = &fake.introspections()[0];
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/introspect")
    );
    assert_eq!(first.form_value("token").as_deref(), Some("good"));
    assert_eq!(
        first.header("CONTENT-TYPE"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn broken_answers_break_the_way_they_are_told_to() {
    let fake = FakeAuthorizationServer::start();
    let body = json!({"active": true, "sub": "alice"});
    let cases = [
        ("whole", Reply::from(body.clone()), true),
        ("chunked", Reply::from(body.clone()).chunked(), true),
        ("huge", Reply::huge(1 << 20).chunked(), true),
        ("reset", Reply::reset(), false),
        (
            "late",
            Reply::from(body.clone()).after(Duration::from_secs(60)),
            false,
        ),
        ("stalling", Reply::from(body.clone()).stalling(), false),
        ("truncated", Reply::from(body.clone()).truncated(), false),
        (
            "slow",
            Reply::from(body).slowly(Duration::from_millis(50)),
            false,
        ),
    ];
    for (case, reply, answered) in cases {
        fake.answer_next(reply);
        let body = match introspect(&fake, "t").await {
            Ok(response) => response.json::<Value>().await,
            Err(error) => Err(error),
        };
        assert_eq!(body.is_ok(), answered, "{case}: {body:?}");
    }
}

#[tokio::test]
async fn clients_are_told_apart() {
    let fake = FakeAuthorizationServer::start();
    let http = Client::new();
    let post =
        |form: Vec<(&'static str, &'static str)>| http.post(fake.introspection_url()).form(&form);
    let basic = || post(vec![("token", "t")]).basic_auth("a%3Ab", Some("p%25"));
    let both = || {
        post(vec![("client_id", "a:b"), ("client_secret", "p%")]).basic_auth("a%3Ab", Some("p%25"))
    };
    let posted = || post(vec![("client_id", "a:b"), ("client_secret", "p%")]);
    let (id, secret) = ("a:b".to_owned(), "p%".to_owned());
    let raw = ExpectedClient::RawBasic {
        id: "a%3Ab".to_owned(),
        secret: "p%25".to_owned(),
    };
    let cases = [
        (ExpectedClient::basic("a:b", "p%"), basic(), 200),
        (ExpectedClient::basic("a:b", "p%"), both(), 401),
        (ExpectedClient::basic("a:b", "p%"), posted(), 401),
        (ExpectedClient::basic("a:b", "rotated"), basic(), 401),
        (raw, basic(), 200),
        (
            ExpectedClient::Post {
                id: id.clone(),
                secret: secret.clone(),
            },
            posted(),
            200,
        ),
        (ExpectedClient::Post { id, secret }, both(), 401),
    ];
    for (number, (expected, request, status)) in cases.into_iter().enumerate() {
        fake.require_client(expected);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "case {number}");
    }
    let first = &fake.introspections()[0];
    assert_eq!(first.basic(), Some(("a:b".to_owned(), "p%".to_owned())));
    assert_eq!(
        first.raw_basic(),
        Some(("a%3Ab".to_owned(), "p%25".to_owned()))
    );
}

#[tokio::test]
async fn a_gate_holds_introspections_until_it_opens() {
    let fake = Arc::new(FakeAuthorizationServer::start());
    let gate = fake.hold_introspections();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let url = fake.introspection_url();
            tokio::spawn(async move { Client::new().post(url).send().await })
        })
        .collect();
    fake.wait_for_introspections(3).await;
    assert_eq!(fake.peak_introspections(), 3);
    assert!(callers.iter().all(|caller| !caller.is_finished()));
    gate.release(1);
    gate.open();
    for caller in callers {
        let response = caller.await.expect("no panic").expect("an answer");
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test]
async fn it_stops_and_comes_back_on_the_same_port() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", json!({"active": true}));
    assert_eq!(claims(&fake, "good").await["active"], true);
    for _ in 0..3 {
        fake.stop().await;
        assert!(
            introspect(&fake, "good")
                .await
                .expect_err("nobody listens")
                .is_connect()
        );
        fake.restart();
        assert_eq!(claims(&fake, "good").await["active"], true);
    }
}

#[actix_web::test]
async fn it_runs_beside_an_actix_system_and_stops_while_a_request_hangs() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_by_default(Reply::from(json!({})).after(Duration::from_secs(3600)));
    introspect(&fake, "t").await.expect_err("a time-out");
    timeout(Duration::from_secs(5), fake.stop())
        .await
        .expect("no wait for the hour to pass");
}
