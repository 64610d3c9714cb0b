//! Starts the binary as an operator would, and talks to it over sockets and pipes.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

/// How long anything may take before a test fails instead of hanging. A debug build loads NIST's
/// documents in seven seconds, or in thirty on a machine that is also building.
const PATIENCE: Duration = Duration::from_secs(60);

/// The resource that the servers in these tests protect: their public name, not where they listen.
pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// The binary, with an empty environment and an empty working directory.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oscal-mcp-server"));
    command.env_clear().current_dir(directory);
    command
}

/// Runs the binary with these flags and variables until it exits.
pub(crate) fn run<S: AsRef<OsStr>>(flags: &[S], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    command(directory.path())
        .args(flags)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

/// Runs the doctor with these flags and variables, and with the token, if any, on standard input.
pub(crate) fn doctor(flags: &[String], variables: &[(&str, &str)], token: Option<&str>) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = command(directory.path());
    let variables = variables.iter().copied();
    command.arg("doctor").args(flags).envs(variables);
    if token.is_some() {
        command.arg("--token-file=-");
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // It may have exited without reading.
    let _ = writeln!(stdin, "{}", token.unwrap_or_default());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// Flags that turn on authorization with the authorization server `issuer`.
pub(crate) fn protected_by(issuer: &str) -> Vec<String> {
    protected(issuer, RESOURCE, 0)
}

/// Likewise, but the protected URL is where the server listens: `http://127.0.0.1:PORT/mcp`. For
/// clients that start with nothing but that URL.
pub(crate) fn protected_where_it_listens(issuer: &str, port: u16) -> Vec<String> {
    protected(issuer, &format!("http://127.0.0.1:{port}/mcp"), port)
}

fn protected(issuer: &str, resource: &str, port: u16) -> Vec<String> {
    [
        "--transport=streamable-http",
        &format!("--port={port}"),
        "--log-format=json",
        "--auth-client-id=mcp",
        &format!("--auth-issuer-url={issuer}"),
        &format!("--auth-resource-server-url={resource}"),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A port of `127.0.0.1` that is currently free.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The variable that goes with [`protected_by`].
pub(crate) const SECRET: (&str, &str) = ("OSCAL_AUTH_CLIENT_SECRET", "hush:+/%& é");

/// A running server. It stops when dropped.
pub(crate) struct Server {
    process: Process,
    log: Arc<Log>,
    address: String,
    admin_address: Option<String>,
    http: Client,
    _directory: tempfile::TempDir,
}

/// Killed when dropped, even if a test fails before the server listens.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grew: Condvar,
}

impl Server {
    /// Serves the documents of a directory: reading takes the scope `oscal:read`, and sensitive ones
    /// take `oscal:sensitive` too.
    pub(crate) fn with_scopes(issuer: &str, documents: &Path) -> Self {
        let mut flags = protected_by(issuer);
        flags.extend([
            "--auth-required-scopes=mcp".to_owned(),
            "--auth-scope-read=oscal:read".to_owned(),
            "--auth-scope-sensitive=oscal:sensitive".to_owned(),
            format!("--documents-dir={}", documents.display()),
        ]);
        let server = Self::start(&flags, &[SECRET]);
        server.wait_for_log("authorization server found");
        server
    }

    /// Starts a server with these flags and variables and waits until it listens.
    pub(crate) fn start(flags: &[String], variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let child = command(directory.path())
            .args(flags)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut process = Process(child);
        let log = Arc::new(Log::default());
        follow(process.0.stderr.take().expect("piped"), log.clone());
        let admin = flags.iter().any(|flag| flag.starts_with("--admin-addr"));
        let last_line = if admin {
            "\"metrics\""
        } else {
            "\"listening\""
        };
        let text = log.wait_for(last_line);
        let url_of = |message: &str| {
            let line = text.lines().find(|line| line.contains(message))?;
            let entry: Value = serde_json::from_str(line).expect("a JSON log line");
            let url = entry["url"].as_str().expect("a URL");
            let rest = url.strip_prefix("http://").expect("http");
            Some(rest.split('/').next().expect("an authority").to_owned())
        };
        Self {
            process,
            address: url_of("\"listening\"").expect("it listens"),
            admin_address: url_of("\"metrics\""),
            log,
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(Policy::none())
                .timeout(PATIENCE)
                .build()
                .expect("an HTTP client"),
            _directory: directory,
        }
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A GET request for any path.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("http://{}{path}", self.address))
    }

    /// The address of metrics and probes.
    pub(crate) fn admin_address(&self) -> &str {
        self.admin_address.as_ref().expect("an admin address")
    }

    /// A GET request to the admin address.
    pub(crate) async fn admin(&self, path: &str) -> Response {
        let address = self.admin_address();
        let request = self.http.get(format!("http://{address}{path}"));
        request.send().await.expect("an answer")
    }

    /// A tool call, without a token.
    pub(crate) fn call(&self, tool: &str, arguments: &Value) -> RequestBuilder {
        self.http
            .post(format!("http://{}/mcp", self.address))
            .header("Accept", "application/json, text/event-stream")
            .json(&json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": tool, "arguments": arguments},
            }))
    }

    /// The result of `about` for the bearer of `token`.
    pub(crate) async fn about(&self, token: &str) -> Value {
        let response = self
            .call("about", &json!({}))
            .bearer_auth(token)
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        let answer: Value = response.json().await.expect("JSON");
        answer["result"]["structuredContent"].clone()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.text.lock().expect("no panic").clone()
    }

    /// Waits until it has logged `text`. Returns everything logged so far.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    /// The peak memory use so far, in bytes.
    pub(crate) fn memory_peak(&self) -> usize {
        let status = format!("/proc/{}/status", self.process.0.id());
        let status = std::fs::read_to_string(status).expect("a process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<usize>().ok())
            .expect("a size")
            * 1024
    }

    /// The processor time used so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = format!("/proc/{}/stat", self.process.0.id());
        let stat = std::fs::read_to_string(stat).expect("a process");
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = fields
            .map(|field| field.parse::<u64>().expect("a count"))
            .sum();
        // Linux counts in hundredths of a second on every platform.
        Duration::from_millis(10 * ticks)
    }

    /// Stops reading the log until the result is dropped.
    pub(crate) fn stop_reading_log(&self) -> Sender<()> {
        let log = self.log.clone();
        let (release, released) = channel();
        let (stop, stopped) = channel();
        std::thread::spawn(move || {
            let _unread = log.text.lock().expect("no panic");
            stop.send(()).expect("a receiver");
            // Returns an error once the sender is dropped.
            let _ = released.recv();
        });
        stopped.recv().expect("a sender");
        release
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// How many of its threads have a name that begins like this.
    pub(crate) fn threads_named(&self, name: &str) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.0.id()));
        let names = tasks.expect("Linux").filter_map(|task| {
            // A thread may have just ended.
            std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
        });
        names.filter(|found| found.starts_with(name)).count()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.id())])
            .status()
            .expect("a shell");
        assert!(status.success());
    }

    /// Waits for the process to exit.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.0.wait().expect("a child")
    }
}

