//! Real MCP clients with a bearer token from a real authorization server.

use std::process::Command;

use serde_json::Value;

use crate::{
    environment,
    oidc_provider::{OidcProvider, RESOURCE, protected},
};

/// Lets a client call tools, and checks what it saw.
async fn tools_are_called_by(mut client: Command, arguments: &[&str], stateless: &str) {
    let Some(provider) = OidcProvider::start() else {
        return;
    };
    let Some(server) = protected(&provider, &[stateless]) else {
        return;
    };
    let token = provider.token("machine", RESOURCE).await;
    let url = format!("http://{}/mcp", server.address());
    let output = tokio::task::spawn_blocking({
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        move || {
            client
                .arg(url)
                .args(arguments)
                .env("MCP_TOKEN", token)
                .output()
                .expect("the client runs")
        }
    })
    .await
    .expect("no panic");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{}", server.log());
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(seen["tools"].as_array().map(Vec::len), Some(14), "{seen}");
    assert_eq!(seen["about"]["caller"]["client_id"], "machine", "{seen}");
    assert_eq!(seen["control"]["label"], "AC-2(1)", "{seen}");
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn python_sdk() {
    let Some(python) = environment::installed("venv/bin/python") else {
        return;
    };
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/python/call_tools.py"
    );
    for stateless in ["--stateless-http=true", "--stateless-http=false"] {
        for mode in ["legacy", "auto", "2026-07-28"] {
            let mut client = Command::new(&python);
            client.arg(script);
            tools_are_called_by(client, &[mode], stateless).await;
        }
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn typescript_sdk() {
    let Some(folder) = environment::installed("node") else {
        return;
    };
    for stateless in ["--stateless-http=true", "--stateless-http=false"] {
        let mut client = Command::new("node");
        client.current_dir(&folder).arg("call-tools.mjs");
        tools_are_called_by(client, &[], stateless).await;
    }
}
