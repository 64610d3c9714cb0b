//! MCP sessions that receive the server's own messages.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use reqwest::{Response, header::HeaderValue};
use serde_json::{Value, json};

use crate::support::{Server, command};

/// How long anything may take. A change is loaded after two checks of the directory, 1 s apart.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session over stdio. The server is killed when this is dropped.
pub(crate) struct Session {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    log: Receiver<String>,
    /// What the server answered to `initialize`.
    pub(crate) initialized: Value,
    /// Messages that were not answers.
    pub(crate) notifications: Vec<Value>,
    _directory: tempfile::TempDir,
}

impl Session {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut child = command(directory.path())
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let parse = |line: String| serde_json::from_str(&line).expect("JSON");
        let messages = lines(child.stdout.take().expect("piped"), parse);
        let mut session = Self {
            stdin: child.stdin.take().expect("piped"),
            messages,
            log: lines(child.stderr.take().expect("piped"), |line| line),
            child,
            initialized: Value::Null,
            notifications: Vec::new(),
            _directory: directory,
        };
        session.initialized = session.result("initialize", &initialize_params());
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").expect("it reads");
    }

    fn answer(&mut self, method: &str, params: &Value) -> Value {
        self.send(&request(1, method, params));
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("an answer");
            if message.get("id").is_some() {
                return message;
            }
            self.notifications.push(message);
        }
    }

    pub(crate) fn result(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    pub(crate) fn error(&mut self, method: &str, params: &Value) -> Value {
        let answer = self.answer(method, params);
        assert!(answer["error"].is_object(), "{params:.200}: {answer:.500}");
        answer["error"].clone()
    }

    /// The structured result of a tool.
    pub(crate) fn tool(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.result("tools/call", &params)["structuredContent"].clone()
    }

    /// Waits for the next message that is not an answer.
    pub(crate) fn wait_for_notification(&mut self) {
        let message = self.messages.recv_timeout(PATIENCE).expect("a message");
        assert!(message.get("id").is_none(), "{message}");
        self.notifications.push(message);
    }

    /// Waits for a log line that contains `text`. Returns the lines up to it since the last call.
    pub(crate) fn wait_for_log(&mut self, text: &str) -> String {
        let mut log = String::new();
        while !log.contains(text) {
            let line = self.log.recv_timeout(PATIENCE);
            log += &line.unwrap_or_else(|_| panic!("no {text:?} in the log:\n{log}"));
            log.push('\n');
        }
        log
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines<T: Send + 'static>(
    stream: impl std::io::Read + Send + 'static,
    read: impl Fn(String) -> T + Send + 'static,
) -> Receiver<T> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(read(line)).is_err() {
                break;
            }
        }
    });
    receiver
}

pub(crate) fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(crate) fn list_changed() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/resources/list_changed"})
}

fn initialize_params() -> Value {
    json!({"protocolVersion": "2025-06-18", "capabilities": {},
           "clientInfo": {"name": "test", "version": "1"}})
}

/// Sends `initialize` over HTTP.
pub(crate) async fn initialize(server: &Server) -> Response {
    let sent = server.call("", &json!({}));
    let sent = sent.json(&request(0, "initialize", &initialize_params()));
    let response = sent.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    response
}

/// The capability `resources` in the answer to `initialize`, which is JSON or a single event.
pub(crate) async fn resources_capability(response: Response) -> Value {
    let text = response.text().await.expect("text");
    let json = text.lines().find_map(|line| {
        let start = line.find('{')?;
        serde_json::from_str::<Value>(&line[start..]).ok()
    });
    json.expect("JSON")["result"]["capabilities"]["resources"].clone()
}

/// Opens the stream of a session.
pub(crate) async fn get(server: &Server, session: &HeaderValue) -> Response {
    let sent = server.get("/mcp").header("Accept", "text/event-stream");
    let sent = sent.header("Mcp-Session-Id", session).send();
    let response = sent.await.expect("an answer");
    assert_eq!(response.status(), 200);
    response
}

/// Calls `subscriptions/listen` of MCP 2026-07-28 and waits for the acknowledgement.
pub(crate) async fn listen(server: &Server, token: Option<&str>) -> Response {
    let params = json!({
        "notifications": {"resourcesListChanged": true, "toolsListChanged": true},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    let sent = server.call("", &json!({}));
    let sent = sent.json(&request(7, "subscriptions/listen", &params));
    let sent = sent.header("MCP-Protocol-Version", "2026-07-28");
    let mut sent = sent.header("Mcp-Method", "subscriptions/listen");
    if let Some(token) = token {
        sent = sent.bearer_auth(token);
    }
    let mut response = sent.send().await.expect("an answer");
    let event = event_with(&mut response, "acknowledged").await;
    assert!(event.contains("\"resourcesListChanged\":true"), "{event}");
    assert!(!event.contains("toolsListChanged"), "{event}");
    response
}

/// Reads a stream of events up to one that contains `text`.
pub(crate) async fn event_with(stream: &mut Response, text: &str) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("no {text:?} in {read}"));
        let chunk = chunk
            .expect("it reads")
            .unwrap_or_else(|| panic!("the end of {read}"));
        read += &String::from_utf8_lossy(&chunk);
    }
    read
}