impl Log {
    fn wait_for(&self, wanted: &str) -> String {
        let text = self.text.lock().expect("no panic");
        let (text, timeout) = self
            .grew
            .wait_timeout_while(text, PATIENCE, |text| !text.contains(wanted))
            .expect("no panic");
        assert!(!timeout.timed_out(), "no {wanted:?} in the log:\n{text}");
        text.clone()
    }
}

fn follow(stderr: impl Read + Send + 'static, log: Arc<Log>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut text = log.text.lock().expect("no panic");
            text.push_str(&line);
            text.push('\n');
            log.grew.notify_all();
        }
    });
}

/// Sends JSON-RPC messages to a server over stdio. Returns its answers, by id, and its output.
pub(crate) fn over_stdio(
    flags: &[&str],
    variables: &[(&str, &str)],
    requests: &[Value],
) -> (Vec<Value>, Output) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = command(directory.path());
    command.args(flags).envs(variables.iter().copied());
    converse(&mut command, requests)
}

/// Likewise, with a server that `command` starts.
pub(crate) fn converse(command: &mut Command, requests: &[Value]) -> (Vec<Value>, Output) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut send = |message: &Value| writeln!(stdin, "{message}").expect("it reads");
    let mut receive = || {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it writes");
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    send(
        &json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }}),
    );
    let mut answers = vec![receive()];
    send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    for request in requests {
        send(request);
        answers.push(receive());
    }
    drop(stdin);
    (answers, child.wait_with_output().expect("it ends"))
}

/// A `tools/call` message.
pub(crate) fn tool_call(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
           "params": {"name": tool, "arguments": arguments}})
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}
