//! Revocations by an administrator and by logout tokens, at the whole server.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use dev_authorization_server::{FakeAuthorizationServer, SigningKey, jwks};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{RESOURCE, SECRET, Server, protected_by, run, stderr};

const ADMINISTRATOR: &str = "0123456789abcdef0123456789abcdef";

/// A server with an administrator's token, an audit log, and a good token of `alice`.
fn protected(more: &[&str]) -> (TempDir, FakeAuthorizationServer, Server) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::write(folder.path().join("admin"), format!("{ADMINISTRATOR}\n")).expect("writable");
    let fake = FakeAuthorizationServer::start();
    let mut claims = fake.active_claims(RESOURCE, "mcp");
    claims["iat"] = json!(claims["iat"].as_u64().expect("a time") - 60);
    fake.answer_token("t0ken-of-alice", claims);
    let mut flags = protected_by(fake.issuer());
    flags.extend([
        "--admin-addr=127.0.0.1:0".to_owned(),
        format!(
            "--admin-token-file={}",
            folder.path().join("admin").display()
        ),
        format!(
            "--audit-log={}",
            folder.path().join("audit.jsonl").display()
        ),
    ]);
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    (folder, fake, server)
}

async fn call(server: &Server) -> u16 {
    let request = server
        .call("about", &json!({}))
        .bearer_auth("t0ken-of-alice");
    request.send().await.expect("an answer").status().as_u16()
}

async fn revoke(server: &Server, token: Option<&str>, body: &str) -> Response {
    let url = format!("http://{}/admin/revoke", server.admin_address());
    let mut request = Client::new().post(url).body(body.to_owned());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.expect("an answer")
}

/// The audit log's records of revocations, once there are so many.
async fn revocations(folder: &TempDir, count: usize) -> Vec<Value> {
    let found = async {
        loop {
            let text = fs::read_to_string(folder.path().join("audit.jsonl")).expect("readable");
            let records = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            let of: Vec<Value> = records
                .filter(|record: &Value| record["event"] == "revocation")
                .collect();
            if of.len() >= count {
                return of;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), found)
        .await
        .expect("recorded")
}

#[tokio::test]
async fn rs_72_an_administrator_revokes_and_nobody_else_does() {
    let (folder, _fake, server) = protected(&[]);
    assert_eq!(call(&server).await, 200);
    let alice = r#"{"subject": "alice"}"#;
    let longer = format!("{ADMINISTRATOR}0");
    for token in [
        None,
        Some(""),
        Some("t0ken-of-alice"),
        Some(&*longer),
        Some(&longer[..31]),
    ] {
        let refused = revoke(&server, token, alice).await;
        assert_eq!(refused.status(), 401, "{token:?}");
    }
    for body in [
        "",
        "alice",
        "{}",
        r#"{"subject": ""}"#,
        r#"{"subject": null}"#,
        r#"{"subject": 5}"#,
        r#"{"user": "alice"}"#,
        r#"{"subject": "alice", "client_id": "client"}"#,
        r#"{"token": "t0ken-of-alice"}"#,
    ] {
        let refused = revoke(&server, Some(ADMINISTRATOR), body).await;
        assert_eq!(refused.status(), 400, "{body}");
        let told = refused.text().await.expect("text");
        assert!(!told.contains("t0ken-of-alice"), "{told}");
    }
    assert_eq!(call(&server).await, 200, "nothing is revoked yet");
    // Nor is there such a path where clients are.
    let url = format!("http://{}/admin/revoke", server.address());
    let elsewhere = Client::new()
        .post(url)
        .bearer_auth(ADMINISTRATOR)
        .body(alice);
    assert_eq!(elsewhere.send().await.expect("an answer").status(), 404);

    let done = revoke(&server, Some(ADMINISTRATOR), alice).await;
    assert_eq!(done.status(), 200);
    assert_eq!(call(&server).await, 401);
    let records = revocations(&folder, 1).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["reason"], "administrator");
    assert_eq!(records[0]["arguments"], json!({"subject": "alice"}));
    assert!(!server.log().contains(ADMINISTRATOR));
}

#[tokio::test]
async fn rs_72_an_administrator_s_token_is_replaced_without_a_restart() {
    let (folder, _fake, server) = protected(&[]);
    let other = ADMINISTRATOR.to_uppercase();
    fs::write(folder.path().join("admin"), &other).expect("writable");
    let body = r#"{"client_id": "client"}"#;
    assert_eq!(
        revoke(&server, Some(ADMINISTRATOR), body).await.status(),
        401
    );
    assert_eq!(revoke(&server, Some(&other), body).await.status(), 200);
    assert_eq!(call(&server).await, 401);
    fs::remove_file(folder.path().join("admin")).expect("removed");
    assert_eq!(revoke(&server, Some(&other), body).await.status(), 503);
}

