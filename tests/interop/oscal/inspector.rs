//! The command-line MCP Inspector, used as a developer of an MCP client would.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    Nist,
    session::{plan, prompts_were_asked, resources_were_read, tools_were_called},
};
use crate::{
    environment,
    oidc_provider::{OidcProvider, RESOURCE, protected},
};

/// An installed Inspector, and the arguments that point it at a server.
pub(crate) struct Inspector {
    folder: PathBuf,
    server: Vec<String>,
    /// The Inspector keeps settings and tokens in the home folder.
    home: TempDir,
}

impl Inspector {
    pub(crate) fn installed(server: &[&str]) -> Option<Self> {
        Some(Self {
            folder: environment::installed("inspector/node_modules/.bin")?,
            server: server.iter().map(|&text| text.to_owned()).collect(),
            home: tempfile::tempdir().expect("a temporary directory"),
        })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(self.folder.join("node"))
            .arg(self.folder.join("mcp-inspector"))
            .args(["--cli", "--format", "json", "--quiet"])
            .args(arguments)
            .args(&self.server)
            .env("HOME", self.home.path())
            .output()
            .expect("the Inspector runs")
    }

    /// The Inspector takes headers only as arguments, where other users of the machine can read
    /// them. A test's token dies with its authorization server.
    pub(crate) fn bear(&mut self, token: &str) {
        let header = format!("--header=Authorization: Bearer {token}");
        self.server.push(header);
    }

    /// The result of a method.
    pub(crate) fn ask(&self, method: &str, arguments: &[&str]) -> Value {
        self.try_to_ask(method, arguments)
            .unwrap_or_else(|errors| panic!("{method}: {errors}"))
    }

    /// The result of a method, or what the Inspector reports if it is an error.
    fn try_to_ask(&self, method: &str, arguments: &[&str]) -> Result<Value, String> {
        // The method comes last: some options consume all values up to the next option.
        let output = self.run(&[arguments, &["--method", method]].concat());
        if !output.status.success() {
            // The arguments may contain a token, so they are not shown.
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        Ok(answer["result"].clone())
    }

    /// What a tool answered. The Inspector keeps the answer to itself if the tool failed.
    fn call(&self, tool: &str, arguments: &Value) -> Value {
        let arguments = arguments.to_string();
        let flags = ["--tool-name", tool, "--tool-args-json", &arguments];
        match self.try_to_ask("tools/call", &flags) {
            Ok(result) => json!({"error": false, "content": result["structuredContent"]}),
            Err(errors) if errors.contains("tool_is_error") => json!({"error": true}),
            Err(errors) => panic!("{tool}: {errors}"),
        }
    }

    /// Returns the same shape as the Python SDK's session.
    fn uses_everything(&self, plan: &Value) -> Value {
        let names = |list: Value, member: &str| -> Vec<String> {
            let items = list.as_array().expect("a list").iter();
            let names = items.map(|item| item[member].as_str().expect("a name").to_owned());
            names.collect()
        };
        let mut tools = Map::new();
        for tool in names(self.ask("tools/list", &[])["tools"].take(), "name") {
            let seen = self.call(&tool, &plan["tools"][&tool]);
            tools.insert(tool, seen);
        }
        let mut read = Map::new();
        for uri in plan["resources"].as_array().expect("URIs") {
            let uri = uri.as_str().expect("a URI");
            let part = self.ask("resources/read", &["--uri", uri])["contents"][0].take();
            let part = json!([{"mime_type": part["mimeType"], "text": part["text"]}]);
            read.insert(uri.to_owned(), part);
        }
        let mut prompts = Map::new();
        for prompt in self.ask("prompts/list", &[])["prompts"]
            .as_array()
            .expect("prompts")
        {
            let name = prompt["name"].as_str().expect("a name");
            let arguments = names(prompt["arguments"].clone(), "name");
            let given = arguments.iter().filter_map(|argument| {
                let value = plan["prompts"][argument].as_str()?;
                Some(format!("{argument}={value}"))
            });
            let given: Vec<_> = given.collect();
            let mut flags = vec!["--prompt-name", name, "--prompt-args"];
            flags.extend(given.iter().map(String::as_str));
            let text = self.ask("prompts/get", &flags)["messages"][0]["content"]["text"].take();
            prompts.insert(name.to_owned(), json!([text]));
        }
        let resources = self.ask("resources/list", &[])["resources"].take();
        let templates = self.ask("resources/templates/list", &[])["resourceTemplates"].take();
        json!({
            "tools": tools, "read": read, "prompts": prompts,
            "resources": names(resources, "uri"),
            "templates": names(templates, "uriTemplate"),
        })
    }
}

#[tokio::test]
#[ignore = "interop: run scripts/interop"]
async fn inspector_uses_everything_over_http_with_a_token() {
    let (Some(nist), Some(provider)) = (Nist::load(), OidcProvider::start()) else {
        return;
    };
    let [_, schemas] = nist.flags();
    let Some(server) = protected(&provider, &[&schemas]) else {
        return;
    };
    let url = format!("http://{}/mcp", server.address());
    let arguments = [url.as_str(), "--transport=http", "--stored-auth-only"];
    let Some(mut inspector) = Inspector::installed(&arguments) else {
        return;
    };
    let refused = inspector.run(&["--method", "tools/list"]);
    assert!(!refused.status.success(), "no token");

    inspector.bear(&provider.token("machine", RESOURCE).await);
    let seen = inspector.uses_everything(&plan(&nist));
    tools_were_called(&seen["tools"]);
    resources_were_read(&nist, &seen);
    prompts_were_asked(&seen);

    let modern = ["--tool-name", "about", "--protocol-era", "modern"];
    let about = inspector.ask("tools/call", &modern);
    let caller = &about["structuredContent"]["caller"];
    assert_eq!(caller["client_id"], "machine", "{about}");
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn inspector_calls_a_tool_over_stdio() {
    let arguments = [
        "--connect-timeout=60000",
        "--",
        env!("CARGO_BIN_EXE_oscal-mcp-server"),
    ];
    let Some(inspector) = Inspector::installed(&arguments) else {
        return;
    };
    let tools = inspector.ask("tools/list", &[]);
    assert_eq!(tools["tools"].as_array().map(Vec::len), Some(14), "{tools}");
    let arguments = json!({"control": "RS-45"}).to_string();
    let flags = ["--tool-name", "get_control", "--tool-args-json", &arguments];
    let control = inspector.ask("tools/call", &flags);
    assert_eq!(control["structuredContent"]["label"], "RS-45", "{control}");
}
