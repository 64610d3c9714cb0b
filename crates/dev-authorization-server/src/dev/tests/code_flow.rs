use super::*;

#[tokio::test]
async fn a_public_client_gets_tokens_for_the_resource() {
    let lab = Lab::new();
    let url = lab.decide("approve", " Zoë ").await;
    assert!(url.as_str().starts_with(REDIRECT_URI), "{url}");
    assert_eq!(query(&url, "state").as_deref(), Some("s&t=é"));
    assert_eq!(query(&url, "iss").as_deref(), Some(lab.server.issuer()));

    let code = query(&url, "code").expect("a code");
    let response = lab.post("/token", &exchange(&code)).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (status, tokens) = read(response).await;
    assert_eq!(status, 200);
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 600);
    assert_eq!(tokens["scope"], "mcp:tools offline_access");

    let claims = lab.introspect(&tokens["access_token"]).await;
    let issued = claims["iat"].as_u64().expect("seconds");
    let expected = json!({
        "active": true,
        "iss": lab.server.issuer(),
        "sub": "Zoë",
        "username": "Zoë",
        "client_id": "app",
        "aud": RESOURCE,
        "scope": "mcp:tools offline_access",
        "iat": issued,
        "exp": issued + 600,
        "token_type": "Bearer",
    });
    assert_eq!(claims, expected);
    let refresh = lab.introspect(&tokens["refresh_token"]).await;
    assert_eq!(refresh, json!({"active": false}));
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_own_request_only() {
    let cases = [
        ("code_verifier", Some("wrong"), "invalid_grant"),
        ("code_verifier", None, "invalid_request"),
        ("code", Some("unknown"), "invalid_grant"),
        ("code", None, "invalid_request"),
        ("client_id", Some("thief"), "invalid_grant"),
        (
            "redirect_uri",
            Some("http://127.0.0.1:51005/callback?kept=1"),
            "invalid_grant",
        ),
        ("resource", Some("https://other.example"), "invalid_target"),
        ("grant_type", Some("password"), "unsupported_grant_type"),
        ("grant_type", None, "invalid_request"),
    ];
    let lab = Lab::new();
    for (name, value, error) in cases {
        let code = lab.code().await;
        let mut form = exchange(&code).to_vec();
        form.retain(|(key, _)| *key != name);
        form.extend(value.map(|value| (name, value)));
        let (status, answer) = lab.token(&form).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!(error)),
            "{name} {value:?}"
        );
    }

    let code = lab.code().await;
    let (_, tokens) = lab.token(&exchange(&code)).await;
    assert!(lab.is_active(&tokens["access_token"]).await);
    let (status, answer) = lab.token(&exchange(&code)).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert!(!lab.is_active(&tokens["access_token"]).await);
    assert_eq!(lab.token(&refresh(&tokens)).await.0, 400);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_spent_one_revokes_all() {
    let lab = Lab::new();
    let first = lab.tokens().await;
    let refused = [
        ("scope", "mcp:admin", "invalid_scope"),
        ("resource", "https://other.example", "invalid_target"),
        ("client_id", "thief", "invalid_grant"),
    ];
    for (name, value, error) in refused {
        let mut form = refresh(&first);
        form.retain(|(key, _)| *key != name);
        form.push((name, value));
        let (status, answer) = lab.token(&form).await;
        assert_eq!((status, &answer["error"]), (400, &json!(error)), "{name}");
    }

    let mut narrow = refresh(&first);
    narrow.push(("scope", "mcp:tools"));
    let (_, second) = lab.token(&narrow).await;
    assert_eq!(second["scope"], "mcp:tools");
    let (_, third) = lab.token(&refresh(&second)).await;
    assert_eq!(third["scope"], "mcp:tools offline_access");
    assert!(lab.is_active(&third["access_token"]).await);

    let (status, answer) = lab.token(&refresh(&first)).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert!(!lab.is_active(&third["access_token"]).await);
    assert_eq!(lab.token(&refresh(&third)).await.0, 400);
}

#[tokio::test]
async fn revocation_takes_a_client_s_own_tokens() {
    let lab = Lab::new();
    let revoke = async |client: &str, token: &Value| {
        let token = token.as_str().expect("a token");
        let form = [("client_id", client), ("token", token)];
        assert_eq!(lab.post("/revoke", &form).await.status(), 200);
    };
    let tokens = lab.tokens().await;
    revoke("thief", &tokens["access_token"]).await;
    revoke("thief", &tokens["refresh_token"]).await;
    revoke("app", &json!("unknown")).await;
    assert!(lab.is_active(&tokens["access_token"]).await);
    revoke("app", &tokens["access_token"]).await;
    assert!(!lab.is_active(&tokens["access_token"]).await);

    let (_, refreshed) = lab.token(&refresh(&tokens)).await;
    revoke("app", &refreshed["refresh_token"]).await;
    assert!(!lab.is_active(&refreshed["access_token"]).await);
    assert_eq!(lab.token(&refresh(&refreshed)).await.0, 400);
    let nobody = lab
        .post("/revoke", &[("token", "t"), ("client_id", "?")])
        .await;
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn tokens_outlive_a_restart_on_the_same_port() {
    let lab = Lab::new();
    let tokens = lab.tokens().await;
    for _ in 0..3 {
        lab.server.stop().await;
        let refused = lab.http.get(lab.url("/authorize")).send().await;
        assert!(refused.expect_err("nobody listens").is_connect());
        lab.server.restart().expect("the port is free");
        assert!(lab.is_active(&tokens["access_token"]).await);
    }
}

fn refresh(tokens: &Value) -> Vec<(&str, &str)> {
    let token = tokens["refresh_token"].as_str().expect("a refresh token");
    vec![
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", token),
    ]
}
