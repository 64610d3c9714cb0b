//! Which credentials are taken from a request, and which are refused without asking anybody.

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::{TestServer, altered, fake_with_good_token, spawn_server};

#[tokio::test]
async fn rs_01_bearer_scheme_is_case_insensitive() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let answer = server.call_with(format!("{scheme} good")).await;
        answer.assert_served(scheme);
        assert_eq!(answer.tool_result()["subject"], "alice", "{scheme}");
    }
}

#[tokio::test]
async fn rs_02_token_in_url_is_never_accepted() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for query in [
        "access_token=good",
        "%61ccess_token=good",
        "access%5Ftoken=good",
        "x=1&access_token=good",
        "access_token=",
    ] {
        let answer = server
            .send(server.request_to(&format!("/mcp?{query}")))
            .await;
        answer.assert_no_credential(query);
    }
    assert_eq!(fake.introspection_count(), 0);
}

#[tokio::test]
async fn rs_03_two_credentials_are_invalid_request() {
    let fake = fake_with_good_token();
    fake.answer_token("other", altered(&fake, json!({})));
    let server = spawn_server(&fake, |_| {});
    let header = |value: &str| server.request().header("Authorization", value);
    let query = |query: &str| {
        let request = server.request_to(&format!("/mcp?{query}"));
        request.bearer_auth("good")
    };
    let cases: [(&str, RequestBuilder); 13] = [
        (
            "two headers",
            header("Bearer good").header("Authorization", "Bearer other"),
        ),
        (
            "the same header twice",
            header("Bearer good").header("Authorization", "Bearer good"),
        ),
        (
            "another scheme in the second header",
            header("Bearer good").header("Authorization", "Basic eDp5"),
        ),
        (
            "another scheme in the first header",
            header("Basic eDp5").header("Authorization", "Bearer good"),
        ),
        ("a list", header("Bearer good, Bearer other")),
        ("two words", header("Bearer good other")),
        ("header and query", query("access_token=other")),
        ("header and encoded query", query("%61ccess_token=other")),
        ("header and empty query", query("x=1&access_token")),
        (
            "header and form",
            form(
                &server,
                "application/x-www-form-urlencoded",
                "access_token=other",
            ),
        ),
        (
            "form with a charset",
            form(
                &server,
                "Application/X-WWW-Form-Urlencoded; charset=utf-8",
                "a=b&access%5ftoken=other",
            ),
        ),
        (
            "header and form with the same token",
            form(
                &server,
                "application/x-www-form-urlencoded",
                "access_token=good",
            ),
        ),
        (
            "a form too large to look through",
            form(
                &server,
                "application/x-www-form-urlencoded",
                &"x".repeat(70_000),
            ),
        ),
    ];
    for (case, request) in cases {
        server.send(request).await.assert_invalid_request(case);
    }
    assert_eq!(fake.introspection_count(), 0);
}

fn form(server: &TestServer, content_type: &str, body: &str) -> RequestBuilder {
    server
        .http
        .post(server.url("/mcp"))
        .bearer_auth("good")
        .header("Content-Type", content_type)
        .body(body.to_owned())
}

#[tokio::test]
async fn a_form_without_a_token_is_no_second_credential() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for body in ["", "token=x", "Access_Token=x"] {
        let request = form(&server, "application/x-www-form-urlencoded", body);
        let answer = server.send(request).await;
        assert!(
            matches!(answer.status, 406 | 415),
            "left to the service behind: {answer:?}"
        );
    }
}

#[tokio::test]
async fn rs_04_malformed_or_oversized_token_stays_here() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    for token in [
        "to{ken",
        "to\"ken",
        "é",
        "to\u{e9}ken",
        "to=ken",
        "=",
        "to\tken",
        "%41",
    ] {
        let answer = server.call_with(format!("Bearer {token}")).await;
        answer.assert_invalid_token(token);
    }
    for length in [16 * 1024 + 1, 64 * 1024] {
        let token = "a".repeat(length);
        server
            .call(&token)
            .await
            .assert_too_long(&length.to_string());
    }
    for bytes in [&b"Bearer \xff\xfe"[..], b"Bearer to\x80ken"] {
        let answer = server.call_with(bytes).await;
        answer.assert_invalid_token(&format!("{bytes:?}"));
    }
    for empty in ["Bearer", "Bearer ", "bearer   "] {
        server.call_with(empty).await.assert_invalid_request(empty);
    }
    assert_eq!(fake.introspection_count(), 0);

    let longest = "a".repeat(16 * 1024);
    fake.answer_token(&longest, altered(&fake, json!({})));
    server.call(&longest).await.assert_served("16 KiB");
    assert_eq!(fake.introspection_count(), 1);
}

#[tokio::test]
async fn rs_04_the_token_cap_is_configurable() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| setup.resource.max_token_bytes = 4);
    server.call("good").await.assert_served("4 bytes");
    server.call("good5").await.assert_too_long("5 bytes");
    assert_eq!(fake.introspection_count(), 1);
}

#[tokio::test]
async fn rs_06_missing_credential_gets_bearer_challenge() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let bare = server.send(server.request()).await;
    assert_eq!(bare.status, 401);
    assert_eq!(bare.json()["error"], "invalid_token");
    let mut answers = vec![bare];
    for other in ["Basic abc", "DPoP abc", "", "Bearergood", "good"] {
        answers.push(server.call_with(other).await);
    }
    for answer in answers {
        assert_eq!(answer.status, 401, "{answer:?}");
        let _the_only_one = answer.challenge();
        let challenge = answer.header("www-authenticate");
        assert!(challenge.is_some_and(|text| text.starts_with("Bearer ")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(fake.introspection_count(), 0);
}

#[tokio::test]
async fn rs_07_missing_credential_has_no_error_parameter() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let answers = [
        server.send(server.request()).await,
        server.call_with("Basic eDp5").await,
        server.call_with("DPoP good").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 401);
        let challenge = answer.challenge();
        for name in ["error", "error_description", "error_uri"] {
            assert_eq!(challenge.get(name), None, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn rs_51_handlers_never_see_the_token() {
    let fake = FakeAuthorizationServer::start();
    let token = "a-token-nobody-else-may-see";
    fake.answer_token(token, altered(&fake, json!({"jwt": token})));
    let server = spawn_server(&fake, |_| {});
    let dump = crate::support::call_tool(server.http.post(server.url("/mcp?x=1")), "dump");
    let request = dump
        .bearer_auth(token)
        .header("X-Marker", "seen by handlers");
    let seen = server.send(request).await.tool_result();
    let text = seen.to_string();
    assert!(text.contains("seen by handlers"), "{seen}");
    assert!(text.contains("alice"), "{seen}");
    assert!(!text.contains(token), "{seen}");
    assert!(
        !text.to_ascii_lowercase().contains("authorization\""),
        "{seen}"
    );
    let headers = seen["headers"].as_array().expect("a list");
    assert!(headers.iter().all(|header| header[0] != "authorization"));
    assert_eq!(fake.introspection_count(), 1);
    assert_eq!(fake.requests().len(), 1);
}
