//! What the answers to a refused token say.

use std::sync::Arc;

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use rmcp_resource_server::{ScopeHierarchy, Scopes};
use serde_json::{Value, json};

use crate::support::{
    ABSENT, Answer, Challenge, METADATA_URL, SCOPE, altered, call_tool, fake_with_good_token,
    spawn_server, unix_now,
};

fn scopes(list: &str) -> Scopes {
    list.parse().expect("scopes")
}

fn scope_set(challenge: &Challenge) -> Vec<String> {
    let list = challenge.get("scope").unwrap_or_default();
    let mut set: Vec<_> = list.split_whitespace().map(str::to_owned).collect();
    set.sort();
    set
}

#[tokio::test]
async fn rs_08_no_challenge_parameter_repeats() {
    let fake = fake_with_good_token();
    fake.answer_token("scopeless", altered(&fake, json!({"scope": "other"})));
    let server = spawn_server(&fake, |_| {});
    let answers = [
        (server.call_with("Bearer").await, 400),
        (server.send(server.request()).await, 401),
        (server.call("unknown").await, 401),
        (server.call("scopeless").await, 403),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        let mut names: Vec<_> = answer
            .challenge()
            .0
            .into_iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{answer:?}");
    }
}

const MARKER: &str = "mArKeR";

/// A token and what the authorization server answers for it, with foreign text everywhere.
fn foreign_texts(fake: &FakeAuthorizationServer) -> Vec<(&'static str, Reply, u16)> {
    let text = format!("{MARKER}\"\\ \r\nX-Injected: {MARKER}");
    let error = json!({"error": text, "error_description": text, "error_uri": text, MARKER: 1});
    let with = |changes: Value| Reply::from(altered(fake, changes));
    vec![
        (
            "inactive",
            json!({"active": false, "error": text, "scope": text, "sub": text}).into(),
            401,
        ),
        ("bad-request", Reply::json(400, &error), 503),
        (
            "unsupported",
            Reply::json(
                400,
                &json!({"error": "unsupported_token_type", "error_description": text}),
            ),
            401,
        ),
        (
            "own-credentials",
            Reply::json(401, &error).with_header("WWW-Authenticate", &format!("Basic r={MARKER}")),
            503,
        ),
        ("failing", Reply::json(500, &error), 503),
        (
            "elsewhere",
            Reply::redirect(302, &format!("http://127.0.0.1:9/{MARKER}")),
            503,
        ),
        (
            "malformed",
            Reply::new(200, "application/json", format!("{{\"{MARKER}\":")),
            503,
        ),
        (
            "twice",
            Reply::new(
                200,
                "application/json",
                format!("{{\"{MARKER}\":1,\"{MARKER}\":2}}"),
            ),
            503,
        ),
        ("audience", with(json!({"aud": text})), 401),
        ("issuer", with(json!({"iss": text})), 401),
        ("kind", with(json!({"token_use": text})), 401),
        ("scope", with(json!({"scope": text, "sub": text})), 403),
        // Last, because the server is then left alone for a while.
        (
            "limited",
            Reply::json(429, &error).with_header("Retry-After", MARKER),
            503,
        ),
    ]
}

#[tokio::test]
async fn rs_09_challenge_has_only_allowed_characters_and_no_foreign_text() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let malformed = server.call_with(format!("Bearer {{{MARKER}}}")).await;
    malformed.assert_invalid_token("malformed");
    assert_own_words_only(&malformed);
    for (token, reply, status) in foreign_texts(&fake) {
        fake.answer_token(token, reply);
        let answer = server.call(token).await;
        assert_eq!(answer.status, status, "{token}: {answer:?}");
        assert_own_words_only(&answer);
    }
}

