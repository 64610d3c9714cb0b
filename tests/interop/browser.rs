//! A headless browser on the consent page, and as the home of an MCP client of another origin.

use std::{env, path::PathBuf, process::Command, time::Duration};

use dev_authorization_server::{DevAuthorizationServer, DevClient, DevConfig};
use serde_json::{Value, json};

use crate::{
    environment,
    quickstart::{Quickstart, program},
    support::{SECRET, Server, free_port, protected_where_it_listens},
};

struct Browser {
    chromium: PathBuf,
    folder: PathBuf,
}

impl Browser {
    fn installed() -> Option<Self> {
        Some(Self {
            chromium: program("chromium")?,
            folder: environment::installed("browser")?,
        })
    }

    /// Runs a script, and returns what it saw.
    fn run(&self, script: &str, plan: &Value) -> Value {
        let output = Command::new("node")
            .args([script, &plan.to_string()])
            .env("CHROMIUM", &self.chromium)
            .current_dir(&self.folder)
            .output()
            .expect("node runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_consent_page_of_the_quickstart_completes_the_code_flow() {
    let Some(browser) = Browser::installed() else {
        return;
    };
    let quickstart = Quickstart::start();
    // Set this variable to get a screenshot of the page.
    let screenshot = env::var("OSCAL_INTEROP_SCREENSHOT").ok();
    let plan = json!({
        "mcp": quickstart.mcp(), "issuer": quickstart.issuer(), "screenshot": screenshot,
    });
    let seen = browser.run("consent.mjs", &plan);
    assert_eq!(seen["problems"], json!([]), "{seen}");
    let text = seen["approved"]["text"].as_str().expect("a text");
    for part in ["Auditor's assistant", &quickstart.mcp(), "oscal:read"] {
        assert!(text.contains(part), "{text}");
    }
    let sent = json!({"state": "here", "iss": quickstart.issuer()});
    assert_eq!(seen["approved"]["sent"], sent, "{seen}");
    assert_eq!(seen["denied"]["sent"]["error"], "access_denied", "{seen}");
    assert_eq!(seen["caller"]["subject"], "bob", "{seen}");
    assert_eq!(seen["caller"]["kind"], "user", "{seen}");
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn a_page_of_an_allowed_origin_is_a_client_and_another_is_refused() {
    let Some(browser) = Browser::installed() else {
        return;
    };
    let (port, allowed_port, stranger_port) = (free_port(), free_port(), free_port());
    let mcp = format!("http://127.0.0.1:{port}/mcp");
    let authorization_server = DevAuthorizationServer::start(DevConfig {
        resources: vec![mcp.clone()],
        scopes: vec!["oscal:read".to_owned()],
        clients: vec![DevClient::resource_server("mcp", SECRET.1)],
        token_lifetime: Duration::from_secs(600),
        ..DevConfig::default()
    });
    let authorization_server = authorization_server.expect("it starts");
    let mut flags = protected_where_it_listens(authorization_server.issuer(), port);
    flags.push("--auth-required-scopes=oscal:read".to_owned());
    flags.push(format!("--allowed-origins=http://127.0.0.1:{allowed_port}"));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");

    let plan = json!({
        "mcp": mcp, "allowed_port": allowed_port, "stranger_port": stranger_port,
    });
    let seen = browser.run("cross-origin.mjs", &plan);
    let (refused, learned) = (&seen["refused"], &seen["learned"]);
    assert_eq!(refused["refusal"], "TypeError", "{seen}");
    assert_eq!(refused["status"], Value::Null, "{seen}");
    assert_eq!(refused["metadata"]["resource"], mcp, "{seen}");

    assert_eq!(learned["status"], 401, "{seen}");
    let challenge = learned["challenge"].as_str().expect("a challenge");
    assert!(challenge.contains("scope=\"oscal:read\""), "{challenge}");
    assert!(challenge.contains("resource_metadata="), "{challenge}");
    assert_eq!(
        learned["metadata"]["authorization_servers"],
        json!([authorization_server.issuer()]),
        "{seen}"
    );
    assert_eq!(seen["caller"]["subject"], "alice", "{seen}");
}
