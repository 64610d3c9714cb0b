//! Which tokens this server accepts.

use dev_authorization_server::FakeAuthorizationServer;
use proptest::{prelude::*, test_runner::TestRunner};
use rmcp_resource_server::Scopes;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::support::{ABSENT, RESOURCE, TestClock, TestServer, altered, spawn_server, unix_now};

/// Calls with a fresh token for each case of changed claims; `None` expects 200, otherwise 401.
async fn judge(
    fake: &FakeAuthorizationServer,
    server: &TestServer,
    cases: impl IntoIterator<Item = (Value, bool)>,
) {
    for (index, (changes, accepted)) in cases.into_iter().enumerate() {
        let token = format!("case-{index}-{}", fake.introspection_count());
        fake.answer_token(&token, altered(fake, changes.clone()));
        let answer = server.call(&token).await;
        let case = changes.to_string();
        if accepted {
            answer.assert_served(&case);
        } else {
            answer.assert_invalid_token(&case);
        }
    }
}

#[tokio::test]
async fn rs_41_active_but_expired_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        setup.resource.authorization_server.clock = std::sync::Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = std::sync::Arc::new(clock.clone());
    });
    let now = clock.unix();
    let cases = [
        (json!({"exp": now - 1}), false),
        (json!({"exp": now}), false),
        (json!({"exp": 0}), false),
        (json!({"exp": -1}), false),
        (json!({"exp": now + 1}), true),
        (json!({"exp": now + 60}), true),
    ];
    judge(&fake, &server, cases).await;

    let by_the_real_clock = spawn_server(&fake, |_| {});
    let now = unix_now();
    let cases = [
        (json!({"exp": now - 1}), false),
        (json!({"exp": now}), false),
        (json!({"exp": now + 60}), true),
    ];
    judge(&fake, &by_the_real_clock, cases).await;
}

#[tokio::test]
async fn rs_42_not_before_in_the_future_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let clock = TestClock::new();
    let server = spawn_server(&fake, |setup| {
        setup.resource.authorization_server.clock = std::sync::Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = std::sync::Arc::new(clock.clone());
    });
    let now = clock.unix();
    let cases = [
        (json!({"nbf": now + 60}), false),
        (json!({"nbf": now + 31}), false),
        (json!({"nbf": now + 30}), true),
        (json!({"nbf": now + 20}), true),
        (json!({"nbf": now - 60}), true),
        (json!({"nbf": 0}), true),
    ];
    judge(&fake, &server, cases).await;
}

#[tokio::test]
async fn rs_43_different_issuer_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let issuer = fake.issuer();
    let cases = [
        (json!({"iss": format!("{issuer}/realms/other")}), false),
        (json!({"iss": format!("{issuer}/")}), false),
        (json!({"iss": issuer.replace("http", "HTTP")}), false),
        (
            json!({"iss": issuer.replace("127.0.0.1", "localhost")}),
            false,
        ),
        (json!({"iss": format!(" {issuer}")}), false),
        (json!({"iss": issuer}), true),
        (json!({"iss": ABSENT}), true),
        (json!({"iss": null}), true),
    ];
    judge(&fake, &server, cases).await;
}

#[tokio::test]
async fn rs_44_audience_as_string_and_as_array() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let cases = [
        (json!({"aud": RESOURCE}), true),
        (json!({"aud": [RESOURCE]}), true),
        (json!({"aud": ["other", RESOURCE]}), true),
        (json!({"aud": ["other"]}), false),
        (json!({"aud": format!("other {RESOURCE}")}), false),
    ];
    judge(&fake, &server, cases).await;
}

#[tokio::test]
async fn rs_45_wrong_audience_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let foreign = altered(&fake, json!({"aud": "https://other.example/mcp"}));
    fake.answer_token("foreign", foreign);
    let server = spawn_server(&fake, |_| {});
    for use_of_it in ["first", "second"] {
        server.call("foreign").await.assert_invalid_token(use_of_it);
    }
    assert_eq!(fake.introspection_count(), 1);

    let two = spawn_server(&fake, |setup| {
        setup.resource.audiences = vec!["urn:a".to_owned(), "urn:b".to_owned()];
    });
    let cases = [
        (json!({"aud": "urn:b"}), true),
        (json!({"aud": ["x", "urn:a"]}), true),
        (json!({"aud": RESOURCE}), false),
        (json!({"aud": "urn:a urn:b"}), false),
    ];
    judge(&fake, &two, cases).await;

    let listed = spawn_server(&fake, |setup| {
        setup.resource.allowed_client_ids = vec!["client".to_owned()];
    });
    let answer = listed.call("foreign").await;
    answer.assert_invalid_token("a list of clients does not rescue a wrong audience");
}

