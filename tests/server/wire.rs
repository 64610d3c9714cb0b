//! Requests that HTTP allows, beyond what MCP clients usually send.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, Server, over_stdio, protected_by, tool_call};

fn protected(more: &[&str]) -> (FakeAuthorizationServer, Server) {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    let mut flags = protected_by(fake.issuer());
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    (fake, server)
}

/// Sends one request as written. Returns everything received until the server closes the
/// connection, or until the answer is complete if the server keeps it open.
fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a time");
    stream.write_all(request.as_bytes()).expect("it reads");
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !is_whole(&answer) {
        match stream.read(&mut buffer).expect("an end") {
            0 => break,
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8(answer).expect("text")
}

fn is_whole(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split("content-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
    head.contains("connection: keep-alive") && length == Some(body.len())
}

fn initialize() -> String {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }})
    .to_string()
}

#[tokio::test]
async fn rs_70_head_answers_wherever_get_does() {
    for mode in ["--stateless-http=true", "--stateless-http=false"] {
        let (_fake, server) = protected(&[mode, "--admin-addr=127.0.0.1:0"]);
        for (address, path, token) in [
            (server.address(), "/", ""),
            (server.address(), "/healthz", ""),
            (server.address(), "/readyz", ""),
            (
                server.address(),
                "/.well-known/oauth-protected-resource",
                "",
            ),
            (
                server.address(),
                "/.well-known/oauth-protected-resource/mcp",
                "",
            ),
            (server.address(), "/.well-known/unknown", ""),
            (server.address(), "/mcp", ""),
            (server.address(), "/mcp", "Authorization: Bearer bad\r\n"),
            (server.address(), "/mcp", "Authorization: Bearer good\r\n"),
            (server.admin_address(), "/healthz", ""),
            (server.admin_address(), "/readyz", ""),
            (server.admin_address(), "/metrics", ""),
        ] {
            let ask = |method| {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}Accept: */*\r\n\
                     Connection: close\r\n\r\n"
                );
                let answer = exchange(address, &request);
                let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
                let told = |line: &&str| {
                    let line = line.to_ascii_lowercase();
                    [
                        "http/",
                        "content-type",
                        "www-authenticate",
                        "allow",
                        "cache-control",
                    ]
                    .iter()
                    .any(|name| line.starts_with(name))
                };
                let mut told: Vec<_> = head.lines().filter(told).map(str::to_owned).collect();
                told.sort();
                (told, body.to_owned())
            };
            let (get, _) = ask("GET");
            let (head, body) = ask("HEAD");
            assert_eq!(head, get, "{path} {token}");
            assert_eq!(body, "", "{path} {token}");
        }
    }
}

#[tokio::test]
async fn rs_70_head_leaves_the_sessions_stream_to_its_reader() {
    let (_fake, server) = protected(&["--stateless-http=false"]);
    let ask = |method, session: &str| {
        let request = format!(
            "{method} /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer good\r\n\
             Accept: text/event-stream\r\nMcp-Session-Id: {session}\r\nConnection: close\r\n\r\n"
        );
        exchange(server.address(), &request)
    };
    let opened = server.call("about", &json!({})).bearer_auth("good");
    let opened = opened.body(initialize()).send().await.expect("an answer");
    let session = opened.headers()["mcp-session-id"]
        .to_str()
        .expect("ASCII")
        .to_owned();
    let answer = ask("HEAD", &session);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(
        answer.contains("content-type: text/event-stream"),
        "{answer}"
    );
    assert!(ask("HEAD", "unknown").starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn rs_70_http_1_0_never_gets_chunks() {
    let call = tool_call("about", &json!({})).to_string();
    for (mode, body, begin) in [
        ("--stateless-http=true", call, "{"),
        ("--stateless-http=false", initialize(), "data:"),
    ] {
        let (_fake, server) = protected(&[mode]);
        for connection in ["", "Connection: keep-alive\r\n"] {
            let request = format!(
                "POST /mcp HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer good\r\n\
                 Content-Type: application/json\r\nAccept: */*\r\n{connection}\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = exchange(server.address(), &request);
            let (head, rest) = answer.split_once("\r\n\r\n").expect("a head");
            assert!(head.starts_with("HTTP/1.0 200"), "{answer}");
            assert!(
                !head.to_lowercase().contains("transfer-encoding"),
                "{answer}"
            );
            let begins = rest.starts_with(begin) || rest.starts_with("id:") && begin == "data:";
            assert!(begins, "{answer}");
        }
    }
}

