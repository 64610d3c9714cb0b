//! Traces, as a real OpenTelemetry collector takes them.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::{
    environment::installed,
    support::{RESOURCE, SECRET, Server, free_port, protected_by},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Receives OTLP and writes what it decodes to a file, as JSON lines.
struct Collector(Child);

impl Drop for Collector {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(binary: &Path, folder: &Path, port: u16) -> Collector {
    let config = json!({
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": format!("127.0.0.1:{port}")}}}},
        "exporters": {"file": {"path": folder.join("traces"), "flush_interval": "100ms"}},
        "service": {
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
        },
    });
    let file = folder.join("config.yaml");
    fs::write(&file, config.to_string()).expect("writable");
    let child = Command::new(binary)
        .arg(format!("--config=file:{}", file.display()))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).expect("writable"))
        .spawn();
    let collector = Collector(child.expect("the collector starts"));
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return collector;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("{:?}", fs::read_to_string(folder.join("log")));
}

fn spans(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("traces")).unwrap_or_default();
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let batches = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let resources = batches.flat_map(|batch| list(&batch, "resourceSpans"));
    let scopes = resources.flat_map(|resource| list(&resource, "scopeSpans"));
    scopes.flat_map(|scope| list(&scope, "spans")).collect()
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_collector_takes_the_spans_of_a_call() {
    let Some(binary) = installed("traces/collector") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let port = free_port();
    let _collector = start(&binary, folder.path(), port);
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("t0ken", fake.active_claims(RESOURCE, "mcp"));
    let endpoint = format!("http://127.0.0.1:{port}");
    let variables = [SECRET, ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    let mut server = Server::start(&protected_by(fake.issuer()), &variables);
    server.wait_for_log("authorization server found");
    let call = server.call("about", &json!({})).bearer_auth("t0ken");
    let call = call.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    assert_eq!(call.send().await.expect("an answer").status(), 200);
    // The last spans are sent at the end.
    server.terminate();
    assert!(server.wait().success());
    let mut found = Vec::new();
    for _ in 0..500 {
        found = spans(folder.path());
        if found.len() >= 4 {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    let mut names: Vec<_> = found
        .iter()
        .filter_map(|span| span["name"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "POST /introspect",
            "POST /mcp",
            "tools/call about",
            "verify token"
        ]
    );
    assert!(
        found.iter().all(|span| span["traceId"] == TRACE),
        "{found:?}"
    );
}
