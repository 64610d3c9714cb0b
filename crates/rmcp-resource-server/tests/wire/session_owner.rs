//! A session belongs to the principal that opened it.

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::Method;
use rmcp_resource_server::SessionKey;
use serde_json::{Value, json};

use crate::support::{
    ABSENT, Session, Setup, TestServer, altered, fake_with_good_token, spawn_server,
};

fn with_sessions(setup: &mut Setup) {
    setup.stateful = true;
    setup.resource.session_key = SessionKey::random();
}

/// A 404 without a challenge, for every method.
async fn assert_foreign(server: &TestServer, session: &Session<'_>, token: &str, case: &str) {
    session.call(token).await.assert_no_such_session(case);
    session.delete(token).await.assert_no_such_session(case);
    let get = session.request(Method::GET).bearer_auth(token);
    server.send(get).await.assert_no_such_session(case);
}

#[tokio::test]
async fn rs_16_session_belongs_to_its_principal() {
    let fake = fake_with_good_token();
    let tokens: [(&str, Value); 6] = [
        ("refreshed", json!({"scope": "mcp:tools more", "jti": "2"})),
        ("other-subject", json!({"sub": "bob"})),
        ("other-client", json!({"client_id": "elsewhere"})),
        ("no-client", json!({"client_id": ABSENT})),
        ("no-subject", json!({"sub": ABSENT})),
        ("subject-in-other-case", json!({"sub": "Alice"})),
    ];
    for (token, changes) in tokens.clone() {
        fake.answer_token(token, altered(&fake, changes));
    }
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.workers = 2;
    });
    let session = Session::open(&server, "good").await;
    session
        .call("refreshed")
        .await
        .assert_served("a refreshed token");
    for (token, _) in &tokens[1..] {
        assert_foreign(&server, &session, token, token).await;
    }
    for forged in forgeries(&session.id) {
        let forged = session.with_id(forged);
        assert_foreign(&server, &forged, "good", &forged.id).await;
    }
    let answer = session.call("refreshed").await;
    assert_eq!(answer.tool_result()["subject"], "alice");
    assert_eq!(session.stream("good").await.status(), 200);

    let deleted = session.delete("refreshed").await;
    assert!((200..300).contains(&deleted.status), "{deleted:?}");
    session.call("good").await.assert_no_such_session("deleted");
}

/// What somebody could make out of a sealed id.
fn forgeries(sealed: &str) -> Vec<String> {
    let (id, seal) = sealed.rsplit_once('.').expect("a sealed id");
    let flipped = if seal.starts_with('A') { 'B' } else { 'A' };
    vec![
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{flipped}{}", &seal[1..]),
        format!("{id}.{}", &seal[..seal.len() - 1]),
        format!("{id}.{seal}="),
        format!("{id}x.{seal}"),
        format!("{sealed}.{seal}"),
        format!(".{seal}"),
        "x".repeat(10_000),
    ]
}

#[tokio::test]
async fn another_servers_seal_is_worth_nothing() {
    let fake = fake_with_good_token();
    let (one, other) = (
        spawn_server(&fake, with_sessions),
        spawn_server(&fake, with_sessions),
    );
    let session = Session::open(&one, "good").await;
    let elsewhere = Session::open(&other, "good").await.with_id(&session.id);
    assert_foreign(&other, &elsewhere, "good", "another key").await;
}

#[tokio::test]
async fn of_two_session_ids_the_foreign_one_never_counts() {
    let fake = fake_with_good_token();
    fake.answer_token("bob", altered(&fake, json!({"sub": "bob"})));
    let server = spawn_server(&fake, with_sessions);
    let alices = Session::open(&server, "good").await;
    let bobs = Session::open(&server, "bob").await;
    for (first, second) in [(&alices, &bobs), (&bobs, &alices)] {
        let request = first.request(Method::DELETE).bearer_auth("bob");
        server
            .send(request.header("Mcp-Session-Id", &second.id))
            .await;
    }
    alices.call("good").await.assert_served("untouched");
}

/// What the authorization server vouches for distinguishes principals: a user who chooses somebody
/// else's `sub` as a `username` does not become that person.
#[tokio::test]
async fn a_username_is_nobodys_subject() {
    let fake = fake_with_good_token();
    let named = json!({"sub": ABSENT, "username": "alice"});
    fake.answer_token("named-alice", altered(&fake, named));
    let server = spawn_server(&fake, with_sessions);
    let session = Session::open(&server, "good").await;
    assert_foreign(&server, &session, "named-alice", "username").await;
}

#[tokio::test]
async fn a_username_stands_for_an_absent_subject() {
    let fake = FakeAuthorizationServer::start();
    for (token, username) in [("alice", "alice"), ("again", "alice"), ("bob", "bob")] {
        let changes = json!({"sub": ABSENT, "username": username});
        fake.answer_token(token, altered(&fake, changes));
    }
    let server = spawn_server(&fake, with_sessions);
    let session = Session::open(&server, "alice").await;
    session
        .call("again")
        .await
        .assert_served("the same username");
    assert_foreign(&server, &session, "bob", "another username").await;
}

/// Without `sub` and `username`, all users of one client look the same. So a session belongs to the
/// token that opened it, and the limit of sessions per principal applies to that token, too.
#[tokio::test]
async fn rs_16_a_token_without_user_shares_its_session_with_no_other() {
    let fake = FakeAuthorizationServer::start();
    for token in ["one", "other"] {
        fake.answer_token(token, altered(&fake, json!({"sub": ABSENT})));
    }
    let server = spawn_server(&fake, |setup| {
        with_sessions(setup);
        setup.sessions.per_principal = 1;
    });
    let session = Session::open(&server, "one").await;
    assert_foreign(&server, &session, "other", "another token of the client").await;
    let others = Session::open(&server, "other").await;
    session.call("one").await.assert_served("the same token");
    assert_eq!(session.stream("one").await.status(), 200);
    let second = Session::open(&server, "one").await;
    session
        .call("one")
        .await
        .assert_no_such_session("ended for a newer one of the same token");
    second.call("one").await.assert_served("the newer one");
    others.call("other").await.assert_served("another token's");
}

/// Replicas with one key agree about whose session it is, however the owner is named.
#[tokio::test]
async fn replicas_with_one_key_know_the_owner_of_a_session() {
    let fake = fake_with_good_token();
    fake.answer_token("machine", altered(&fake, json!({"sub": ABSENT})));
    let key = SessionKey::random();
    let replica = || {
        spawn_server(&fake, |setup| {
            with_sessions(setup);
            setup.resource.session_key = key.clone();
        })
    };
    let (here, there) = (replica(), replica());
    for token in ["good", "machine"] {
        let id = Session::open(&here, token).await.id;
        let elsewhere = Session::open(&there, token).await.with_id(&id);
        // The seal is good, but rmcp keeps sessions in memory, so it answers 404 itself, with its
        // own body.
        let answer = elsewhere.call(token).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        assert!(!answer.body.contains("session_not_found"), "{answer:?}");
    }
}
