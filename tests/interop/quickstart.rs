//! The quickstart, and the commands that it prints and the README shows, run unchanged.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};

use crate::{environment, oscal::Inspector, support::free_port};

/// Its default ports, as in the README.
const PORTS: (u16, u16) = (8000, 8009);

/// A running quickstart. It is killed when dropped.
pub(crate) struct Quickstart {
    process: Child,
    ports: (u16, u16),
    /// What it printed.
    text: String,
    /// Kept open while it may print more.
    _stdout: BufReader<ChildStdout>,
}

impl Quickstart {
    pub(crate) fn start() -> Self {
        let ports = (free_port(), free_port());
        let mut process = Command::new(executable())
            .args(["--port", &ports.0.to_string()])
            .args(["--as-port", &ports.1.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        let mut text = String::new();
        while !text.contains("MCP Inspector") {
            let read = stdout.read_line(&mut text).expect("UTF-8");
            assert_ne!(read, 0, "it ended: {text}");
        }
        Self {
            process,
            ports,
            text,
            _stdout: stdout,
        }
    }

    pub(crate) fn mcp(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.ports.0)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.1)
    }

    /// The JSON lines that it printed.
    fn configurations(&self) -> Vec<Value> {
        let lines = self.text.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("{\""))
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The example as it is now: an interop test run does not build examples by itself.
fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--example", "quickstart"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.expect("cargo runs").success());
        let server = Path::new(env!("CARGO_BIN_EXE_oscal-mcp-server"));
        server.with_file_name("examples").join("quickstart")
    })
}

/// The curl commands in a text: each from its first line to the first without a backslash.
fn curl_commands<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines.map(str::trim) {
        if open && let Some(command) = commands.last_mut() {
            command.push('\n');
            command.push_str(line);
        } else if line.starts_with("curl ") || line.contains("=$(curl ") {
            commands.push(line.to_owned());
        } else {
            continue;
        }
        open = line.ends_with('\\');
    }
    commands
}

/// The lines in the README's shell blocks.
fn readme_lines() -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = fs::read_to_string(readme).expect("the README");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// Runs commands in one shell that stops at the first failure. Returns what each printed.
fn run(commands: &[String]) -> Vec<String> {
    const MARK: &str = "--- next ---";
    let script = commands.join(&format!("\nprintf '\\n{MARK}\\n'\n"));
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .output()
        .expect("bash runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{script}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    printed
        .split(MARK)
        .map(|part| part.trim().to_owned())
        .collect()
}

/// Every command does what its reader expects: a refusal without a token, a result with one.
fn commands_do_what_they_say(commands: &[String]) {
    for (command, printed) in commands.iter().zip(run(commands)) {
        if command.contains("=$(curl ") {
            assert_eq!(printed, "", "{command}");
        } else if command.contains("Bearer $TOKEN") {
            let answer: Value = serde_json::from_str(&printed)
                .unwrap_or_else(|error| panic!("{error}: {printed}\n{command}"));
            let result = &answer["result"];
            assert!(result.is_object(), "{printed}\n{command}");
            assert!(result["isError"] != true, "{printed}\n{command}");
        } else if command.contains("/mcp") && !command.contains("well-known") {
            assert!(printed.contains("401"), "{printed}\n{command}");
            assert!(
                printed.contains("resource_metadata="),
                "{printed}\n{command}"
            );
        } else {
            assert!(!printed.is_empty(), "{command}");
        }
    }
}

/// The path of `program`, or `None` after printing what is missing.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates = env::split_paths(&path).map(|folder| folder.join(name));
    let found = candidates.find(|candidate| candidate.is_file());
    environment::needed(
        found.unwrap_or_else(|| PathBuf::from("/usr/bin").join(name)),
        &format!("apt-get install {name}"),
    )
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn printed_curl_commands_run() {
    if program("curl").is_none() {
        return;
    }
    let quickstart = Quickstart::start();
    let commands = curl_commands(quickstart.text.lines());
    assert_eq!(commands.len(), 3, "{}", quickstart.text);
    commands_do_what_they_say(&commands);
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn curl_commands_of_the_readme_run() {
    if program("curl").is_none() {
        return;
    }
    let quickstart = Quickstart::start();
    let (port, as_port) = quickstart.ports;
    let lines = readme_lines();
    let commands = curl_commands(lines.iter().map(String::as_str));
    assert_eq!(commands.len(), 3, "{commands:?}");
    // The default ports may be in use here.
    let commands: Vec<_> = commands
        .iter()
        .map(|command| {
            command
                .replace(&format!(":{}", PORTS.0), &format!(":{port}"))
                .replace(&format!(":{}", PORTS.1), &format!(":{as_port}"))
        })
        .collect();
    commands_do_what_they_say(&commands);
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn printed_configurations_are_valid() {
    let quickstart = Quickstart::start();
    let entry = json!({"oscal": {"type": "http", "url": quickstart.mcp()}});
    assert_eq!(
        quickstart.configurations(),
        [json!({"servers": entry}), json!({"mcpServers": entry})],
        "{}",
        quickstart.text
    );
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn inspector_takes_the_printed_configuration() {
    let quickstart = Quickstart::start();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("mcp.json");
    fs::write(&file, quickstart.configurations()[1].to_string()).expect("writable");
    let file = file.to_str().expect("UTF-8");
    let arguments = ["--config", file, "--server", "oscal", "--stored-auth-only"];
    let (Some(mut inspector), Some(_)) = (Inspector::installed(&arguments), program("curl")) else {
        return;
    };
    let mut commands = curl_commands(quickstart.text.lines());
    commands.truncate(2);
    commands.push("printf %s \"$TOKEN\"".to_owned());
    inspector.bear(&run(&commands)[2]);
    let about = inspector.ask("tools/call", &["--tool-name", "about"]);
    let caller = &about["structuredContent"]["caller"];
    assert_eq!(caller["client_id"], "quickstart-client", "{about}");
}
