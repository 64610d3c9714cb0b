//! The store that replicas share, at the whole server.

#[expect(dead_code, reason = "some faults are shown by the tests of the crate")]
#[path = "../../crates/rmcp-resource-server/tests/support/fake_redis.rs"]
mod fake_redis;

use std::{
    fs,
    time::{Duration, Instant},
};

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{RESOURCE, SECRET, Server, doctor, protected_by, run, stderr, stdout};
use fake_redis::{FakeRedis, Fault};

const ADMINISTRATOR: &str = "0123456789abcdef0123456789abcdef";

/// A folder with key files.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in [
        ("key", [7; 32].as_slice()),
        ("old-key", &[8; 32]),
        ("short", &[9; 31]),
        ("password", b"hush\n"),
        ("admin", ADMINISTRATOR.as_bytes()),
    ] {
        fs::write(folder.path().join(name), content).expect("writable");
    }
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

fn replica(fake: &FakeAuthorizationServer, redis: &FakeRedis, folder: &TempDir) -> Server {
    redis.require_login("oscal", "hush");
    let mut flags = protected_by(fake.issuer());
    let url = redis.url().replace("://", "://oscal@");
    flags.extend([
        "--admin-addr=127.0.0.1:0".to_owned(),
        format!("--admin-token-file={}", path(folder, "admin")),
        format!("--shared-store={url}"),
        format!(
            "--shared-store-key-file={},{}",
            path(folder, "key"),
            path(folder, "old-key")
        ),
        format!("--shared-store-password-file={}", path(folder, "password")),
        "--shared-store-timeout=1s".to_owned(),
    ]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    server
}

fn fake_with_token() -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    let mut claims = fake.active_claims(RESOURCE, "mcp");
    claims["iat"] = json!(claims["iat"].as_u64().expect("a time") - 60);
    fake.answer_token("t", claims);
    fake
}

async fn readiness(server: &Server) -> (u16, String) {
    let answer = server.admin("/readyz").await;
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text"))
}

