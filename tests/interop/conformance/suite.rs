//! Runs the suite and reads its verdicts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::environment;

/// The result of one scenario: how many of its checks had which status.
#[derive(Default)]
pub(super) struct Outcome {
    passed: usize,
    failed: usize,
    warned: usize,
    /// Why checks failed or gave warnings.
    complaints: Vec<String>,
}

/// The result of one run.
pub(super) struct Run {
    /// Whether the outcomes match the list of expected failures.
    pub(super) as_expected: bool,
    /// What the suite printed.
    printed: String,
    /// By scenario.
    pub(super) outcomes: BTreeMap<String, Outcome>,
}

/// The installed suite.
pub(super) struct Suite {
    node: PathBuf,
    script: PathBuf,
}

impl Suite {
    pub(super) fn installed() -> Option<Self> {
        let modules = environment::installed("conformance/node_modules")?;
        Some(Self {
            node: environment::installed("conformance/node_modules/.bin/node")?,
            script: modules.join("@modelcontextprotocol/conformance/dist/index.js"),
        })
    }

    /// Runs all server scenarios of a version of MCP, including those that the suite does not
    /// score. `expected` is in the suite's own format: the run is not as expected if a scenario
    /// fails or warns that it does not list, or if one passes that it does list.
    pub(super) async fn run(&self, url: &str, version: &str, expected: &str) -> Run {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let expected_failures = directory.path().join("expected-failures.yml");
        fs::write(&expected_failures, expected).expect("it is written");
        let results = directory.path().join("results");
        let mut command = Command::new(&self.node);
        command
            .arg(&self.script)
            .args(["server", "--suite", "all", "--url", url])
            .args(["--spec-version", version])
            .arg("--expected-failures")
            .arg(&expected_failures)
            .arg("--output-dir")
            .arg(&results);
        // It ends by itself: each scenario has 30 s.
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("no panic").expect("the suite runs");
        Run {
            as_expected: output.status.success(),
            printed: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
            outcomes: outcomes(&results),
        }
    }
}

/// The suite writes `server-<scenario>-<time>/checks.json`.
fn outcomes(results: &Path) -> BTreeMap<String, Outcome> {
    const TIME: usize = "-2026-07-28T00-00-00-000Z".len();
    let mut outcomes = BTreeMap::new();
    for folder in fs::read_dir(results).expect("a directory") {
        let folder = folder.expect("an entry");
        let name = folder.file_name().into_string().expect("UTF-8");
        let scenario = name.strip_prefix("server-").expect("a server's scenario");
        let scenario = &scenario[..scenario.len() - TIME];
        // A scenario that could not run leaves no file.
        let checks = fs::read(folder.path().join("checks.json")).unwrap_or_else(|_| b"[]".to_vec());
        let checks: Vec<Value> = serde_json::from_slice(&checks).expect("JSON");
        let count = |status: &str| {
            checks
                .iter()
                .filter(|check| check["status"] == status)
                .count()
        };
        let is_complaint =
            |check: &&Value| check["status"] == "FAILURE" || check["status"] == "WARNING";
        let outcome = Outcome {
            passed: count("SUCCESS"),
            failed: count("FAILURE") + usize::from(checks.is_empty()),
            warned: count("WARNING"),
            complaints: checks
                .iter()
                .filter(is_complaint)
                .map(|check| format!("{}: {}", check["id"], check["errorMessage"]))
                .collect(),
        };
        outcomes.insert(scenario.to_owned(), outcome);
    }
    outcomes
}

impl Run {
    pub(super) fn passed_checks(&self) -> usize {
        self.outcomes.values().map(|outcome| outcome.passed).sum()
    }

    /// Whether an entry of the expected failures, `scenario` or `scenario:check`, did fail.
    pub(super) fn has_failed(&self, entry: &str) -> bool {
        let (scenario, check) = entry.split_once(':').unwrap_or((entry, ""));
        let outcome = self.outcomes.get(scenario);
        outcome.is_some_and(|outcome| {
            let mut complaints = outcome.complaints.iter();
            complaints.any(|complaint| complaint.starts_with(&format!("\"{check}")))
        })
    }

    /// Each check that failed or gave a warning, and what the suite says about the expected
    /// failures.
    pub(super) fn complaints(&self) -> String {
        let mut text = String::new();
        for (scenario, outcome) in &self.outcomes {
            for complaint in &outcome.complaints {
                text += &format!("{scenario}: {complaint}\n");
            }
        }
        let summary = self.printed.find("=== SUMMARY").unwrap_or_default();
        text + &self.printed[summary..]
    }
}

impl Outcome {
    /// Whether nothing failed or gave a warning.
    pub(super) fn is_clean(&self) -> bool {
        self.failed + self.warned == 0
    }

    /// For the table.
    pub(super) fn in_words(&self) -> String {
        match (self.failed, self.warned, self.passed) {
            (0, 0, 0) => "not applicable".to_owned(),
            (0, 0, passed) => format!("pass {passed}"),
            (0, warned, passed) => format!("warn {warned}/{}", warned + passed),
            (failed, warned, passed) => format!("fail {failed}/{}", failed + warned + passed),
        }
    }
}