#[tokio::test]
async fn rs_46_missing_audience_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let without = [
        json!(ABSENT),
        json!(null),
        json!(""),
        json!([]),
        json!([""]),
    ];
    let refused = without.clone().map(|aud| (json!({"aud": aud}), false));
    judge(&fake, &server, refused).await;

    let listed = spawn_server(&fake, |setup| {
        setup.resource.allowed_client_ids = vec!["good".to_owned(), "fine".to_owned()];
    });
    for aud in without {
        let cases = [
            (json!({"aud": aud, "client_id": "good"}), true),
            (json!({"aud": aud, "client_id": "fine"}), true),
            (json!({"aud": aud, "client_id": "other"}), false),
            (json!({"aud": aud, "client_id": "GOOD"}), false),
            (json!({"aud": aud, "client_id": ABSENT}), false),
            (json!({"aud": aud, "client_id": ""}), false),
        ];
        judge(&fake, &listed, cases).await;
    }
    let with_audience = [
        (json!({"client_id": "good"}), true),
        (json!({"client_id": "other"}), false),
    ];
    judge(&fake, &listed, with_audience).await;
}

#[tokio::test]
async fn rs_47_audience_match_is_exact() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let near_misses = [
        RESOURCE.trim_end_matches('p').to_owned(),
        format!("{RESOURCE}x"),
        format!("{RESOURCE}/"),
        RESOURCE.replace(".com", ".com:8443"),
        RESOURCE.replace(".com", ".com."),
        RESOURCE.replace("https", "http"),
        format!("{RESOURCE}?x"),
        format!("{RESOURCE}#x"),
        format!(" {RESOURCE}"),
        format!("{RESOURCE} "),
        format!("{RESOURCE}\u{0}"),
        RESOURCE.replace("/mcp", "/m%63p"),
        RESOURCE.replace("/mcp", "/x/../mcp"),
        "https://mcp.example.com".to_owned(),
        "*".to_owned(),
    ];
    let cases = near_misses.map(|aud| (json!({"aud": aud}), false));
    judge(&fake, &server, cases).await;
    judge(&fake, &server, [(json!({}), true)]).await;
}

