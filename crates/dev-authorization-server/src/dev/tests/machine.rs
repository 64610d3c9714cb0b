use std::time::Duration;

use super::*;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const ID: (&str, &str) = ("client_id", MACHINE.0);
const SECRET: (&str, &str) = ("client_secret", MACHINE.1);

#[tokio::test]
async fn a_machine_gets_tokens_by_post_and_by_basic() {
    let lab = Lab::new();
    let (status, posted) = lab.token(&[GRANT, ID, SECRET]).await;
    assert_eq!(
        (status, &posted["scope"]),
        (200, &json!("mcp:tools mcp:admin"))
    );
    assert!(posted.get("refresh_token").is_none());
    let claims = lab.introspect(&posted["access_token"]).await;
    assert_eq!(
        (&claims["aud"], claims.get("sub")),
        (&json!(RESOURCE), None)
    );
    assert_eq!(claims["client_id"], MACHINE.0);

    let form = [
        GRANT,
        ("scope", "openid mcp:tools"),
        ("resource", "https://other.example/"),
    ];
    let request = lab.http.post(lab.url("/token")).form(&form);
    let request = request.basic_auth("machine%3A1", Some("p%25+%2B%26%3D%C3%A9"));
    let (status, basic) = read(request.send().await.expect("an answer")).await;
    assert_eq!((status, &basic["scope"]), (200, &json!("mcp:tools")));
    let claims = lab.introspect(&basic["access_token"]).await;
    assert_eq!(claims["aud"], "https://other.example");
}

#[tokio::test]
async fn wrong_token_requests_are_refused_by_name() {
    let cases: [(&Form<'_>, u16, &str); 9] = [
        (&[GRANT], 400, "invalid_request"),
        (&[GRANT, ID], 401, "invalid_client"),
        (
            &[GRANT, ID, ("client_secret", "wrong")],
            401,
            "invalid_client",
        ),
        (
            &[GRANT, ("client_id", "nobody"), SECRET],
            401,
            "invalid_client",
        ),
        (&[GRANT, ("client_id", "app")], 400, "unauthorized_client"),
        (
            &[GRANT, ("client_id", RESOURCE), ("client_secret", "rs")],
            400,
            "unauthorized_client",
        ),
        (
            &[GRANT, ID, SECRET, ("resource", "http://127.0.0.1:8000")],
            400,
            "invalid_target",
        ),
        (
            &[GRANT, ID, SECRET, ("scope", "openid")],
            400,
            "invalid_scope",
        ),
        (&[GRANT, ID, ID, SECRET], 400, "invalid_request"),
    ];
    let lab = Lab::new();
    for (form, status, error) in cases {
        let response = lab.post("/token", form).await;
        assert_eq!(response.headers()["cache-control"], "no-store");
        let challenged = response.headers().contains_key("www-authenticate");
        assert_eq!(challenged, status == 401, "{form:?}");
        let (actual, answer) = read(response).await;
        assert_eq!(
            (actual, &answer["error"]),
            (status, &json!(error)),
            "{form:?}"
        );
    }
    let twice = lab.http.post(lab.url("/token")).form(&[GRANT, ID, SECRET]);
    let twice = twice.basic_auth("machine%3A1", Some("x")).send().await;
    assert_eq!(twice.expect("an answer").status(), 400);
    let bearer = lab.http.post(lab.url("/token")).form(&[GRANT]);
    let bearer = bearer.bearer_auth("t").send().await;
    assert_eq!(bearer.expect("an answer").status(), 401);
}

#[tokio::test]
async fn only_a_resource_server_may_introspect() {
    let lab = Lab::new();
    let token = ("token", "unknown");
    let cases: [(&Form<'_>, u16); 5] = [
        (
            &[token, ("client_id", RESOURCE), ("client_secret", "rs")],
            200,
        ),
        (
            &[token, ("client_id", RESOURCE), ("client_secret", "RS")],
            401,
        ),
        (&[token, ID, SECRET], 401),
        (&[token, ("client_id", "app")], 401),
        (&[("client_id", RESOURCE), ("client_secret", "rs")], 400),
    ];
    for (form, status) in cases {
        assert_eq!(
            lab.post("/introspect", form).await.status(),
            status,
            "{form:?}"
        );
    }
}

#[tokio::test]
async fn an_expired_token_is_inactive() {
    let lab = Lab::with(DevConfig {
        token_lifetime: Duration::ZERO,
        ..DevConfig::default()
    });
    let (_, answer) = lab.token(&[GRANT, ID, SECRET]).await;
    let claims = lab.introspect(&answer["access_token"]).await;
    assert_eq!(claims, json!({"active": false}));
}