fn assert_own_words_only(answer: &Answer) {
    let shown = format!("{answer:?}").to_ascii_lowercase();
    assert!(!shown.contains(&MARKER.to_ascii_lowercase()), "{shown}");
    assert!(!shown.contains("x-injected"), "{shown}");
    if answer.status == 503 {
        return;
    }
    let allowed = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    for (name, value) in answer.challenge().0 {
        assert!(value.bytes().all(allowed), "{name}={value:?}");
    }
}

#[tokio::test]
async fn rs_10_unknown_expired_revoked_get_invalid_token() {
    let fake = fake_with_good_token();
    fake.answer_token("expired", altered(&fake, json!({"exp": unix_now() - 5})));
    let server = spawn_server(&fake, |setup| {
        setup.introspection.cache.ttl = std::time::Duration::ZERO;
    });
    server.call("good").await.assert_served("before");
    fake.forget_token("good");
    let mut bodies = Vec::new();
    for token in ["unknown", "expired", "good"] {
        let answer = server.call(token).await;
        answer.assert_invalid_token(token);
        let mut body = answer.json();
        let id = body
            .as_object_mut()
            .and_then(|body| body.remove("request_id"));
        assert!(id.is_some_and(|id| id.is_string()), "{token}");
        bodies.push(body);
    }
    assert!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "{bodies:?}"
    );
}

#[tokio::test]
async fn rs_11_missing_scope_is_403_after_expiry() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |_| {});
    let past = unix_now() - 5;
    for (token, changes) in [
        ("expired", json!({"scope": "other", "exp": past})),
        (
            "elsewhere",
            json!({"scope": "other", "aud": "https://other.example"}),
        ),
        ("early", json!({"scope": "other", "nbf": unix_now() + 600})),
        ("bound", json!({"scope": "other", "cnf": {"jkt": "x"}})),
    ] {
        fake.answer_token(token, altered(&fake, changes));
        server.call(token).await.assert_invalid_token(token);
    }
    fake.answer_token("live", altered(&fake, json!({"scope": "other"})));
    server.call("live").await.assert_insufficient_scope("live");
}

#[tokio::test]
async fn rs_12_scope_challenge_names_all_scopes() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("reader", altered(&fake, json!({"scope": "mcp:read"})));
    let server = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = scopes("mcp:tools mcp:read");
    });
    let answer = server.call("reader").await;
    answer.assert_insufficient_scope("reader");
    let challenge = answer.challenge();
    assert_eq!(scope_set(&challenge), ["mcp:read", "mcp:tools"]);
    assert_eq!(challenge.get("resource_metadata"), Some(METADATA_URL));
}

/// A client that requests exactly what it is told must not lose what it has.
#[tokio::test]
async fn rs_12_scope_challenge_keeps_granted_scopes_that_are_known_here() {
    let fake = FakeAuthorizationServer::start();
    for (token, scope) in [
        ("missing", "mcp:validate openid offline_access a\"b"),
        ("broad", "mcp:tools mcp:validate openid"),
    ] {
        fake.answer_token(token, altered(&fake, json!({"scope": scope})));
    }
    let server = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = scopes("mcp:tools");
        setup.resource.optional_scopes = scopes("mcp:validate mcp:admin offline_access");
    });
    let answer = server.call("missing").await;
    answer.assert_insufficient_scope("missing");
    let named = scope_set(&answer.challenge());
    assert_eq!(named, ["mcp:tools", "mcp:validate"]);
    // The probe's tool demands mcp:admin of its callers.
    let request = call_tool(server.http.post(server.url("/mcp")), "administer");
    let answer = server.send(request.bearer_auth("broad")).await;
    answer.assert_insufficient_scope("broad");
    let named = scope_set(&answer.challenge());
    assert_eq!(named, ["mcp:admin", "mcp:tools", "mcp:validate"]);
}

