//! How the authorization server's answers are read.

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use rmcp_resource_server::{BearerToken, TokenVerifier};
use serde_json::{Value, json};

use crate::support::{ABSENT, RESOURCE, altered, spawn_server, unix_now};

#[tokio::test]
async fn rs_36_active_must_be_json_true() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    for (index, active) in [
        json!("true"),
        json!(1),
        json!(null),
        json!({}),
        json!([true]),
        json!("True"),
        json!(ABSENT),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, json!({"active": active})));
        for _not_cached in 0..2 {
            let answer = server.call(&token).await;
            answer.assert_unavailable(&format!("active: {active}"));
        }
        assert_eq!(fake.introspection_count(), 2 * (index + 1), "{active}");
    }
    fake.answer_token(
        "renamed",
        altered(&fake, json!({"active": ABSENT, "Active": true})),
    );
    server.call("renamed").await.assert_unavailable("Active");
    fake.answer_token("fine", altered(&fake, json!({"active": true})));
    server.call("fine").await.assert_served("active: true");
}

#[tokio::test]
async fn rs_37_inactive_with_claims_is_still_inactive() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t", altered(&fake, json!({"active": false})));
    let server = spawn_server(&fake, |_| {});
    server.call("t").await.assert_invalid_token("inactive");
}

#[tokio::test]
async fn rs_38_unknown_members_are_kept_as_claims() {
    let unknown = json!({
        "text": "é \" \\ \u{1f512}",
        "number": 12.5,
        "nothing": null,
        "list": [1, "two", null, {"three": 3}],
        "nested": {"roles": ["a", "b"], "deeper": {"yes": true}},
    });
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t", altered(&fake, unknown.clone()));
    let server = spawn_server(&fake, |_| {});
    for _fresh_and_cached in 0..2 {
        let seen = server.call("t").await.tool_result();
        let mut expected: Vec<Value> = unknown
            .as_object()
            .expect("an object")
            .iter()
            .map(|(name, value)| json!([name, value]))
            .collect();
        expected.sort_by_key(ToString::to_string);
        let mut found = seen["extra"].as_array().expect("a list").clone();
        found.retain(|pair| pair[0] != "missing" && pair[0] != "jwt");
        found.sort_by_key(ToString::to_string);
        assert_eq!(found, expected);
    }
}

fn with_padding(fake: &FakeAuthorizationServer, total: usize) -> String {
    let bare = altered(fake, json!({"padding": ""})).to_string();
    let padding = "x".repeat(total - bare.len());
    altered(fake, json!({"padding": padding})).to_string()
}

#[tokio::test]
async fn rs_39_malformed_answer_is_a_server_failure() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let good = altered(&fake, json!({})).to_string();
    let head = good.trim_end_matches('}');
    let json = |body: String| Reply::new(200, "application/json", body);
    let large = with_padding(&fake, 64 * 1024 + 1);
    let cases = [
        ("trailing byte", json(format!("{good}x"))),
        ("two objects", json(format!("{good}{good}"))),
        ("cut", json(head.to_owned())),
        ("html", Reply::html()),
        ("json as html", Reply::new(200, "text/html", good.clone())),
        (
            "a jwt",
            Reply::new(200, "application/token-introspection+jwt", good.clone()),
        ),
        ("empty", json(String::new())),
        ("no body", Reply::status(200)),
        ("array", json(format!("[{good}]"))),
        (
            "duplicate active",
            json(format!("{head},\"active\":true}}")),
        ),
        (
            "active false then true",
            json(format!("{{\"active\":false,{}", &good[1..])),
        ),
        (
            "escaped duplicate",
            json(format!("{head},\"\\u0061ctive\":true}}")),
        ),
        (
            "duplicate aud",
            json(format!("{head},\"aud\":\"{RESOURCE}\"}}")),
        ),
        (
            "duplicate inside",
            json(format!("{head},\"x\":{{\"a\":1,\"a\":2}}}}")),
        ),
        ("byte order mark", json(format!("\u{feff}{good}"))),
        (
            "not UTF-8",
            Reply::new(200, "application/json", [good.as_bytes(), b"\xff"].concat()),
        ),
        ("too large", json(large.clone())),
        ("too large, chunked", json(large).chunked()),
        ("truncated", json(good.clone()).truncated()),
        ("created", Reply::new(201, "application/json", good.clone())),
        ("aud is a number", altered(&fake, json!({"aud": 5})).into()),
        (
            "exp is a text",
            altered(&fake, json!({"exp": "1999999999"})).into(),
        ),
    ];
    for (case, reply) in cases {
        // A call over a broken connection is tried twice.
        fake.answer_next(reply.clone());
        if case == "truncated" {
            fake.answer_next(reply);
        }
        let answer = server.call("t").await;
        assert!(answer.assert_unavailable(case) >= 1);
    }
    for (token, reply) in [
        ("largest", json(with_padding(&fake, 64 * 1024))),
        (
            "largest-chunked",
            json(with_padding(&fake, 64 * 1024)).chunked(),
        ),
        (
            "untyped",
            Reply::new(200, "Application/JSON; charset=UTF-8", good),
        ),
    ] {
        fake.answer_token(token, reply);
        server.call(token).await.assert_served(token);
    }
}

