//! What the doctor says when it cannot connect.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
};

use dev_authorization_server::FakeAuthorizationServer;

use super::{assert_failed, examine};

#[tokio::test]
async fn kinds_of_connection_failure_are_told_apart() {
    let fake = FakeAuthorizationServer::start();
    let (_, report) = examine(&format!("https://{}", plain_http()), &[], None);
    assert_failed(&report, "connection", "does not speak TLS");
    fake.stop().await;
    let (status, report) = examine(fake.issuer(), &[], None);
    assert_eq!(status, 1);
    assert_failed(&report, "connection", "Nothing is listening");
    // No resolver looks up a name with a label of more than 63 characters.
    let unknown = format!("//{}.example", "x".repeat(64));
    for scheme in ["https:", "http:"] {
        let issuer = format!("{scheme}{unknown}");
        let (_, report) = examine(&issuer, &["--auth-allow-insecure-http"], None);
        assert_failed(&report, "connection", "cannot resolve");
    }
}

/// The address of a server that answers everything in plain text.
fn plain_http() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            // The doctor reads the start of it and leaves.
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _ = client.read(&mut [0; 4096]);
        }
    });
    address
}
