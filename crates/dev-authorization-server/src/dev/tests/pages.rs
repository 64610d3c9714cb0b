use super::*;

#[tokio::test]
async fn wrong_requests_end_on_a_page_or_at_the_client() {
    const PAGE: Option<&str> = None;
    let cases = [
        ("client_id", None, PAGE),
        ("client_id", Some("nobody"), PAGE),
        ("redirect_uri", Some("http://127.0.0.1:51004/other"), PAGE),
        ("redirect_uri", Some("https://evil.example/"), PAGE),
        ("redirect_uri", Some("javascript:alert(1)"), PAGE),
        ("response_type", None, Some("invalid_request")),
        (
            "response_type",
            Some("token"),
            Some("unsupported_response_type"),
        ),
        ("code_challenge", None, Some("invalid_request")),
        ("code_challenge", Some("short"), Some("invalid_request")),
        ("code_challenge_method", None, Some("invalid_request")),
        (
            "code_challenge_method",
            Some("plain"),
            Some("invalid_request"),
        ),
        (
            "resource",
            Some("http://127.0.0.1:8000/MCP"),
            Some("invalid_target"),
        ),
        ("scope", Some("root"), Some("invalid_scope")),
    ];
    let lab = Lab::new();
    for (name, value, error) in cases {
        let response = lab.authorize(&[(name, value)]).await;
        let case = format!("{name} {value:?}");
        if error == PAGE {
            assert_eq!(response.status(), 400, "{case}");
            assert!(!response.headers().contains_key("location"), "{case}");
            continue;
        }
        assert_eq!(response.status(), 303, "{case}");
        let url = location(&response);
        assert!(url.as_str().starts_with(REDIRECT_URI), "{case}");
        assert_eq!(query(&url, "error").as_deref(), error, "{case}");
        assert_eq!(query(&url, "state").as_deref(), Some("s&t=é"), "{case}");
        assert_eq!(query(&url, "iss").as_deref(), Some(lab.server.issuer()));
    }
}

#[tokio::test]
async fn what_may_be_left_out_has_a_default() {
    let lab = Lab::new();
    let omitted = ["redirect_uri", "scope", "state", "resource"].map(|name| (name, None));
    let page = lab.authorize(&omitted).await.text().await.expect("a page");
    for shown in [REGISTERED_URI, RESOURCE, "mcp:tools", "mcp:admin"] {
        assert!(
            page.contains(&format!("<dd>{shown}</dd>")),
            "{shown}: {page}"
        );
    }
    assert!(!page.contains("offline_access"));
}

#[tokio::test]
async fn the_page_escapes_what_it_shows_and_keeps_others_out() {
    let lab = Lab::new();
    let hostile = r#"<script>alert("1")</script>&'"#;
    let registration = json!({
        "client_name": hostile,
        "redirect_uris": ["https://c.example/?a=%3C\"'b"],
        "token_endpoint_auth_method": "none",
    });
    let request = lab.http.post(lab.url("/register")).json(&registration);
    let (status, client) = read(request.send().await.expect("an answer")).await;
    assert_eq!(status, 201, "{client}");
    assert_eq!(client["client_name"], hostile);

    let id = client["client_id"].as_str();
    let response = lab
        .authorize(&[("client_id", id), ("redirect_uri", None)])
        .await;
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["cache-control"], "no-store");
    let policy = headers["content-security-policy"].to_str().expect("ASCII");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    let page = response.text().await.expect("a page");
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"));
    assert!(page.contains("?a=%3C&quot;&#39;b"), "{page}");
}

#[tokio::test]
async fn a_decision_counts_once_and_only_from_its_page() {
    let lab = Lab::new();
    let denied = lab.decide("deny", "bob").await;
    assert_eq!(query(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&denied, "state").as_deref(), Some("s&t=é"));
    assert_eq!(query(&denied, "code"), None);

    let page = lab.authorize(&[]).await.text().await.expect("a page");
    let ticket = ticket(&page);
    let long_name = "x".repeat(65);
    let approve = ("decision", "approve");
    let cases: [(&Form<'_>, u16); 7] = [
        (&[approve], 400),
        (&[approve, ("ticket", "guess")], 400),
        (&[("ticket", ticket)], 400),
        (&[("decision", "maybe"), ("ticket", ticket)], 400),
        (
            &[approve, ("ticket", ticket), ("username", &long_name)],
            400,
        ),
        (&[approve, ("ticket", ticket)], 303),
        (&[approve, ("ticket", ticket)], 400),
    ];
    for (form, status) in cases {
        assert_eq!(
            lab.post("/authorize", form).await.status(),
            status,
            "{form:?}"
        );
    }
}