/// Until the answer has this detail. `starts` allows that the server is not ready before.
async fn becomes_ready(server: &Server, detail: &str, starts: bool) {
    for _ in 0..500 {
        let (status, text) = readiness(server).await;
        assert!(status == 200 || starts, "{text}");
        if text == detail {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("not {detail:?}: {:?}", readiness(server).await);
}

async fn metric(server: &Server, line: &str) -> bool {
    let text = server.admin("/metrics").await.text().await.expect("text");
    text.lines().any(|found| found == line)
}

#[tokio::test]
async fn replicas_share_and_say_when_they_do_not() {
    let (fake, redis, folder) = (fake_with_token(), FakeRedis::start(), folder());
    let one = replica(&fake, &redis, &folder);
    let other = replica(&fake, &redis, &folder);
    for server in [&one, &other] {
        server.wait_for_log("the shared store is connected");
        becomes_ready(server, "ready\n", true).await;
    }
    one.about("t").await;
    for _ in 0..500 {
        if !redis.values().is_empty() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (name, _value) = &redis.values()[0];
    assert!(name.starts_with("oscal-mcp:"), "{name}");
    other.about("t").await;
    assert_eq!(fake.introspection_count(), 1);
    assert!(metric(&other, "resource_server_shared_store_up 1").await);
    let found = "resource_server_shared_store_answers_total{found=\"yes\"} 1";
    assert!(metric(&other, found).await);

    redis.fail(Fault::Down);
    let log = other.wait_for_log("the shared store cannot be used");
    assert!(!log.contains("hush"), "{log}");
    becomes_ready(&other, "ready, without the shared store\n", false).await;
    assert!(metric(&other, "resource_server_shared_store_up 0").await);
    other.about("t").await;
    redis.fail(Fault::None);
    other.wait_for_log("the shared store works again");
    becomes_ready(&other, "ready\n", false).await;

    let url = format!("http://{}/admin/revoke", one.admin_address());
    let request = Client::new().post(url).bearer_auth(ADMINISTRATOR);
    let answer = request.body(r#"{"subject": "alice"}"#).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    other.wait_for_log("tokens revoked");
    let call = other.call("about", &json!({})).bearer_auth("t");
    assert_eq!(call.send().await.expect("an answer").status(), 401);
}

#[tokio::test]
async fn a_server_that_starts_waits_a_moment_for_the_revocations_in_the_store() {
    let (fake, redis, folder) = (fake_with_token(), FakeRedis::start(), folder());
    redis.fail(Fault::Down);
    let begun = Instant::now();
    let server = replica(&fake, &redis, &folder);
    let (status, _) = readiness(&server).await;
    let early = begun.elapsed() < Duration::from_secs(2);
    assert!(!early || status == 503, "{status}");
    becomes_ready(&server, "ready, without the shared store\n", true).await;
    // Counted by the server since a moment later than here.
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn without_a_store_there_are_no_metrics_of_one() {
    let fake = fake_with_token();
    let mut flags = protected_by(fake.issuer());
    flags.push("--admin-addr=127.0.0.1:0".to_owned());
    let server = Server::start(&flags, &[SECRET]);
    let text = server.admin("/metrics").await.text().await.expect("text");
    assert!(!text.contains("shared_store"), "{text}");
}

#[test]
fn what_is_wrong_with_the_store_is_said_at_once() {
    let folder = folder();
    let key = path(&folder, "key");
    let issuer = "https://as.example.com";
    let errors = |more: &[&str]| {
        let mut flags = protected_by(issuer);
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        flags.push("--print-config".to_owned());
        let output = run(&flags, &[SECRET]);
        (output.status.code(), stderr(&output) + &stdout(&output))
    };
    let key_flag = format!("--shared-store-key-file={key}");
    let store = "--shared-store=redis://localhost";
    for (flags, expected) in [
        (
            vec!["--shared-store=http://localhost", &key_flag],
            "must be a URL such as rediss://",
        ),
        (
            vec!["--shared-store=redis://u:hush@localhost", &key_flag],
            "must not contain a password",
        ),
        (vec![store], "--shared-store-key-file"),
        (
            vec![store, &format!("--shared-store-key-file={key},{key}")],
            "the same key",
        ),
        (
            vec![
                store,
                &format!("--shared-store-key-file={}", path(&folder, "short")),
            ],
            "it has 31 bytes",
        ),
        (
            vec![
                store,
                &key_flag,
                "--shared-store-password-file=/nonexistent",
            ],
            "the password file cannot be read",
        ),
        (
            vec![store, &key_flag, &format!("--shared-store-ca-file={key}")],
            "a CA file is of no use without TLS",
        ),
        (
            vec![store, &key_flag, "--shared-store-prefix=a b"],
            "must be at most 64 letters",
        ),
        (
            vec![store, &key_flag, "--shared-store-timeout=2s"],
            "must be a duration from 1ms to 1s",
        ),
    ] {
        let (status, text) = errors(&flags);
        assert_eq!(status, Some(2), "{flags:?}: {text}");
        assert!(text.contains(expected), "{flags:?}: {text}");
        assert!(!text.contains("hush"), "{text}");
    }
    let (_, both) = errors(&["--shared-store=x", "--shared-store-timeout=x"]);
    for option in [
        "--shared-store ",
        "--shared-store-timeout",
        "--shared-store-key-file",
    ] {
        assert!(both.contains(option), "all at once: {option}: {both}");
    }
    for (flags, warned) in [
        (
            vec!["--shared-store=redis://store.example", &key_flag],
            "is not encrypted",
        ),
        (
            vec!["--shared-store-timeout=6ms"],
            "there is no --shared-store",
        ),
    ] {
        let (status, text) = errors(&flags);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains(warned), "{flags:?}: {text}");
    }
    let (_, quiet) = errors(&[store, &key_flag]);
    assert!(!quiet.contains("is not encrypted"), "loopback: {quiet}");
}

#[test]
fn the_doctor_tries_the_store() {
    let (fake, redis, folder) = (fake_with_token(), FakeRedis::start(), folder());
    redis.require_login("oscal", "hush");
    let url = redis.url().replace("://", "://oscal@");
    let diagnosed = |key: &str, password: &str| {
        let mut flags = protected_by(fake.issuer());
        flags.extend([
            format!("--shared-store={url}"),
            format!("--shared-store-key-file={}", path(&folder, key)),
            format!("--shared-store-password-file={}", path(&folder, password)),
        ]);
        stdout(&doctor(&flags, &[SECRET], None))
    };
    let well = diagnosed("key", "password");
    assert!(well.contains("it can be used"), "{well}");
    assert!(
        redis.values().is_empty() && redis.entries().is_empty(),
        "nothing is left"
    );
    let wrong_password = diagnosed("key", "admin");
    assert!(
        wrong_password.contains("--shared-store, its files"),
        "{wrong_password}"
    );
    redis.add_entry("oscal-mcp:r1", "n", b"of another key");
    let other_key = diagnosed("key", "password");
    assert!(other_key.contains("another key"), "{other_key}");
    redis.fail(Fault::Down);
    let down = diagnosed("key", "password");
    assert!(
        down.contains("warning") && down.contains("shared_store"),
        "{down}"
    );
    for text in [well, wrong_password, other_key, down] {
        assert!(!text.contains("hush"), "{text}");
    }
}
