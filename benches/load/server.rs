//! The server under load, as a process of its own.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A running server. It is killed when this is dropped.
pub(crate) struct Running {
    process: Child,
    address: String,
}

impl Running {
    pub(crate) fn unprotected() -> Self {
        Self::start(&[])
    }

    pub(crate) fn protected_by(issuer: &str) -> Self {
        Self::start(&[
            ("OSCAL_AUTH_ISSUER_URL", issuer),
            ("OSCAL_AUTH_RESOURCE_SERVER_URL", RESOURCE),
            ("OSCAL_AUTH_REQUIRED_SCOPES", "mcp:tools"),
            ("OSCAL_AUTH_CLIENT_ID", "mcp"),
            ("OSCAL_AUTH_CLIENT_SECRET", "secret"),
        ])
    }

    fn start(variables: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_oscal-mcp-server"))
            .args(["--transport=streamable-http", "--port=0"])
            .env_clear()
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut log = BufReader::new(process.stderr.take().expect("piped")).lines();
        let mut line_with = |wanted: &str| {
            log.by_ref()
                .map_while(Result::ok)
                .find(|line| line.contains(wanted))
                .unwrap_or_else(|| panic!("the server did not say {wanted:?}"))
        };
        let listening = line_with("listening");
        let (_, rest) = listening.split_once("http://").expect("a URL");
        let address = rest.split('/').next().expect("an authority").to_owned();
        if !variables.is_empty() {
            line_with("authorization server found");
        }
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
