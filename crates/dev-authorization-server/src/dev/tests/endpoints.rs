use std::io::ErrorKind;

use reqwest::Method;

use super::*;

#[tokio::test]
async fn both_metadata_documents_tell_clients_what_they_need() {
    let lab = Lab::new();
    for path in ["oauth-authorization-server", "openid-configuration"] {
        let url = lab.url(&format!("/.well-known/{path}"));
        let response = lab.http.get(url).send().await.expect("an answer");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let (status, metadata) = read(response).await;
        assert_eq!(
            (status, &metadata["issuer"]),
            (200, &json!(lab.server.issuer()))
        );
        for endpoint in [
            "authorization",
            "token",
            "registration",
            "introspection",
            "revocation",
        ] {
            let url = metadata[format!("{endpoint}_endpoint")].as_str();
            let url = url.expect("an endpoint");
            let served = lab.http.get(url).send().await.expect("an answer");
            assert_ne!(served.status(), 404, "{url}");
        }
        assert_eq!(
            metadata["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(
            metadata["scopes_supported"],
            json!(["mcp:tools", "mcp:admin", "offline_access"])
        );
        assert_eq!(
            metadata["authorization_response_iss_parameter_supported"],
            true
        );
    }
}

#[tokio::test]
async fn browsers_may_call_all_but_the_pages_and_introspection() {
    let lab = Lab::new();
    let cases = [
        ("/.well-known/oauth-authorization-server", true),
        ("/register", true),
        ("/token", true),
        ("/revoke", true),
        ("/introspect", false),
        ("/authorize", false),
    ];
    for (path, open) in cases {
        let preflight = lab
            .http
            .request(Method::OPTIONS, lab.url(path))
            .header("Origin", "http://localhost:6274")
            .header("Access-Control-Request-Method", "POST")
            .header(
                "Access-Control-Request-Headers",
                "authorization, mcp-protocol-version",
            );
        let response = preflight.send().await.expect("an answer");
        let headers = response.headers();
        assert_eq!(
            headers.contains_key("access-control-allow-origin"),
            open,
            "{path}"
        );
        if open {
            assert_eq!(response.status(), 204, "{path}");
            let allowed = &headers["access-control-allow-headers"];
            assert_eq!(allowed, "authorization, mcp-protocol-version", "{path}");
        }
    }
    let refused = lab.post("/token", &[]).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn another_host_name_opens_no_door() {
    let lab = Lab::new();
    let port = lab.server.address().port();
    let cases = [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("rebound.example:{port}"), 400),
        ("127.0.0.1".to_owned(), 400),
    ];
    for (host, status) in cases {
        let url = lab.url("/.well-known/oauth-authorization-server");
        let request = lab.http.get(url).header("Host", &host);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), status, "{host}");
    }
}