#[tokio::test]
async fn rs_39_a_compressed_answer_is_a_failure_that_says_so() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let good = altered(&fake, json!({})).to_string();
    let coded = |coding| {
        let reply = Reply::new(200, "application/json", good.as_str());
        reply.with_header("Content-Encoding", coding)
    };
    for (coding, told) in [
        ("gzip", "compressed (gzip)"),
        ("BR", "compressed (br)"),
        ("gzip, gzip", "compressed (an unknown coding)"),
    ] {
        fake.answer_next(coded(coding));
        let token = BearerToken::parse("t", 16).expect("a token");
        let error = server.verifier.verify(&token).await.expect_err("refused");
        assert!(error.to_string().contains(told), "{error}");
        fake.answer_next(coded(coding));
        server.call("t").await.assert_unavailable(coding);
    }
    fake.answer_token("plain", coded("identity"));
    server.call("plain").await.assert_served("identity");
}

#[tokio::test]
async fn rs_52_unusual_but_clear_forms_are_accepted() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let exp = unix_now() + 600;
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century fit")]
    let fractional = |seconds: u64| json!(seconds as f64 + 0.03);
    let usual = json!({"exp": exp, "scope": "a mcp:tools"});
    fake.answer_token("usual", altered(&fake, usual));
    let expected = server.call("usual").await.tool_result();
    assert_eq!(expected["expires_at"], exp);
    assert_eq!(expected["scopes"], json!(["a", "mcp:tools"]));
    for (index, (changes, differing)) in [
        (json!({"exp": fractional(exp)}), None),
        (
            json!({"iat": fractional(exp - 600), "nbf": fractional(exp - 600)}),
            None,
        ),
        (json!({"scope": ["mcp:tools", "a"]}), None),
        (json!({"scope": ["a mcp:tools"]}), None),
        (json!({"scope": " mcp:tools  a "}), None),
        (json!({"sub": null}), Some("subject")),
        (json!({"token_type": "bearer"}), None),
        (json!({"token_type": "BEARER"}), None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut changes = changes;
        for (name, value) in [("exp", json!(exp)), ("scope", json!("a mcp:tools"))] {
            if changes.get(name).is_none() {
                changes[name] = value;
            }
        }
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, changes.clone()));
        let mut seen = server.call(&token).await.tool_result();
        if let Some(differing) = differing {
            assert_eq!(seen[differing], json!(null));
            for name in [differing, "user"] {
                seen[name] = expected[name].clone();
            }
        }
        assert_eq!(seen, expected, "{changes}");
    }
    let past = altered(&fake, json!({"exp": fractional(unix_now() - 2)}));
    fake.answer_token("past", past);
    server
        .call("past")
        .await
        .assert_invalid_token("fractional, past");
}
