//! The dashboard and the alert rules, with what a real Prometheus scrapes from a real server.

mod prometheus;
mod traffic;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    environment::installed,
    support::{stderr, stdout},
};
use prometheus::Prometheus;

/// How much of the traffic is shown, after the first seconds that rates need.
const SHOWN: Duration = Duration::from_secs(30);

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn path(name: &str) -> String {
    format!("{ROOT}/deploy/observability/{name}")
}

/// The dashboard's queries: panel title, expression as Grafana would send it, legend, unit.
fn queries() -> Vec<(String, String, String, String)> {
    let text = fs::read_to_string(path("dashboard.json")).expect("readable");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let queries = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().expect("targets");
        targets.iter().map(|target| {
            (
                text(&panel["title"]),
                text(&target["expr"])
                    .replace("$job", "oscal-mcp-server")
                    .replace("$__rate_interval", "15s"),
                text(&target["legendFormat"]),
                text(&panel["fieldConfig"]["defaults"]["unit"]),
            )
        })
    });
    queries.collect()
}

fn is_number(sample: &Value) -> bool {
    let value = sample[1].as_str().and_then(|text| text.parse::<f64>().ok());
    value.is_some_and(f64::is_finite)
}

/// Writes down what each query returned, and lets `render.py` draw it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "interop: run scripts/interop"]
async fn every_panel_of_the_dashboard_has_data_and_every_alert_is_evaluated() {
    let Some(folder) = installed("prometheus") else {
        return;
    };
    let watched = traffic::Watched::start();
    let prometheus = Prometheus::start(&folder, watched.admin_addresses(), &path("alerts.yaml"));
    watched.keep_busy_for(SHOWN + Duration::from_secs(10)).await;

    let mut series = Vec::new();
    for (title, expression, legend, unit) in queries() {
        assert!(!expression.contains('$'), "{expression}");
        let results = prometheus.query_range(&expression, SHOWN).await;
        let numbers = results
            .iter()
            .flat_map(|result| result["values"].as_array().expect("values"))
            .filter(|sample| is_number(sample));
        assert!(numbers.count() >= 5, "{title}: no data for {expression}");
        series.push(json!({"title": title, "legend": legend, "unit": unit, "results": results}));
    }
    let results = folder.join("series.json");
    fs::write(&results, json!(series).to_string()).expect("writable");

    let rules = prometheus.rules().await;
    assert_eq!(rules.len(), 7, "{rules:?}");
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        let query = rule["query"].as_str().expect("a query");
        prometheus.query_range(query, SHOWN).await;
    }

    let picture = folder.join("dashboard.svg");
    let drawn = Command::new("python3")
        .arg(Path::new(ROOT).join("tests/interop/observability/render.py"))
        .args([&results, &picture])
        .output()
        .expect("python runs");
    assert!(drawn.status.success(), "{}", stderr(&drawn));
    let svg = fs::read_to_string(picture).expect("a picture");
    for (title, ..) in queries() {
        assert!(svg.contains(&title), "{title} is in the picture");
    }
    assert!(svg.len() < 100_000, "{} bytes", svg.len());
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn alerts_fire_when_they_should_and_not_otherwise() {
    let Some(promtool) = installed("prometheus/usr/bin/promtool") else {
        return;
    };
    let run = |arguments: &[&str]| -> Output {
        let output = Command::new(&promtool).args(arguments).output();
        output.expect("promtool runs")
    };
    for arguments in [
        ["check", "rules", &path("alerts.yaml")],
        ["test", "rules", &path("alerts-test.yaml")],
    ] {
        let output = run(&arguments);
        let told = format!("{}{}", stdout(&output), stderr(&output));
        assert!(output.status.success(), "{arguments:?}: {told}");
    }
    let rules = fs::read_to_string(path("alerts.yaml")).expect("readable");
    let tests = fs::read_to_string(path("alerts-test.yaml")).expect("readable");
    for alert in rules.lines().filter_map(|line| line.split_once("alert: ")) {
        let fires = format!("alertname: {}\n        exp_alerts:\n", alert.1);
        assert!(tests.contains(&fires), "{} is seen to fire", alert.1);
    }
}