#[tokio::test]
async fn rs_47_equivalent_urls_are_the_same_audience() {
    let fake = FakeAuthorizationServer::start();
    let root = "https://mcp.example.com";
    for (configured, audiences, refused) in [
        (
            RESOURCE,
            vec![
                "https://MCP.Example.com/mcp",
                "HTTPS://mcp.example.com/mcp",
                "https://mcp.example.com:443/mcp",
            ],
            "https://mcp.example.com/MCP",
        ),
        ("https://MCP.Example.com:443/mcp", vec![RESOURCE], root),
        (root, vec!["https://mcp.example.com/"], RESOURCE),
        ("https://mcp.example.com/", vec![root], RESOURCE),
    ] {
        let server = spawn_server(&fake, |setup| {
            setup.resource.audiences = vec![configured.to_owned()];
        });
        let accepted = audiences.into_iter().map(|aud| (json!({"aud": aud}), true));
        let in_a_list = (json!({"aud": ["x", configured]}), true);
        let refused = (json!({"aud": refused}), false);
        judge(&fake, &server, accepted.chain([in_a_list, refused])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rs_47_any_differing_audience_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let runtime = Handle::current();
    tokio::task::block_in_place(|| {
        let config = ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let audiences = "\\PC{0,30}|https://mcp\\.example\\.com/mcp\\PC{1,3}|.{1,3}https://mcp\\.example\\.com/mcp";
        let mut runner = TestRunner::new(config);
        let outcome = runner.run(
            &audiences.prop_filter("differs", |aud| aud != RESOURCE),
            |aud| {
                runtime.block_on(judge(&fake, &server, [(json!({"aud": aud}), false)]));
                Ok(())
            },
        );
        outcome.expect("no audience but the right one is accepted");
    });
}

#[tokio::test]
async fn rs_48_refresh_and_id_tokens_are_refused() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let cases = [
        (json!({"token_use": "refresh_token"}), false),
        (json!({"token_use": "refresh"}), false),
        (json!({"token_use": "id"}), false),
        (json!({"token_use": "id_token"}), false),
        (json!({"token_use": "Refresh_Token"}), false),
        (json!({"token_use": 5}), false),
        (json!({"token_type": "refresh_token"}), false),
        (json!({"token_type": "REFRESH_TOKEN"}), false),
        (json!({"token_type": "id_token"}), false),
        (json!({"typ": "Refresh"}), false),
        (json!({"typ": "ID"}), false),
        (json!({"token_use": "access_token"}), true),
        (json!({"token_type": "Bearer"}), true),
        (json!({"token_type": "bearer"}), true),
        (json!({"token_type": "access_token"}), true),
        (json!({"token_type": ABSENT}), true),
        (json!({"token_type": null, "token_use": null}), true),
        (json!({"typ": "Bearer"}), true),
        (json!({"typ": "at+jwt"}), true),
        (json!({"at_hash": "x"}), false),
        (json!({"c_hash": "x"}), false),
        (json!({"nonce": "x", "aud": [RESOURCE, "client"]}), false),
        (json!({"nonce": "x"}), true),
        (json!({"auth_time": unix_now()}), true),
    ];
    judge(&fake, &server, cases).await;
}

/// Spring Authorization Server introspects ID tokens as active. If the audience is a client's id
/// and no scope is required, only their own members give them away.
#[tokio::test]
async fn rs_48_an_id_token_is_refused_where_the_audience_is_a_client() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |setup| {
        setup.resource.audiences = vec!["client".to_owned()];
        setup.resource.required_scopes = Scopes::none();
    });
    let now = unix_now();
    let spring = json!({
        "aud": ["client"], "azp": "client", "auth_time": now, "sid": "s", "scope": ABSENT,
        "token_type": ABSENT,
    });
    let with = |changes: Value| {
        let mut claims = spring.clone();
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims
    };
    let zitadel = json!({
        "aud": ["client", "project"], "auth_time": now, "amr": ["pwd"], "scope": "openid",
    });
    let cases = [
        (spring.clone(), false),
        (with(json!({"nonce": "n"})), false),
        (with(json!({"nonce": "n", "auth_time": ABSENT})), false),
        (with(json!({"client_id": ABSENT})), false),
        (with(json!({"client_id": ABSENT, "azp": ABSENT})), false),
        (with(json!({"aud": "client"})), false),
        (with(json!({"scope": "openid"})), false),
        (with(json!({"auth_time": ABSENT})), true),
        (json!({"aud": "client"}), true),
        (zitadel, true),
    ];
    judge(&fake, &server, cases).await;
}

#[tokio::test]
async fn rs_49_absent_scope_means_no_scopes() {
    let fake = FakeAuthorizationServer::start();
    let strict = spawn_server(&fake, |_| {});
    let lenient = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    for (index, scope) in [
        json!(ABSENT),
        json!(null),
        json!(""),
        json!([]),
        json!([""]),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, json!({"scope": scope})));
        let case = scope.to_string();
        strict.call(&token).await.assert_insufficient_scope(&case);
        let answer = lenient.call(&token).await;
        answer.assert_served(&case);
        assert_eq!(answer.tool_result()["scopes"], json!([]), "{case}");
    }
}

#[tokio::test]
async fn rs_50_client_token_is_not_a_user() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    for (index, (sub, user)) in [
        (json!(ABSENT), json!(null)),
        (json!(null), json!(null)),
        (json!(""), json!(null)),
        (json!("client"), json!(null)),
        (json!("Client"), json!("Client")),
        (json!("alice"), json!("alice")),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, json!({"sub": sub})));
        let seen = server.call(&token).await.tool_result();
        assert_eq!(seen["user"], user, "{sub}");
        assert_eq!(seen["client_id"], "client", "{sub}");
    }
}

#[tokio::test]
async fn rs_65_confirmation_bound_token_is_refused() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    for (index, changes) in [
        json!({"cnf": {"jkt": "x"}}),
        json!({"cnf": {"x5t#S256": "x"}}),
        json!({"cnf": {"other": "x"}}),
        json!({"cnf": {}}),
        json!({"cnf": "x"}),
        json!({"token_type": "DPoP"}),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("t{index}");
        fake.answer_token(&token, altered(&fake, changes.clone()));
        for _use in ["first", "cached"] {
            let answer = server.call(&token).await;
            answer.assert_invalid_token(&changes.to_string());
        }
        assert_eq!(fake.introspection_count(), index + 1);
        let with_dpop = server.call_with(format!("DPoP {token}")).await;
        with_dpop.assert_no_credential("DPoP");
    }
}
