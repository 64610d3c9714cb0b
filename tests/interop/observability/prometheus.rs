//! A running Prometheus that scrapes two addresses every second.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use reqwest::Client;
use rmcp_resource_server::{Clock, SystemClock};
use serde_json::Value;

/// A running Prometheus. It is killed when dropped.
pub(super) struct Prometheus {
    process: Child,
    url: String,
    http: Client,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    /// Starts the Prometheus unpacked below `folder`, with the rules in the file `rules`.
    pub(super) fn start(folder: &Path, targets: [&str; 2], rules: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let configuration = directory.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: ['{rules}']\n\
             scrape_configs:\n\
             - job_name: oscal-mcp-server\n  \
               static_configs: [{{targets: {targets:?}}}]\n"
        );
        fs::write(&configuration, text).expect("writable");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let data = directory.path().join("data");
        let process = Command::new(folder.join("usr/bin/prometheus"))
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        Self {
            process,
            url: format!("http://{address}/api/v1"),
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .timeout(Duration::from_secs(20))
                .build()
                .expect("a client"),
            _directory: directory,
        }
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Value {
        let url = format!("{}{path}", self.url);
        let url = url::Url::parse_with_params(&url, query).expect("a URL");
        let response = self.http.get(url).send().await.expect("an answer");
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer["status"], "success", "{query:?}: {answer}");
        answer["data"].clone()
    }

    /// The series for `expression` during the last `time`, one sample per second.
    pub(super) async fn query_range(&self, expression: &str, time: Duration) -> Vec<Value> {
        let now = SystemClock.now();
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("after 1970");
        let query = [
            ("query", expression.to_owned()),
            ("start", (now - time).as_secs().to_string()),
            ("end", now.as_secs().to_string()),
            ("step", "1".to_owned()),
        ];
        let data = self.get("/query_range", &query).await;
        data["result"].as_array().expect("a result").clone()
    }

    /// All rules, as last evaluated.
    pub(super) async fn rules(&self) -> Vec<Value> {
        let data = self.get("/rules", &[]).await;
        let groups = data["groups"].as_array().expect("groups");
        let rules = groups.iter().map(|group| group["rules"].as_array());
        rules
            .flat_map(|rules| rules.expect("rules").clone())
            .collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
