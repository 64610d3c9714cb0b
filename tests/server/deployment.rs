//! The exact settings that `docs/deployment.md` tells operators to use. Only what a test cannot
//! have is replaced: the authorization server, fixed ports, the location of the secret.

use std::{collections::BTreeMap, fs};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{SECRET, Server};

const DOCUMENT: &str = include_str!("../../docs/deployment.md");

const CATALOG: &str = r#"{"catalog": {"uuid": "00000000-0000-4000-8000-000000000001",
    "metadata": {"title": "A catalog"}, "controls": [{"id": "xy-1", "title": "A control"}]}}"#;

/// The block of variables after the mark `name`.
fn settings(name: &str) -> BTreeMap<String, String> {
    let (_, rest) = DOCUMENT
        .split_once(&format!("<!-- settings: {name} -->\n```sh\n"))
        .unwrap_or_else(|| panic!("no settings {name}"));
    let (block, _) = rest.split_once("\n```").expect("an end");
    let lines = block.lines().map(|line| line.split_once('=').expect(line));
    let lines = lines.map(|(n, v)| (n.to_owned(), v.to_owned()));
    built_in(name).into_iter().chain(lines).collect()
}

/// The variables that the image and the unit set before the operator's settings.
fn built_in(name: &str) -> Vec<(String, String)> {
    let file = match name {
        "container" => include_str!("../../deploy/Containerfile"),
        "systemd" => include_str!("../../deploy/systemd/oscal-mcp-server.service"),
        _ => "",
    };
    let words = file
        .split_whitespace()
        .map(|word| word.trim_start_matches("Environment="));
    let variables = words.filter(|word| word.starts_with("OSCAL_"));
    variables
        .filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A server with the settings `name`, and its resource URL.
struct Deployed {
    server: Server,
    resource: String,
    _fake: FakeAuthorizationServer,
    _directory: tempfile::TempDir,
}

impl Deployed {
    fn start(name: &str) -> Self {
        let mut settings = settings(name);
        let fake = FakeAuthorizationServer::start();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let resource = settings["OSCAL_AUTH_RESOURCE_SERVER_URL"].clone();
        fake.answer_token("good", fake.active_claims(&resource, ""));

        let mut replace = |name: &str, by: String| {
            if let Some(value) = settings.get_mut(name) {
                *value = by;
            }
        };
        for (name, folder) in [
            ("OSCAL_DOCUMENTS_DIR", "documents"),
            ("OSCAL_SCHEMAS_DIR", "schemas"),
        ] {
            let folder = directory.path().join(folder);
            fs::create_dir(&folder).expect("writable");
            fs::write(folder.join("catalog.json"), CATALOG).expect("writable");
            replace(name, folder.display().to_string());
        }
        replace("OSCAL_MCP_PORT", "0".to_owned());
        replace("OSCAL_ADMIN_ADDR", "127.0.0.1:0".to_owned());
        replace("OSCAL_AUTH_ISSUER_URL", fake.issuer().to_owned());
        let secret = directory.path().join("client-secret");
        fs::write(&secret, SECRET.1).expect("writable");
        replace(
            "OSCAL_AUTH_CLIENT_SECRET_FILE",
            secret.display().to_string(),
        );
        let mut variables: Vec<_> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if !settings.contains_key("OSCAL_AUTH_CLIENT_SECRET_FILE") {
            variables.push(SECRET);
        }
        if !settings.contains_key("OSCAL_MCP_PORT") {
            variables.push(("OSCAL_MCP_PORT", "0"));
        }
        let server = Server::start(&["--log-format=json".to_owned()], &variables);
        let log = server.wait_for_log("authorization server found");
        assert!(!log.contains("has no effect"), "{log}");
        Self {
            server,
            resource,
            _fake: fake,
            _directory: directory,
        }
    }
}

#[tokio::test]
async fn recipes_protect_the_server_and_tell_its_public_url() {
    for name in ["container", "gateway", "agent-runtime", "systemd"] {
        let deployed = Deployed::start(name);
        let (server, resource) = (&deployed.server, &deployed.resource);
        let host = if name == "agent-runtime" {
            "some-internal-name.runtime:8000"
        } else {
            let rest = resource.strip_prefix("https://").expect("https");
            rest.split('/').next().expect("a host")
        };
        let call = || {
            server
                .call("about", &json!({}))
                .header("Host", host)
                // A header that a managed runtime adds to each request.
                .header("Mcp-Session-Id", "0b1c8f5e-platform-generated")
        };
        let refused = call().send().await.expect("an answer");
        assert_eq!(refused.status(), 401, "{name}");
        let challenge = refused.headers()["www-authenticate"]
            .to_str()
            .expect("ASCII")
            .to_owned();
        let public = resource.replacen(".com/", ".com/.well-known/oauth-protected-resource/", 1);
        assert_eq!(
            challenge,
            format!("Bearer resource_metadata=\"{public}\""),
            "{name}"
        );

        let path = public.split_once(".com").expect("a path").1;
        for path in [path, "/.well-known/oauth-protected-resource"] {
            let metadata = server.get(path).send().await.expect("an answer");
            assert_eq!(metadata.status(), 200, "{name} {path}");
            let metadata: Value = metadata.json().await.expect("JSON");
            assert_eq!(metadata["resource"], *resource, "{name} {path}");
        }

        let served = call().bearer_auth("good").send().await.expect("an answer");
        assert_eq!(served.status(), 200, "{name}");
        assert_eq!(served.headers()["content-type"], "application/json");
        assert!(!served.headers().contains_key("mcp-session-id"), "{name}");
        let answer: Value = served.json().await.expect("JSON");
        let caller = &answer["result"]["structuredContent"]["caller"];
        assert_eq!(caller["subject"], "alice", "{name}");
        // A notice says that it has no documents.
        let documents = &answer["result"]["structuredContent"]["note"];
        let is_told_to_mount_some = ["container", "systemd"].contains(&name);
        assert_eq!(
            documents.is_null(),
            is_told_to_mount_some,
            "{name}: {documents}"
        );
    }
}

#[test]
fn the_installed_settings_of_systemd_are_the_documented_ones() {
    let installed = include_str!("../../deploy/systemd/settings.env").lines();
    let installed: Vec<_> = installed.filter(|line| !line.starts_with('#')).collect();
    assert!(DOCUMENT.contains(&format!(
        "<!-- settings: systemd -->\n```sh\n{}\n```",
        installed.join("\n")
    )));
}

/// AgentCore's requirements on the server: stateless, at 0.0.0.0:8000/mcp.
#[test]
fn the_agent_runtime_recipe_is_what_the_runtime_expects() {
    let settings = settings("agent-runtime");
    for (name, value) in [
        ("OSCAL_MCP_TRANSPORT", "streamable-http"),
        ("OSCAL_MCP_HOST", "0.0.0.0"),
        ("OSCAL_MCP_PORT", "8000"),
        ("OSCAL_MCP_PATH", "/mcp"),
        ("OSCAL_MCP_STATELESS_HTTP", "true"),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }
}
