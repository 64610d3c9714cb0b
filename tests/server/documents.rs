//! What an operator learns about a server's documents: whether it has any, and when.

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::support::{Server, command, free_port, over_stdio, tool_call};

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

/// A directory with copies, revisions of one uuid, and a profile that only a guess resolves.
fn shared_uuids() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("created");
        fs::write(path, text).expect("writable");
    };
    write("rules-min.json", &catalog(1, 2));
    let tree: Value = serde_json::from_str(&catalog(1, 2)).expect("JSON");
    write("rules.json", &format!("{tree:#}"));
    let newer = catalog(1, 3).replace("2026-01-01", "2026-06-01");
    write("v2/rules-2.json", &newer.replace("\"1\"", "\"2\""));
    let profile = |number: usize, title: &str, href: &str| {
        let imports = json!([{"href": href, "include-all": {}}]);
        json!({"profile": {
            "uuid": format!("00000000-0000-4000-8000-{number:012}"),
            "metadata": {"title": title, "version": "7"}, "imports": imports,
        }})
        .to_string()
    };
    write(
        "p/exact.json",
        &profile(2, "Exact baseline", "../rules.json"),
    );
    write(
        "p/guess.json",
        &profile(3, "Guessed baseline", "https://example.org/rules-2.json"),
    );
    write(
        "p/none.json",
        &profile(4, "Lost", "trestle://catalogs/x/rules.json"),
    );
    directory
}

#[test]
fn documents_are_named_by_title_or_file_and_guesses_are_told_in_every_answer() {
    let directory = shared_uuids();
    let flag = format!("--documents-dir={}", directory.path().display());
    let (answers, _) = over_stdio(
        &[&flag],
        &[],
        &[
            tool_call("list_documents", &json!({"model": "catalog"})),
            tool_call("resolve_profile", &json!({"profile": "exact baseline"})),
            tool_call("list_controls", &json!({"document": "rules.json"})),
            tool_call("list_controls", &json!({"document": "catalog 1"})),
            tool_call("search", &json!({"query": "xy-1", "document": "rules-2"})),
            tool_call("resolve_profile", &json!({"profile": "baseline"})),
            tool_call(
                "get_control",
                &json!({"control": "xy-1", "document": "catalgo 2"}),
            ),
            tool_call(
                "get_control",
                &json!({"control": "xy-2", "profile": "guess.json"}),
            ),
            tool_call("list_controls", &json!({"profile": "Guessed baseline 7"})),
            tool_call("resolve_profile", &json!({"profile": "guess"})),
            tool_call(
                "resolve_profile",
                &json!({"profile": "guess", "catalog": "rules-min"}),
            ),
            tool_call("resolve_profile", &json!({"profile": "lost"})),
            tool_call(
                "resolve_profile",
                &json!({"profile": "lost", "catalog": "rules-2"}),
            ),
        ],
    );
    let content = |at: usize| &answers[at]["result"]["structuredContent"];
    let texts = |at: usize| -> String {
        let blocks = answers[at]["result"]["content"].as_array();
        let texts = blocks
            .into_iter()
            .flatten()
            .map(|block| block["text"].as_str());
        texts
            .map(|text| text.expect("text").to_owned() + "\n")
            .collect()
    };
    let newest = "00000000-0000-4000-8000-000000000001";
    let documents = content(1)["items"].as_array().expect("a list");
    assert_eq!(documents.len(), 2, "{documents:?}");
    let (older, newer) = (&documents[0], &documents[1]);
    assert_eq!(older["files"], json!(["rules-min.json", "rules.json"]));
    assert_eq!(older["superseded_by"], newest);
    assert_eq!(newer["id"], newest);
    assert!(
        texts(1).contains(&format!("an older revision of {newest}")),
        "{}",
        texts(1)
    );

    assert_eq!(content(2)["controls"]["total"], 2, "{}", texts(2));
    assert_eq!(content(2)["warnings"], json!([]));
    assert_eq!(content(3)["total"], 2, "{}", texts(3));
    assert_eq!(content(4)["total"], 3, "{}", texts(4));
    let hit = &content(5)["items"][0];
    assert_eq!(hit["document"], newest);
    assert_eq!(
        (&hit["document_title"], &hit["document_version"]),
        (&json!("Catalog 1"), &json!("2"))
    );
    assert!(texts(5).contains("Catalog 1 2 (catalog"), "{}", texts(5));
    assert!(
        texts(6).contains("\"baseline\" could be any of \"Exact baseline\" 7 (profile"),
        "{}",
        texts(6)
    );
    assert!(
        texts(7).contains("like it are \"Catalog 1\""),
        "{}",
        texts(7)
    );

    let warning = "taken for `Catalog 1` 2 (00000000-0000-4000-8000-000000000001), only because of its file name";
    for at in [8, 9, 10] {
        assert!(texts(at).contains(warning), "{}", texts(at));
        let warnings = content(at)["warnings"].as_array().expect("a list");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].as_str().expect("text").contains(warning),
            "{warnings:?}"
        );
    }
    assert_eq!(
        content(11)["controls"]["total"],
        2,
        "named by the caller: {}",
        texts(11)
    );
    assert!(!texts(11).contains("taken for"), "{}", texts(11));
    for expected in ["no document is at that place", "`Catalog 1` 1"] {
        assert!(texts(12).contains(expected), "{}", texts(12));
    }
    assert_eq!(content(13)["controls"]["total"], 3, "{}", texts(13));
}

#[tokio::test]
async fn a_changed_file_is_served_and_no_other_is_read() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |number: usize, controls: usize| {
        let file = directory.path().join(format!("{number}.json"));
        fs::write(file, catalog(number, controls)).expect("writable");
    };
    (0..50).for_each(|number| write(number, 10));
    let server = Server::start(&flags(Some(directory.path())), &[]);
    assert_eq!(about(&server).await["controls"], 500);
    write(7, 11);
    server.wait_for_log("documents loaded again");
    while about(&server).await["controls"] == 500 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(about(&server).await["controls"], 501);
    let log = server.log();
    let line = log
        .lines()
        .find(|line| line.contains("documents loaded again"));
    let line: Value = serde_json::from_str(line.expect("logged")).expect("JSON");
    assert!(line.to_string().contains("\"files_read\":1"), "{line}");
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
