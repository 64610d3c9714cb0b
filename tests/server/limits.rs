//! What clients can make the server hold, and how it treats clients that do not read or write.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{RESOURCE, SECRET, Server, protected_by, tool_call};

fn protected(more: &[&str]) -> (FakeAuthorizationServer, Server) {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    let mut flags = protected_by(fake.issuer());
    flags.extend(more.iter().map(|&flag| flag.to_owned()));
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    (fake, server)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("it listens");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a time");
    stream.set_write_timeout(patience).expect("a time");
    stream
}

/// Everything that the server sends until it closes the connection.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an acceptable end.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn post(body: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer good\r\n\
         Content-Type: application/json\r\nAccept: */*\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A call of `about` with this many small objects.
fn flood(count: usize) -> String {
    let objects = vec![r#"{"":0}"#; count].join(",");
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"about","arguments":{{"a":[{objects}]}}}}}}"#
    )
}

#[tokio::test]
async fn bodies_are_judged_by_size_and_shape_before_a_tree_is_built() {
    let (_fake, server) = protected(&["--max-body-bytes=512KiB", "--max-document-bytes=2MiB"]);
    let text = |bytes| json!({"content": "x".repeat(bytes)});
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (body, status, error) in [
        (tool_call("about", &json!({})).to_string(), 200, Value::Null),
        (
            tool_call("about", &text(400 << 10)).to_string(),
            200,
            Value::Null,
        ),
        (
            tool_call("about", &text(600 << 10)).to_string(),
            413,
            json!("content_too_large"),
        ),
        (
            tool_call("validate_document", &text(1 << 20)).to_string(),
            200,
            Value::Null,
        ),
        (
            tool_call("validate_document", &text(3 << 20)).to_string(),
            413,
            json!("content_too_large"),
        ),
        (flood(5_000), 200, Value::Null),
        (flood(20_000), 413, json!("content_too_large")),
        (
            flood(1).replace("[{", &format!("[{deep},{{")),
            400,
            json!("content_too_deep"),
        ),
    ] {
        let length = body.len();
        let request = server.call("about", &json!({})).bearer_auth("good");
        let response = request.body(body).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{length} bytes");
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer["error"], error, "{answer}");
    }
    assert!(server.memory_peak() < 120 << 20, "{}", server.memory_peak());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_of_the_worst_bodies_leave_memory_and_time_for_others() {
    let (_fake, server) = protected(&[]);
    // The largest number allowed.
    let worst = flood(9_990);
    let requests = (0..50).map(|_| {
        let request = server.call("about", &json!({})).bearer_auth("good");
        tokio::spawn(request.body(worst.clone()).send())
    });
    let requests: Vec<_> = requests.collect();
    for _ in 0..5 {
        server.about("good").await;
    }
    for request in requests {
        let response = request.await.expect("no panic").expect("an answer");
        match response.status().as_u16() {
            200 => {}
            503 => assert_eq!(response.headers()["retry-after"], "1"),
            other => panic!("{other}"),
        }
    }
    // A pod has 384 MiB.
    assert!(server.memory_peak() < 300 << 20, "{}", server.memory_peak());
}

#[tokio::test]
async fn a_stranger_who_pipelines_and_does_not_read_costs_nothing() {
    let (_fake, server) = protected(&[]);
    let request = b"GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: a\r\n\r\n";
    let streams: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = connect(&server);
            let patience = Duration::from_millis(500);
            stream.set_write_timeout(Some(patience)).expect("a time");
            // Fails once the server has stopped reading and the buffers in between are full.
            while stream.write_all(&request.repeat(200)).is_ok() {}
            stream
        })
        .collect();
    // It may still be answering from what is in the sockets' buffers.
    let begun = Instant::now();
    loop {
        let before = server.processor_time();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let busy = server.processor_time() - before;
        if busy < Duration::from_millis(200) {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "{busy:?} in a second"
        );
    }
    assert!(server.memory_peak() < 120 << 20, "{}", server.memory_peak());
    server.about("good").await;
    drop(streams);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_turn() {
    let (_fake, server) = protected(&[]);
    let mut stream = connect(&server);
    let message = tool_call("about", &json!({})).to_string();
    let get = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let all = [
        get,
        &post(&message),
        get,
        &post(&flood(2_000)),
        get,
        &post(&message),
    ]
    .concat();
    // In pieces that cut heads and bodies at arbitrary places.
    for piece in all.as_bytes().chunks(700) {
        stream.write_all(piece).expect("it reads");
    }
    stream.shutdown(Shutdown::Write).expect("a socket");
    let answers = rest(&mut stream);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 6, "{answers}");
    assert_eq!(answers.matches("ok\n").count(), 3, "{answers}");
}

#[tokio::test]
async fn chunked_bodies_are_read_whatever_their_length() {
    let (_fake, server) = protected(&[]);
    for body in [tool_call("about", &json!({})).to_string(), flood(3_000)] {
        let mut stream = connect(&server);
        let chunks: String = (body.as_bytes().chunks(5_000))
            .map(|chunk| {
                let text = std::str::from_utf8(chunk).expect("ASCII");
                format!("{:x}\r\n{text}\r\n", text.len())
            })
            .collect();
        let head = post("").replace("Content-Length: 0", "Transfer-Encoding: chunked");
        let again = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let all = format!("{head}{chunks}0\r\n\r\n{again}");
        stream.write_all(all.as_bytes()).expect("it reads");
        let answers = rest(&mut stream);
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    }
}

#[tokio::test]
async fn a_refused_client_reads_its_answer_though_its_body_is_not_read() {
    let (_fake, server) = protected(&[]);
    for head in [
        post("")
            .replace("Bearer good", "Bearer bad")
            .replace("Length: 0", "Length: 900000"),
        post("").replace("Length: 0", "Length: 90000000"),
        post("")
            .replace("Bearer good", "Bearer bad")
            .replace("Content-Length: 0", "Transfer-Encoding: chunked"),
    ] {
        let mut stream = connect(&server);
        stream.write_all(head.as_bytes()).expect("it reads");
        let _ = stream.write_all(&vec![b'a'; 900_000]);
        let answer = rest(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 4"), "{head} {answer}");
        assert!(
            answer.to_lowercase().contains("connection: close"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_431() {
    let (_fake, server) = protected(&[]);
    let mut stream = connect(&server);
    let fine = format!(
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "a".repeat(15_000)
    );
    let huge = format!(
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}",
        "a".repeat(60_000)
    );
    stream.write_all(fine.as_bytes()).expect("it reads");
    let _ = stream.write_all(huge.as_bytes());
    let answers = rest(&mut stream);
    assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
    assert!(
        answers.contains("HTTP/1.1 431 Request Header Fields Too Large"),
        "{answers}"
    );
}

#[tokio::test]
async fn a_head_that_does_not_end_is_408_also_after_other_requests() {
    let (_fake, server) = protected(&[]);
    let mut stream = connect(&server);
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let text = format!("{request}{}", request.trim_end());
    stream.write_all(text.as_bytes()).expect("it reads");
    let begun = Instant::now();
    let answers = rest(&mut stream);
    assert!(
        answers.contains("HTTP/1.1 408 Request Timeout"),
        "{answers}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(18),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn idle_connections_end_for_new_clients() {
    let (_fake, server) = protected(&["--max-connections=10", "--admin-addr=127.0.0.1:0"]);
    let mut first = connect(&server);
    let others: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(b"GET / HTTP/1.1\r\n").expect("it reads");
            stream
        })
        .collect();
    for _ in 0..5 {
        server.about("good").await;
    }
    assert_eq!(rest(&mut first), "", "the idlest one ends");
    let metrics = server.admin("/metrics").await.text().await.expect("text");
    let evicted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("oscal_mcp_server_connections_evicted_total "))
        .expect("a metric");
    assert!(evicted.parse::<u32>().expect("a count") >= 30, "{evicted}");
    drop(others);
}

#[tokio::test]
async fn a_log_that_nobody_reads_stops_nobody() {
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(RESOURCE, "mcp:tools"));
    let mut flags = protected_by(fake.issuer());
    flags.extend([
        "--log-level=info,actix_http=trace".to_owned(),
        "--admin-addr=127.0.0.1:0".to_owned(),
    ]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    let unread = server.stop_reading_log();
    for _ in 0..1_000 {
        let response = server.call("about", &json!({})).send().await;
        assert_eq!(response.expect("an answer").status(), 401);
    }
    server.about("good").await;
    let health = server.admin("/healthz").await;
    assert_eq!(health.status(), 200);
    let metrics = server.admin("/metrics").await.text().await.expect("text");
    let dropped = "oscal_mcp_server_log_lines_dropped_total";
    let count = metrics.lines().find_map(|line| line.strip_prefix(dropped));
    assert!(count.is_some_and(|count| count.trim() != "0"), "{metrics}");
    drop(unread);
    server.wait_for_log("log lines were dropped");
}

/// Behind a trusted proxy, each client's bad tokens count against that client alone. A forwarded address
/// from anybody else is ignored.
#[tokio::test]
async fn bad_tokens_count_against_the_client_that_a_trusted_proxy_names() {
    for (proxies, other_client) in [
        ("--trusted-proxies=127.0.0.1", 401),
        ("--log-level=info", 429),
    ] {
        let (fake, server) = protected(&["--auth-max-failures-per-minute=1", proxies]);
        let call = async |token: &str, client: &str| {
            let request = server.call("about", &json!({})).bearer_auth(token);
            let request = request.header("X-Forwarded-For", client);
            request.send().await.expect("an answer").status().as_u16()
        };
        assert_eq!(call("good", "192.0.2.1").await, 200);
        assert_eq!(call("bad-1", "192.0.2.1").await, 401, "{proxies}");
        assert_eq!(call("bad-2", "192.0.2.1").await, 429, "{proxies}");
        let asked = fake.introspection_count();
        assert_eq!(call("bad-3", "192.0.2.1").await, 429, "{proxies}");
        assert_eq!(fake.introspection_count(), asked, "nobody is asked");
        assert_eq!(call("bad-4", "192.0.2.2").await, other_client, "{proxies}");
        assert_eq!(call("good", "192.0.2.1").await, 200, "it was good before");
    }
}

#[tokio::test]
async fn a_principal_that_asks_too_often_is_told_when_to_come_back() {
    let (_fake, server) = protected(&["--auth-max-requests-per-minute=2"]);
    for status in [200, 200, 429] {
        let request = server.call("about", &json!({})).bearer_auth("good");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status);
        let is_told = answer.headers().contains_key("retry-after");
        assert_eq!(is_told, status == 429);
    }
    server.wait_for_log("too_many_requests");
}
