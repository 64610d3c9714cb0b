//! A client in a separate process, and the person who uses it.

use std::{
    io::{BufRead, BufReader, Read, Seek, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;
use url::Url;

use crate::{environment, person::agree};

/// How to start a client; the plan is its last argument.
pub(super) struct Client {
    program: PathBuf,
    arguments: Vec<&'static str>,
    folder: PathBuf,
}

/// What a client did.
pub(super) struct Seen {
    /// What it reported.
    pub(super) phases: Vec<Value>,
    /// The URLs that it sent the person to.
    pub(super) authorizations: Vec<Url>,
}

/// The Python SDK.
pub(super) fn python() -> Option<Client> {
    Some(Client {
        program: environment::installed("venv/bin/python")?,
        arguments: vec!["cold_start.py"],
        folder: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/python").into(),
    })
}

/// The TypeScript SDK: `v1` is `@modelcontextprotocol/sdk`, `v2` `@modelcontextprotocol/client`.
pub(super) fn typescript(generation: &'static str) -> Option<Client> {
    Some(Client {
        program: "node".into(),
        arguments: vec!["cold-start.mjs", generation],
        folder: environment::installed("node")?,
    })
}

/// Runs a client with this plan to the end. The person agrees to everything.
pub(super) async fn run(client: &Client, plan: &Value, log: impl Fn() -> String) -> Seen {
    let mut errors = tempfile::tempfile().expect("a temporary file");
    let mut child = Command::new(&client.program)
        .args(&client.arguments)
        .arg(plan.to_string())
        .current_dir(&client.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone().expect("a file"))
        .spawn()
        .expect("the client starts");
    let mut stdin = child.stdin.take().expect("piped");
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut authorizations = Vec::new();
    let mut last = String::new();
    for line in stdout.lines() {
        last = line.expect("UTF-8");
        if let Some(url) = last.strip_prefix("AUTHORIZE ") {
            let callback = agree(url).await;
            authorizations.push(Url::parse(url).expect("a URL"));
            writeln!(stdin, "{callback}").expect("the client reads");
        }
    }
    let status = child.wait().expect("a child");
    let mut complaint = String::new();
    errors.rewind().expect("a file");
    errors.read_to_string(&mut complaint).expect("UTF-8");
    assert!(status.success(), "{complaint}\n{last}\n{}", log());
    let phases = serde_json::from_str(&last);
    Seen {
        phases: phases.unwrap_or_else(|error| panic!("{error}: {last}\n{complaint}")),
        authorizations,
    }
}