#[tokio::test]
async fn wildcards_accept_both_kinds_of_answers() {
    let (_fake, server) = protected(&[]);
    for (accept, status) in [
        ("*/*", 200),
        ("application/*, text/*;q=0.5", 200),
        ("application/json", 406),
        ("*/*, text/event-stream;q=0", 406),
    ] {
        let message = tool_call("about", &json!({})).to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer good\r\n\
             Content-Type: application/json\r\nAccept: {accept}\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{message}",
            message.len()
        );
        let answer = exchange(server.address(), &request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{accept}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_browser_sees_one_page_and_programs_the_endpoint() {
    const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (path, accept, status, kind) in [
        ("/mcp", HTML, 200, "text/html; charset=utf-8"),
        ("/mcp", "*/*", 200, "text/html; charset=utf-8"),
        ("/", HTML, 200, "text/html; charset=utf-8"),
        ("/", "*/*", 401, "application/json"),
        ("/", "text/html, text/event-stream", 401, "application/json"),
    ] {
        let (fake, server) = protected(&[&format!("--path={path}")]);
        let page = server
            .get("/")
            .header("Accept", accept)
            .header("Host", "evil.example");
        let page = page.send().await.expect("an answer");
        assert_eq!(page.status(), status, "{path} {accept}");
        assert_eq!(page.headers()["content-type"], kind, "{path} {accept}");
        if status == 200 {
            let policy = page.headers()["content-security-policy"]
                .to_str()
                .expect("ASCII");
            assert!(
                policy.starts_with("default-src 'none'; style-src 'sha256-"),
                "{policy}"
            );
            let text = page.text().await.expect("text");
            assert!(
                text.contains(RESOURCE) && text.contains(fake.issuer()),
                "{text}"
            );
            assert!(
                !text.contains("evil.example") && !text.contains("<script"),
                "{text}"
            );
        }
        for unknown in [
            "/.well-known/unknown",
            "/.well-known",
            "/mcp/below",
            "/favicon.ico",
        ] {
            let answer = server.get(unknown).send().await.expect("an answer");
            assert_eq!(answer.status(), 404, "{unknown} beside {path}");
        }
        let message = tool_call("about", &json!({}));
        let url = format!("http://{}{path}", server.address());
        let call = server
            .call("about", &json!({}))
            .bearer_auth("good")
            .json(&message);
        let (client, request) = call.build_split();
        let mut request = request.expect("a request");
        *request.url_mut() = url.parse().expect("a URL");
        let answer = client.execute(request).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_client_and_believes_trusted_proxies_only() {
    for (flags, address) in [
        (&[][..], "127.0.0.1"),
        (&["--trusted-proxies=127.0.0.1"], "192.0.2.7"),
    ] {
        let (_fake, server) = protected(flags);
        let answer = server
            .call("about", &json!({}))
            .header("X-Forwarded-For", "192.0.2.7");
        assert_eq!(answer.send().await.expect("an answer").status(), 401);
        let log = server.wait_for_log("request refused");
        let line = log
            .lines()
            .find(|line| line.contains("request refused"))
            .expect("a line");
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["client"], address);
    }
}

#[tokio::test]
async fn after_sigterm_answers_end_their_connections_and_nothing_is_lost() {
    let (_fake, mut server) = protected(&[]);
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = [0; 512];
    let count = stream.read(&mut answer).expect("an answer");
    let before = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(
        !before.to_lowercase().contains("connection: close"),
        "{before}"
    );
    server.terminate();
    server.wait_for_log("shutting down: no new connections");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut after = String::new();
    stream.read_to_string(&mut after).expect("an end");
    assert!(after.starts_with("HTTP/1.1 200"), "{after}");
    assert!(
        after.to_lowercase().contains("connection: close"),
        "{after}"
    );
    let status = tokio::task::spawn_blocking(move || server.wait()).await;
    assert_eq!(status.expect("no panic").code(), Some(0));
}

#[test]
fn closing_standard_input_is_no_error() {
    let (_, output) = over_stdio(&[], &[], &[]);
    assert_eq!(output.status.code(), Some(0));
    let output = crate::support::run::<&str>(&[], &[]);
    let log = crate::support::stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}
