//! Requests that no honest client sends.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::support::{Connection, eventually, exchange_raw, fake_with_good_token, spawn_server};

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}"#;

/// The head of a POST with these additional header lines.
fn head(lines: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\n\
         Accept: application/json, text/event-stream\r\n{lines}\r\n"
    )
}

fn call(authorization: &str) -> String {
    let lines = format!(
        "Content-Type: application/json\r\nMCP-Protocol-Version: 2025-06-18\r\n\
         Content-Length: {}\r\n{authorization}",
        CALL.len()
    );
    head(&lines) + CALL
}

fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|answer| answer.get(..3))
        .collect()
}

#[tokio::test]
async fn a_huge_authorization_header_is_refused_here() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let huge = format!("Authorization: Bearer {}\r\n", "a".repeat(100 * 1024));
    let answer = exchange_raw(server.address, call(&huge)).await;
    assert!(matches!(statuses(&answer)[..], ["401" | "431"]), "{answer}");
    let beyond = format!("Authorization: Bearer {}\r\n", "a".repeat(1024 * 1024));
    let mut connection = Connection::open(server.address).await;
    let refused = async {
        connection.write_what_it_takes(call(&beyond)).await;
        connection
            .read_until(|text| text.contains("\r\n\r\n"))
            .await
    };
    let answer = refused.await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    assert_eq!(fake.introspection_count(), 0);
    server.call("good").await.assert_served("afterwards");
}

#[tokio::test]
async fn each_of_several_pipelined_requests_is_judged_by_itself() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let mut connection = Connection::open(server.address).await;
    let good = "Authorization: Bearer good\r\n";
    let requests = [
        call(good),
        call(""),
        call(good),
        call("Authorization: Bearer unknown\r\n"),
        call("Authorization: Bearer good\r\nAuthorization: Bearer good\r\n"),
        call(&format!("{good}Connection: close\r\n")),
    ];
    connection.write(requests.concat()).await;
    let answers = connection.read_until(|_| false).await;
    assert_eq!(
        statuses(&answers),
        ["200", "401", "200", "401", "400", "200"],
        "{answers}"
    );
}

#[tokio::test]
async fn a_bad_token_is_refused_without_waiting_for_the_body() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for length in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        for (authorization, status) in [
            ("", "401"),
            ("Authorization: Bearer unknown\r\n", "401"),
            ("Authorization: Bearer\r\n", "400"),
        ] {
            let lines = format!("Content-Type: application/json\r\n{length}\r\n{authorization}");
            let answer = exchange_raw(server.address, head(&lines)).await;
            assert_eq!(statuses(&answer), [status], "{length}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_follows_a_refused_head_is_no_request() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let smuggled = call("Authorization: Bearer good\r\n");
    let lines = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n",
        smuggled.len() + 10
    );
    let mut connection = Connection::open(server.address).await;
    connection.write(head(&lines) + &smuggled).await;
    // It may have closed the connection by then.
    connection.write_what_it_takes("0123456789").await;
    let next = call("Connection: close\r\n");
    connection.write_what_it_takes(next).await;
    let answers = connection.read_until(|_| false).await;
    assert!(!answers.contains("HTTP/1.1 200"), "{answers}");
    assert_eq!(statuses(&answers)[0], "401", "{answers}");
    assert_eq!(fake.introspection_count(), 0);
}

#[tokio::test]
async fn no_method_and_no_spelling_of_the_path_goes_around() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    for method in [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
    ] {
        for path in ["/mcp", "/mcp/", "/mcp/x", "/%6dcp", "/mcp?x", "/mcp%3Fx/"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let answer = exchange_raw(server.address, request).await;
            let [status] = statuses(&answer)[..] else {
                panic!("{method} {path}: {answer}");
            };
            // This is not the endpoint; axum does not decode paths.
            let may_be_outside = ["/mcp/x", "/%6dcp", "/mcp%3Fx/"].contains(&path);
            let outside = may_be_outside && status == "404";
            assert!(outside || status == "401", "{method} {path}: {answer}");
        }
    }
    for path in [
        "//mcp",
        "/./mcp",
        "/x/../mcp",
        "/MCP",
        "http://localhost/mcp",
        "*",
        "/mcp;x",
    ] {
        let request = call("").replacen("/mcp", path, 1);
        let answer = exchange_raw(server.address, request).await;
        let refused = matches!(statuses(&answer)[..], ["400" | "401" | "404"]);
        assert!(refused, "{path}: {answer}");
    }
    assert_eq!(fake.introspection_count(), 0);
}

/// A client without a token may hold a connection for only a few seconds.
#[tokio::test]
async fn a_form_that_never_ends_holds_no_connection() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |_| {});
    let lines = "Content-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 1000\r\nAuthorization: Bearer unknown\r\n";
    let begun = Instant::now();
    let answer = timeout(
        Duration::from_secs(8),
        exchange_raw(server.address, head(lines) + "a=b"),
    )
    .await;
    let answer = answer.expect("an answer before the form is complete");
    let took = begun.elapsed();
    assert!(
        matches!(statuses(&answer)[..], ["400" | "401" | "408"]),
        "{took:?}: {answer}"
    );
}

#[tokio::test]
async fn clients_that_disconnect_leave_the_server_well() {
    let fake = fake_with_good_token();
    let server = spawn_server(&fake, |setup| {
        setup.introspection.authorization_server.timeout = Duration::from_secs(10);
    });
    let gate = fake.hold_introspections();
    for number in 0..20 {
        let mut connection = Connection::open(server.address).await;
        let token = format!("Authorization: Bearer t{number}\r\n");
        connection.write(call(&token)).await;
        fake.wait_for_introspections(number + 1).await;
        connection.reset();
    }
    gate.open();
    server.call("good").await.assert_served("afterwards");
    assert_eq!(fake.introspection_count(), 21);
    eventually("no introspection is under way", async || {
        server.metric("resource_server_introspections_in_flight") < 0.5
    })
    .await;
}