#[tokio::test]
async fn registration_answers_what_it_registered_or_why_not() {
    let uris = json!([
        "http://127.0.0.1/cb",
        "cursor://anysphere/cb",
        "https://c.example/cb"
    ]);
    let long_name = "x".repeat(201);
    let cases = [
        (
            json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"}),
            None,
        ),
        (
            json!({"redirect_uris": uris, "scope": "a b", "contacts": ["x"]}),
            None,
        ),
        (json!({"grant_types": ["client_credentials"]}), None),
        (json!({}), Some("invalid_redirect_uri")),
        (
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            Some("invalid_redirect_uri"),
        ),
        (
            json!({"redirect_uris": ["http://c.example/"]}),
            Some("invalid_redirect_uri"),
        ),
        (
            json!({"redirect_uris": "https://c.example/"}),
            Some("invalid_client_metadata"),
        ),
        (
            json!({"redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt"}),
            Some("invalid_client_metadata"),
        ),
        (
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}),
            Some("invalid_client_metadata"),
        ),
        (
            json!({"redirect_uris": uris, "client_name": long_name}),
            Some("invalid_client_metadata"),
        ),
        (
            json!({"redirect_uris": uris, "grant_types": ["implicit"]}),
            Some("invalid_client_metadata"),
        ),
        (json!([]), Some("invalid_client_metadata")),
    ];
    let lab = Lab::new();
    for (metadata, error) in cases {
        let request = lab.http.post(lab.url("/register")).json(&metadata);
        let (status, answer) = read(request.send().await.expect("an answer")).await;
        if let Some(error) = error {
            assert_eq!(
                (status, &answer["error"]),
                (400, &json!(error)),
                "{metadata}"
            );
            continue;
        }
        assert_eq!(status, 201, "{metadata} {answer}");
        let public = metadata["token_endpoint_auth_method"] == "none";
        assert_eq!(answer.get("client_secret").is_none(), public, "{answer}");
        assert!(answer["client_id"].is_string());
        assert!(answer["client_id_issued_at"].is_u64());
        for name in ["redirect_uris", "scope", "grant_types"] {
            let sent = metadata.get(name);
            assert!(
                sent.is_none() || sent == answer.get(name),
                "{name}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn grants_that_do_not_exist_here_are_left_out() {
    let lab = Lab::new();
    let metadata = json!({
        "client_name": "Visual Studio Code",
        "grant_types": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "response_types": ["code"],
        "redirect_uris": ["https://vscode.dev/redirect", "http://localhost/", "http://127.0.0.1:33418/"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    let request = lab.http.post(lab.url("/register")).json(&metadata);
    let (status, client) = read(request.send().await.expect("an answer")).await;
    assert_eq!(status, 201, "{client}");
    assert_eq!(
        client["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
}

#[tokio::test]
async fn a_registered_confidential_client_authenticates() {
    let lab = Lab::new();
    let metadata = json!({"grant_types": ["client_credentials"], "client_name": "job"});
    let request = lab.http.post(lab.url("/register")).json(&metadata);
    let (_, client) = read(request.send().await.expect("an answer")).await;
    let member = |name: &str| client[name].as_str().expect("text");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", member("client_id")),
        ("client_secret", member("client_secret")),
    ];
    let (status, tokens) = lab.token(&form).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(lab.is_active(&tokens["access_token"]).await);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let lab = Lab::new();
    let long = "x".repeat(70_000);
    let response = lab.post("/token", &[("grant_type", &long)]).await;
    assert_eq!(response.status(), 413);
}

#[actix_web::test]
async fn it_starts_beside_an_actix_system_and_names_wrong_configuration() {
    let valid = || DevConfig {
        resources: vec![RESOURCE.to_owned()],
        ..DevConfig::default()
    };
    let wrong = [
        DevConfig {
            resources: Vec::new(),
            ..valid()
        },
        DevConfig {
            resources: vec!["mcp".to_owned()],
            ..valid()
        },
        DevConfig {
            issuer: Some("http://localhost:9000/".to_owned()),
            ..valid()
        },
        DevConfig {
            issuer: Some("localhost".to_owned()),
            ..valid()
        },
        DevConfig {
            clients: vec![DevClient::public("a", "javascript:x")],
            ..valid()
        },
    ];
    for config in wrong {
        let error = DevAuthorizationServer::start(config)
            .err()
            .expect("an error");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }

    let named = DevConfig {
        issuer: Some("http://localhost:9000".to_owned()),
        ..valid()
    };
    let server = DevAuthorizationServer::start(named).expect("it starts");
    assert_eq!(server.issuer(), "http://localhost:9000");
    let port = server.address().port();
    let taken = DevAuthorizationServer::start(DevConfig { port, ..valid() });
    assert_eq!(taken.err().expect("an error").kind(), ErrorKind::AddrInUse);
    drop(server);
    let again = DevAuthorizationServer::start(DevConfig { port, ..valid() });
    assert_eq!(again.expect("the port is free").address().port(), port);
}
