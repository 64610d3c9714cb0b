//! The official conformance suite, against the OSCAL server and against a server built on
//! `rmcp-resource-server` that has the tools, resources and prompts that the suite asks for. Both
//! require a token; a proxy adds it, because the suite sends none.

mod fixture;
mod proxy;
mod suite;

use std::collections::BTreeSet;

use dev_authorization_server::FakeAuthorizationServer;

use crate::support::{self, RESOURCE, SECRET, Server};
use fixture::{Fixture, Framework};
use proxy::{Proxy, Unconnected};
use suite::{Outcome, Run, Suite};

const VERSIONS: [&str; 3] = ["2025-06-18", "2025-11-25", "2026-07-28"];
const TOKEN: &str = "token-for-conformance";

/// An authorization server that knows [`TOKEN`].
fn authorization_server() -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token(TOKEN, fake.active_claims(RESOURCE, "mcp:tools"));
    fake
}

/// Runs every version against the server behind `url`, and requires the outcomes that `expected`
/// names.
async fn conforms(suite: &Suite, server: &str, url: &str, expected: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for version in VERSIONS {
        runs.push(suite.run(url, version, expected).await);
    }
    print(server, &runs);
    let mut complaints = String::new();
    for (version, run) in VERSIONS.iter().zip(&runs) {
        if !run.as_expected || run.passed_checks() < 20 {
            complaints += &format!("\n{server} {version}:\n{}", run.complaints());
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
    runs
}

#[expect(
    clippy::print_stdout,
    reason = "the table is for whoever reads the run"
)]
fn print(server: &str, runs: &[Run]) {
    println!("\nCONFORMANCE {server}: scenario, and checks passed in each version");
    let scenarios: BTreeSet<&String> = runs.iter().flat_map(|run| run.outcomes.keys()).collect();
    println!(
        "| {:<45} | {} |",
        "scenario",
        VERSIONS.map(|version| format!("{version:<14}")).join(" | ")
    );
    for scenario in scenarios {
        let cells: Vec<String> = (runs.iter())
            .map(|run| run.outcomes.get(scenario))
            .map(|outcome| outcome.map_or_else(|| "-".to_owned(), Outcome::in_words))
            .map(|cell| format!("{cell:<14}"))
            .collect();
        println!("| {scenario:<45} | {} |", cells.join(" | "));
    }
    for (version, run) in VERSIONS.iter().zip(runs) {
        let clean = run.outcomes.values().filter(|outcome| outcome.is_clean());
        let (clean, scenarios) = (clean.count(), run.outcomes.len());
        let passed = run.passed_checks();
        println!("{server} {version}: {clean} of {scenarios} scenarios, {passed} checks passed");
    }
}

/// Both values of the option `--stateless-http`, the default first.
#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn the_oscal_server_conforms() {
    let expected = include_str!("expected-failures.yml");
    let Some(suite) = Suite::installed() else {
        return;
    };
    let mut runs = Vec::new();
    for (mode, stateless) in [("stateless", "true"), ("with sessions", "false")] {
        let fake = authorization_server();
        let proxy = Unconnected::bind().await;
        let origin = proxy.origin();
        let mut flags = support::protected_by(fake.issuer());
        flags.push(format!("--stateless-http={stateless}"));
        flags.push(format!("--allowed-origins={origin}"));
        let server = Server::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        let address = server.address().parse().expect("an address");
        let _proxy: Proxy = proxy.forward(address, TOKEN);
        let url = format!("{origin}/mcp");
        runs.extend(conforms(&suite, &format!("oscal {mode}"), &url, expected).await);
        assert!(fake.introspection_count() > 0, "the token was checked");
    }
    // The suite does not notice an entry for a scenario or check that does not exist.
    for entry in expected
        .lines()
        .filter_map(|line| line.strip_prefix("  - "))
    {
        assert!(runs.iter().any(|run| run.has_failed(entry)), "{entry}");
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn a_server_built_on_the_crate_conforms() {
    let Some(suite) = Suite::installed() else {
        return;
    };
    for framework in [Framework::Actix, Framework::Axum] {
        let fake = authorization_server();
        let proxy = Unconnected::bind().await;
        let origin = proxy.origin();
        let fixture = Fixture::start(framework, &fake, &origin);
        let _proxy: Proxy = proxy.forward(fixture.address(), TOKEN);
        let (name, url) = (format!("fixture on {framework:?}"), format!("{origin}/mcp"));
        let runs = conforms(&suite, &name, &url, "server: []").await;
        for (run, scenarios) in runs.iter().zip([27, 33, 40]) {
            assert_eq!(run.outcomes.len(), scenarios);
        }
        assert!(fake.introspection_count() > 0, "the token was checked");
    }
}
