//! Text from outside appears in the log, and does nothing else to it.

use std::{
    fs::{self, File},
    process::{Child, Stdio},
    time::Duration,
};

use dev_authorization_server::FakeAuthorizationServer;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{RESOURCE, SECRET, command, free_port, protected_by};

/// Ends a line, forges one, colours it, reverses it.
const HOSTILE: &str =
    "x\n2026-01-01T00:00:00Z  INFO forged: ok\u{1b}[31m\r\u{9b}2J\u{2028}\u{202e}";

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the server logs, in text format, while it refuses these tokens.
async fn log_of(fake: &FakeAuthorizationServer, tokens: &[String]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let port = free_port();
    let flags = protected_by(fake.issuer()).into_iter();
    let others = flags.filter(|flag| !flag.starts_with("--port") && !flag.starts_with("--log"));
    let child = command(directory.path())
        .args(others)
        .args(["--log-format=text", "--auth-required-scopes=mcp:tools"])
        .arg(format!("--port={port}"))
        .arg(format!(
            "--auth-introspection-url={}",
            fake.introspection_url()
        ))
        .envs([SECRET])
        .stdin(Stdio::null())
        .stderr(File::create(&log).expect("a file"))
        .spawn()
        .expect("the binary starts");
    let _process = Process(child);
    let http = Client::builder().no_proxy().tls_certs_only([]).build();
    let http = http.expect("an HTTP client");
    let base = format!("http://127.0.0.1:{port}");
    let ready = async {
        while !http
            .get(format!("{base}/readyz"))
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), ready)
        .await
        .expect("it is ready");
    for token in tokens {
        let request = http.post(format!("{base}/mcp")).bearer_auth(token);
        let answer = request.body("{}").send().await.expect("an answer");
        let refused = [
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        assert!(refused.contains(&answer.status()), "{answer:?}");
    }
    // A thread of its own writes the lines.
    let written = async {
        loop {
            let text = fs::read_to_string(&log).expect("a log of UTF-8");
            if text.matches("request refused").count() >= tokens.len() {
                return text;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), written)
        .await
        .expect("each refusal is logged")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_from_outside_forges_a_log_line() {
    let fake = FakeAuthorizationServer::start();
    let claims = |member: &str, value: Value| {
        let mut claims = fake.active_claims(RESOURCE, "mcp:tools");
        claims[member] = value;
        claims
    };
    let hostile = [
        ("scope", json!(HOSTILE)),
        ("scope", json!(HOSTILE.repeat(200))),
        ("token_use", json!(HOSTILE)),
        ("token_type", json!(HOSTILE)),
        ("typ", json!({HOSTILE: HOSTILE})),
        ("iss", json!(HOSTILE)),
        ("aud", json!([HOSTILE, HOSTILE])),
        ("exp", json!(HOSTILE)),
    ];
    let mut tokens = Vec::new();
    for (index, (member, value)) in hostile.into_iter().enumerate() {
        let token = format!("t{index}");
        fake.answer_token(&token, claims(member, value));
        tokens.push(token);
    }
    let log = log_of(&fake, &tokens).await;
    let refused = log.lines().filter(|line| line.contains("request refused"));
    assert_eq!(refused.count(), tokens.len(), "{log:?}");
    for line in log.lines() {
        let level = line.split_whitespace().nth(1).unwrap_or_default();
        assert!(
            ["INFO", "WARN", "ERROR"].contains(&level),
            "{line:?} in {log:?}"
        );
        assert!(!line.starts_with("2026-01-01"), "{line:?}");
        assert!(line.chars().count() < 3_000, "{line:?}");
    }
    let steers = |c: char| c.is_control() && c != '\n' || "\u{2028}\u{202e}".contains(c);
    assert!(!log.contains(steers), "{log:?}");
    assert!(
        log.contains(r"x\n2026-01-01T00:00:00Z  INFO forged"),
        "{log:?}"
    );
}
