//! What an operator learns about a server's documents: whether it has any, and when.

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{Server, command, free_port};

const PATIENCE: Duration = Duration::from_secs(60);

const NOTICE: &str = "start the server with --documents-dir (OSCAL_DOCUMENTS_DIR)";

fn flags(directory: Option<&Path>) -> Vec<String> {
    let mut flags = [
        "--transport=streamable-http",
        "--port=0",
        "--admin-addr=127.0.0.1:0",
        "--log-format=json",
    ]
    .map(str::to_owned)
    .to_vec();
    flags.extend(directory.map(|directory| format!("--documents-dir={}", directory.display())));
    flags
}

fn catalog(number: usize, controls: usize) -> String {
    let controls: Vec<_> = (0..controls)
        .map(|control| json!({"id": format!("xy-{control}"), "title": "A control"}))
        .collect();
    json!({"catalog": {
        "uuid": format!("00000000-0000-4000-8000-{number:012}"),
        "metadata": {"title": format!("Catalog {number}"), "version": "1", "oscal-version": "1.2.0",
                     "last-modified": "2026-01-01T00:00:00Z"},
        "controls": controls,
    }})
    .to_string()
}

async fn about(server: &Server) -> Value {
    let called = server.call("about", &json!({})).send().await;
    let answer: Value = called.expect("an answer").json().await.expect("JSON");
    answer["result"]["structuredContent"].clone()
}

/// The sum of `documents_loaded` over all models of this source.
async fn loaded(server: &Server, source: &str) -> u64 {
    let metrics = server.admin("/metrics").await.text().await.expect("text");
    sum(&metrics, source)
}

fn sum(metrics: &str, source: &str) -> u64 {
    let of_source = format!("source=\"{source}\"");
    let values: Vec<u64> = metrics
        .lines()
        .filter(|line| line.starts_with("oscal_mcp_server_documents_loaded{"))
        .filter(|line| line.contains(&of_source))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse().ok())
        .collect();
    assert_eq!(values.len(), 8, "one for each model:\n{metrics}");
    values.iter().sum()
}

#[tokio::test]
async fn a_server_without_documents_says_so_in_its_log_in_about_and_in_a_metric() {
    for files in [
        None,
        Some(vec![]),
        Some(vec![("bad.json", "{\"catalog\":".to_owned())]),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, text) in files.iter().flatten() {
            fs::write(directory.path().join(name), text).expect("writable");
        }
        let path = files.as_ref().map(|_| directory.path());
        let server = Server::start(&flags(path), &[]);
        let log = server.log();
        let line = log.lines().find(|line| line.contains(NOTICE));
        let line = line.unwrap_or_else(|| panic!("{files:?}: no notice in\n{log}"));
        assert!(line.contains("\"WARN\""), "{line}");
        if let Some(path) = path {
            let path = path.to_str().expect("UTF-8");
            assert!(line.contains(path), "names the directory: {line}");
        }
        let told = about(&server).await;
        let notice = told["note"].as_str().expect("a notice");
        assert!(notice.contains(NOTICE), "{notice}");
        assert_eq!(loaded(&server, "directory").await, 0, "{files:?}");
        let problems = files.iter().flatten().count();
        let metrics = server.admin("/metrics").await.text().await.expect("text");
        let line = format!("oscal_mcp_server_document_problems {problems}\n");
        assert!(metrics.contains(&line), "{line} in\n{metrics}");
    }
}

#[tokio::test]
async fn the_notice_goes_when_a_document_comes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(&flags(Some(directory.path())), &[]);
    assert!(about(&server).await["note"].is_string());
    fs::write(directory.path().join("one.json"), catalog(1, 2)).expect("writable");
    server.wait_for_log("documents loaded again");
    // The log line precedes the replacement of the documents.
    while loaded(&server, "directory").await == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(loaded(&server, "directory").await, 1);
    assert_eq!(about(&server).await["note"], Value::Null);
}

/// A load balancer that polls `/readyz` sends nobody to a server that is still loading.
#[tokio::test]
async fn a_server_is_ready_only_after_its_documents_are_loaded() {
    const CATALOGS: usize = 40;
    let directory = tempfile::tempdir().expect("a temporary directory");
    for number in 0..CATALOGS {
        let file = directory.path().join(format!("{number}.json"));
        fs::write(file, catalog(number, 1000)).expect("writable");
    }
    let admin = format!("127.0.0.1:{}", free_port());
    let mut flags = flags(Some(directory.path()));
    flags.push(format!("--admin-addr={admin}"));
    flags.retain(|flag| flag != "--admin-addr=127.0.0.1:0");
    let working = tempfile::tempdir().expect("a temporary directory");
    let mut process = command(working.path())
        .args(&flags)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client");
    let get = |path: &str| http.get(format!("http://{admin}{path}")).send();
    let until_ready = async {
        let mut not_ready = 0;
        while !matches!(get("/readyz").await, Ok(answer) if answer.status() == 200) {
            not_ready += 1;
            sleep(Duration::from_millis(2)).await;
        }
        let metrics = get("/metrics").await.expect("an answer").text().await;
        (not_ready, metrics.expect("text"))
    };
    let outcome = timeout(PATIENCE, until_ready).await;
    process.kill().expect("it runs");
    process.wait().expect("a child");
    let (not_ready, metrics) = outcome.expect("ready in time");
    assert_eq!(sum(&metrics, "directory"), CATALOGS as u64);
    assert!(not_ready > 0, "it was asked while it loaded");
}
