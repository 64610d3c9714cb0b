//! The server under load, in a separate process.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";

/// A running server. It is killed when dropped.
pub(crate) struct Running {
    process: Child,
    address: String,
}

impl Running {
    /// A server without authorization; further options are passed as variables.
    pub(crate) fn unprotected(variables: &[(&str, &str)]) -> Self {
        Self::serving(Self::binary(), variables, None)
    }

    /// rmcp's own service on axum, in a process of its own.
    pub(crate) fn rmcp_on_axum(argument: &str) -> Self {
        let mut bench = Command::new(std::env::current_exe().expect("Linux"));
        bench.arg(argument);
        Self::start(bench, &[], None)
    }

    /// A server with authorization; further options are passed as variables.
    pub(crate) fn protected_by(issuer: &str, more: &[(&str, &str)]) -> Self {
        Self::protected(Self::binary(), issuer, more)
    }

    /// The same of any build of this server.
    pub(crate) fn protected(binary: Command, issuer: &str, more: &[(&str, &str)]) -> Self {
        let mut variables = vec![
            ("OSCAL_AUTH_ISSUER_URL", issuer),
            ("OSCAL_AUTH_RESOURCE_SERVER_URL", RESOURCE),
            ("OSCAL_AUTH_REQUIRED_SCOPES", "mcp:tools"),
            ("OSCAL_AUTH_CLIENT_ID", "mcp"),
            ("OSCAL_AUTH_CLIENT_SECRET", "secret"),
        ];
        variables.extend(more);
        Self::serving(binary, &variables, Some("authorization server found"))
    }

    fn binary() -> Command {
        Command::new(env!("CARGO_BIN_EXE_oscal-mcp-server"))
    }

    fn serving(mut binary: Command, variables: &[(&str, &str)], ready: Option<&str>) -> Self {
        binary.args(["--transport=streamable-http", "--port=0"]);
        Self::start(binary, variables, ready)
    }

    /// Starts it and waits until it listens and has logged `ready`.
    fn start(mut command: Command, variables: &[(&str, &str)], ready: Option<&str>) -> Self {
        let mut process = command
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
        if let Some(ready) = ready {
            line_with(ready);
        }
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// The processor time used so far, user and system, proc(5).
    pub(crate) fn processor_time(&self) -> Duration {
        const TICKS_PER_SECOND: u64 = 100;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.expect("Linux");
        // The name, which may contain anything, is in brackets; we want the 14th and 15th fields.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
        Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS_PER_SECOND)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the process has already exited.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