#[tokio::test]
async fn rs_72_a_logout_token_is_received_beside_the_endpoint() {
    let key = SigningKey::new("ES256", "key");
    let keys = FakeAuthorizationServer::start();
    keys.serve("/jwks", jwks(&[&key]));
    let (folder, fake, server) = protected(&[
        "--auth-back-channel-logout",
        "--auth-back-channel-logout-clients=assistant",
        &format!("--auth-jwks-url={}", keys.url("/jwks")),
    ]);
    // The log line that the authorization server is found may be about its keys.
    let ready = async {
        while server
            .get("/readyz")
            .send()
            .await
            .expect("an answer")
            .status()
            != 200
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), ready)
        .await
        .expect("ready");
    assert_eq!(call(&server).await, 200);
    let now = fake.active_claims("", "")["iat"].clone();
    let claims = json!({
        "iss": fake.issuer(), "aud": "assistant", "iat": now, "jti": "1", "sub": "alice",
        "sid": "s-1", "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let token = key.token_with(&json!({"typ": "logout+jwt"}), &claims);
    let url = format!("http://{}/oauth/backchannel-logout", server.address());
    let send = || {
        Client::new()
            .post(&url)
            .form(&[("logout_token", &token)])
            .send()
    };
    // The keys are fetched in the background.
    let received = async {
        while send().await.expect("an answer").status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), received)
        .await
        .expect("received");
    assert_eq!(call(&server).await, 401);
    let again = send().await.expect("an answer");
    assert_eq!(again.status(), 400, "it counts once");
    let get = Client::new().get(&url).send().await.expect("an answer");
    assert_eq!(get.status(), 405);
    let records = revocations(&folder, 1).await;
    assert_eq!(records[0]["reason"], "logout", "{records:?}");
    assert_eq!(
        records[0]["arguments"],
        json!({"session": "s-1", "subject": "alice"})
    );
    assert!(!server.log().contains(&token));
}

#[tokio::test]
async fn a_stranger_who_sends_a_long_logout_token_is_told_so_at_once() {
    let (_folder, _fake, server) = protected(&[
        "--auth-back-channel-logout",
        "--auth-back-channel-logout-clients=assistant",
    ]);
    let long = format!("logout_token={}", "a".repeat(20_000));
    let url = format!("http://{}/oauth/backchannel-logout", server.address());
    let sent = Client::new().post(url).body(long.clone()).send();
    let answer = timeout(Duration::from_secs(10), sent).await;
    let answer = answer.expect("no hanging").expect("an answer");
    assert_eq!(answer.status(), 413);

    // Of unknown length: one that does not end, and a short one.
    let status = |chunks: &str| {
        let mut connection = TcpStream::connect(server.address()).expect("it listens");
        let limit = Some(Duration::from_secs(10));
        connection.set_read_timeout(limit).expect("a limit");
        let head = "POST /oauth/backchannel-logout HTTP/1.1\r\nHost: x\r\n";
        let request = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}");
        connection.write_all(request.as_bytes()).expect("sent");
        let mut status = [0; 12];
        connection.read_exact(&mut status).expect("an answer");
        String::from_utf8_lossy(&status).into_owned()
    };
    let endless = format!("{:x}\r\n{long}", long.len() + 1);
    assert_eq!(status(&endless), "HTTP/1.1 413");
    assert_eq!(status("e\r\nlogout_token=a\r\n0\r\n\r\n"), "HTTP/1.1 503");
}

#[tokio::test]
async fn without_the_options_there_is_nothing_to_revoke_with() {
    let fake = FakeAuthorizationServer::start();
    let mut flags = protected_by(fake.issuer());
    flags.push("--admin-addr=127.0.0.1:0".to_owned());
    let server = Server::start(&flags, &[SECRET]);
    let answer = revoke(&server, Some(ADMINISTRATOR), r#"{"subject": "alice"}"#).await;
    assert_eq!(answer.status(), 404);
    let url = format!("http://{}/oauth/backchannel-logout", server.address());
    let answer = Client::new()
        .post(url)
        .form(&[("logout_token", "x")])
        .send();
    assert_eq!(answer.await.expect("an answer").status(), 404);
}

#[test]
fn options_that_cannot_work_are_told() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let short = folder.path().join("short");
    fs::write(&short, "short\n").expect("writable");
    let mut flags = protected_by("https://as.example.com");
    flags.push(format!("--admin-token-file={}", short.display()));
    let output = run(&flags, &[SECRET]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("it needs 32"),
        "{}",
        stderr(&output)
    );

    let flags = [
        "--transport=streamable-http",
        "--auth-issuer-url=https://as.example.com",
        "--auth-resource-server-url=https://mcp.example.com/mcp",
        "--auth-verifier=jwt",
        "--auth-back-channel-logout",
    ];
    let output = run(&flags, &[]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("--auth-back-channel-logout-clients"),
        "{told}"
    );
}
