//! The `healthcheck` subcommand, as a container image runs it: with the server's variables.

use crate::support::{Server, free_port, run};

#[test]
fn it_tells_a_server_that_runs_from_one_that_does_not() {
    let (port, admin) = (free_port(), free_port());
    let address = format!("0.0.0.0:{admin}");
    let port = port.to_string();
    let http = [
        ("OSCAL_MCP_TRANSPORT", "streamable-http"),
        ("OSCAL_MCP_PORT", &port),
    ];
    let with_admin = [http[0], http[1], ("OSCAL_ADMIN_ADDR", &address)];
    let down = run(&["healthcheck"], &with_admin);
    assert_eq!(down.status.code(), Some(1));
    let said = String::from_utf8_lossy(&down.stderr);
    assert!(said.contains(&format!("127.0.0.1:{admin}: ")), "{said}");

    let flags = ["--log-format=json", &format!("--admin-addr={address}")].map(str::to_owned);
    let _server = Server::start(&flags, &http);
    for variables in [&with_admin[..], &http] {
        let up = run(&["healthcheck"], variables);
        assert_eq!(up.status.code(), Some(0), "{up:?}");
    }
}

#[test]
fn it_needs_a_server_over_http() {
    let output = run(&["healthcheck"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the transport is stdio"), "{said}");
}