#[tokio::test]
async fn rs_13_unauthorized_names_scope_and_metadata() {
    let fake = FakeAuthorizationServer::start();
    let server = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = scopes("b a");
    });
    for answer in [
        server.send(server.request()).await,
        server.call("unknown").await,
    ] {
        assert_eq!(answer.status, 401);
        let challenge = answer.challenge();
        assert_eq!(scope_set(&challenge), ["a", "b"]);
        assert_eq!(challenge.get("resource_metadata"), Some(METADATA_URL));
    }
    let scopeless = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = Scopes::none();
    });
    for answer in [
        scopeless.send(scopeless.request()).await,
        scopeless.call("unknown").await,
    ] {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.challenge().get("scope"), None);
        assert_eq!(
            answer.challenge().get("resource_metadata"),
            Some(METADATA_URL)
        );
    }
}

#[tokio::test]
async fn rs_14_scope_hierarchy_is_honoured_where_configured() {
    let fake = FakeAuthorizationServer::start();
    for (token, scope) in [("admin", "admin"), ("read", "read"), ("all", "read:all")] {
        fake.answer_token(token, altered(&fake, json!({"scope": scope})));
    }
    let table = ScopeHierarchy::new([("admin", &scopes("read"))]);
    for (hierarchy, required, token, status) in [
        (table.clone(), "read", "admin", 200),
        (table.clone(), "read", "read", 200),
        (table.clone(), "admin", "read", 403),
        (table.clone(), "read", "all", 403),
        (table.clone(), "read:all", "read", 403),
        (table, "read:all", "admin", 403),
        (ScopeHierarchy::default(), "read", "admin", 403),
        (ScopeHierarchy::default(), "admin", "admin", 200),
    ] {
        let server = spawn_server(&fake, |setup| {
            setup.resource.required_scopes = scopes(required);
            setup.resource.scope_hierarchy = hierarchy;
        });
        let answer = server.call(token).await;
        assert_eq!(answer.status, status, "{token} for {required}: {answer:?}");
    }
}

#[tokio::test]
async fn rs_14_a_challenge_keeps_a_broader_scope_that_the_token_has() {
    let fake = FakeAuthorizationServer::start();
    let scope = json!({"scope": "admin elsewhere"});
    fake.answer_token("admin", altered(&fake, scope));
    let server = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = scopes("read sign");
        setup.resource.scope_hierarchy = ScopeHierarchy::new([("admin", &scopes("read"))]);
    });
    let answer = server.call("admin").await;
    answer.assert_insufficient_scope("sign is missing");
    assert_eq!(answer.challenge().get("scope"), Some("admin read sign"));
    let metadata = server.get("/.well-known/oauth-protected-resource").await;
    assert_eq!(
        metadata.json()["scopes_supported"],
        json!(["read", "sign"]),
        "nobody is invited to ask for more than is needed"
    );
}

#[tokio::test]
async fn rs_15_offline_access_is_never_advertised() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("scopeless", altered(&fake, json!({"scope": ABSENT})));
    let server = spawn_server(&fake, |setup| {
        setup.resource.required_scopes = scopes("mcp:tools offline_access");
        setup.resource.optional_scopes = scopes("offline_access mcp:more");
    });
    for (answer, status) in [
        (server.send(server.request()).await, 401),
        (server.call("unknown").await, 401),
        (server.call("scopeless").await, 403),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(scope_set(&answer.challenge()), [SCOPE]);
    }
    let metadata = server.get("/.well-known/oauth-protected-resource").await;
    assert_eq!(
        metadata.json()["scopes_supported"],
        json!(["mcp:more", "mcp:tools"])
    );
}

#[tokio::test]
async fn a_hook_sees_each_refusal_and_may_change_the_response() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.resource.on_refusal = Some(Arc::new(|refused, response| {
            *response.body_mut() = format!("refused: {}", refused.refusal.reason()).into();
        }));
    });
    let answer = server.call("unknown").await;
    assert_eq!((answer.status, &*answer.body), (401, "refused: inactive"));
    assert!(
        answer.headers.contains_key("www-authenticate"),
        "{answer:?}"
    );
    server.call("good").await.assert_served("no refusal");
}
