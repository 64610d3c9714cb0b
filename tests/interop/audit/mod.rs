//! The audit log under the real logrotate, with the configuration that `docs/audit.md` shows.

use std::{
    fs,
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    environment::installed,
    support::{Server, run, stderr, stdout},
};

const GUIDE: &str = include_str!("../../../docs/audit.md");

/// The configuration in the guide, for this log and this process.
fn configuration(log: &Path, process: u32) -> String {
    let (_, rest) = GUIDE.split_once("```text\n").expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    let named = "/var/log/oscal-mcp-server/audit.jsonl";
    let signal = "systemctl kill --signal=HUP oscal-mcp-server";
    assert!(block.contains(named) && block.contains(signal), "{block}");
    let here = block.replace(named, &log.display().to_string());
    here.replace(signal, &format!("kill -HUP {process}"))
}

fn wait_for(file: &Path, text: &str) {
    let begun = Instant::now();
    while !fs::read_to_string(file).is_ok_and(|content| content.contains(text)) {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "no {text} in {file:?}"
        );
        sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn logrotate_keeps_the_chain() {
    let Some(root) = installed("logrotate") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| folder.path().join(name);
    let (log, key) = (path("audit.jsonl"), path("key"));
    fs::write(&key, [7; 32]).expect("writable");
    let flags = [
        "--transport=streamable-http".to_owned(),
        "--log-format=json".to_owned(),
        "--port=0".to_owned(),
        format!("--audit-log={}", log.display()),
        format!("--audit-key-file={}", key.display()),
    ];
    let server = Server::start(&flags, &[]);
    fs::write(path("conf"), configuration(&log, server.id())).expect("writable");
    for _rotation in 0..3 {
        let answer = server.call("about", &json!({})).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
        wait_for(&log, "tool.call");
        let rotated = Command::new(root.join("usr/sbin/logrotate"))
            .env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"))
            .arg("--force")
            .arg("--state")
            .args([path("state"), path("conf")])
            .output()
            .expect("logrotate runs");
        assert!(rotated.status.success(), "{}", stderr(&rotated));
        wait_for(&log, "log.reopened");
    }
    drop(server);
    let parts = [
        "audit.jsonl.3",
        "audit.jsonl.2",
        "audit.jsonl.1",
        "audit.jsonl",
    ];
    let mut arguments = vec!["audit".to_owned(), "verify".to_owned()];
    arguments.push(format!("--key-file={}", key.display()));
    arguments.extend(parts.map(|part| path(part).display().to_string()));
    let verified = run(&arguments, &[]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));

    // Without one of the parts the chain is broken.
    let second = arguments.len() - 3;
    arguments.remove(second);
    let verified = run(&arguments, &[]);
    assert_eq!(verified.status.code(), Some(1), "{}", stdout(&verified));
}
