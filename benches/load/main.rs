//! What authorization, and what can be switched on beside it, costs the server as a whole:
//! `cargo bench --bench load`.
//!
//! Starts rmcp's own service on axum, and this server several times: without authorization, with it,
//! and with authorization and one more feature. Sends all of them the same `tools/call` on the stateless
//! JSON path, and they give the same answer. Rounds are short and alternate, and so does the server that
//! goes first, so that other load on the machine affects all alike. The token is in the cache. Options:
//! `-- --rounds 300 --seconds 0.25 --connections 32`, `--tool search --arguments '{"query":"audience"}'` for
//! another call, and `--earlier BINARY`, another build of this server, which runs with authorization too:
//! what do features cost that are off?
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod axum;
mod client;
mod server;

use std::{
    fmt, fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use clap::Parser;
use dev_authorization_server::FakeAuthorizationServer;

use client::{Load, tool_call};
use server::Running;
use tikv_jemallocator::Jemalloc;

/// As in the server: rmcp on axum is this program.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Rows of the table.
const RMCP: &str = "rmcp on axum";
const OPEN: &str = "without authorization";
const PROTECTED: &str = "with authorization";

#[derive(Parser)]
struct Options {
    /// Rounds of each server
    #[arg(long, default_value_t = 300)]
    rounds: usize,
    /// Length of a round
    #[arg(long, default_value_t = 0.25)]
    seconds: f64,
    /// Connections at once
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// The tool to call
    #[arg(long, default_value = "get_control")]
    tool: String,
    /// Its arguments, as JSON
    #[arg(long, default_value = r#"{"control":"RS-45"}"#)]
    arguments: String,
    /// Another build of this server to compare with
    #[arg(long)]
    earlier: Option<PathBuf>,
    /// cargo bench passes it
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    if std::env::args().any(|argument| argument == axum::ARGUMENT) {
        return axum::serve();
    }
    let options = Options::parse();
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(server::RESOURCE, "mcp:tools"));
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str| folder.path().join(name).display().to_string();
    fs::write(file("key"), [7; 32]).expect("writable");
    let administrator = "the-administrator-of-the-load-benchmark";
    fs::write(file("admin-token"), administrator).expect("writable");
    let collector = axum::collector();
    let admin = free_address();

    let protected_by = |more: &[(&str, &str)]| Running::protected_by(fake.issuer(), more);
    // Each with the row that it is compared with.
    let mut servers = vec![
        (RMCP, RMCP, Running::rmcp_on_axum(axum::ARGUMENT)),
        (OPEN, RMCP, Running::unprotected(&[])),
        (PROTECTED, OPEN, protected_by(&[])),
        (
            "and an audit log",
            PROTECTED,
            protected_by(&[
                ("OSCAL_AUDIT_LOG", &file("audit.jsonl")),
                ("OSCAL_AUDIT_KEY_FILE", &file("key")),
            ]),
        ),
        (
            "and traces, all of them",
            PROTECTED,
            protected_by(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]),
        ),
        (
            "and traces, one in a hundred",
            PROTECTED,
            protected_by(&[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
                ("OTEL_TRACES_SAMPLER", "traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
            ]),
        ),
        (
            "and DPoP allowed",
            PROTECTED,
            protected_by(&[("OSCAL_AUTH_DPOP", "allowed")]),
        ),
        (
            "and a revocation of others",
            PROTECTED,
            protected_by(&[
                ("OSCAL_ADMIN_ADDR", &admin),
                ("OSCAL_ADMIN_TOKEN_FILE", &file("admin-token")),
                ("OSCAL_AUTH_BACK_CHANNEL_LOGOUT", "true"),
            ]),
        ),
    ];
    if let Some(binary) = &options.earlier {
        let earlier = Running::protected(Command::new(binary), fake.issuer(), &[]);
        servers.insert(2, ("an earlier build, with authorization", OPEN, earlier));
        servers[3].1 = servers[2].0;
    }
    revoke_mallory(&admin, administrator);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");

    let mut sides: Vec<_> = servers
        .iter()
        .map(|(name, _, server)| Side {
            server,
            load: Load {
                address: server.address(),
                token: (![RMCP, OPEN].contains(name)).then_some("good"),
                connections: options.connections,
                length: Duration::from_secs_f64(options.seconds),
                bodies: vec![tool_call(&options.tool, &options.arguments)],
            },
            rates: Vec::new(),
            requests: 0,
        })
        .collect();
    for side in &sides {
        runtime.block_on(side.load.run());
    }
    let begun: Vec<_> = sides
        .iter()
        .map(|side| side.server.processor_time())
        .collect();
    for round in 0..options.rounds {
        for turn in 0..sides.len() {
            let turn = (round + turn) % sides.len();
            let side = &mut sides[turn];
            let (times, rate) = runtime.block_on(side.load.run());
            side.requests += times.len();
            side.rates.push(rate);
        }
    }

    // Other load on the machine slows all servers down, now the one, now the other; the processor
    // time of a request tells more.
    println!(
        "Medians of {} rounds:\n\n\
         | server | requests/s | processor time of a request | requests/s, in pairs, relative to |\n\
         |---|---:|---:|---|",
        options.rounds
    );
    for ((name, other, _), (side, begun)) in servers.iter().zip(sides.iter().zip(begun)) {
        let used = side.server.processor_time() - begun;
        let time = used.as_secs_f64() * 1e6 / side.requests as f64;
        let rate = median(side.rates.clone());
        let pairs = servers
            .iter()
            .position(|(row, _, _)| row == other && other != name)
            .map(|other_side| {
                let ratios = Ratios::of(&side.rates, &sides[other_side].rates);
                format!("{other}: {ratios}")
            });
        let pairs = pairs.unwrap_or_default();
        println!("| {name} | {rate:.0} | {time:.1} us | {pairs} |");
    }
    println!(
        "\nIntrospections during all of it: {}",
        fake.introspection_count()
    );
}

/// A server under load, and its measurements.
struct Side<'a> {
    server: &'a Running,
    load: Load,
    rates: Vec<f64>,
    requests: usize,
}

/// The ratio of two rates, taken in pairs.
struct Ratios {
    mean: f64,
    /// The factor by which the true mean may be off, with 95 % confidence.
    uncertainty: f64,
}

impl Ratios {
    /// Computes the geometric mean and its standard error.
    fn of(rates: &[f64], others: &[f64]) -> Self {
        let logarithms = rates
            .iter()
            .zip(others)
            .map(|(one, other)| (one / other).ln());
        let logarithms: Vec<f64> = logarithms.collect();
        let count = rates.len() as f64;
        let mean = logarithms.iter().sum::<f64>() / count;
        let squares = logarithms.iter().map(|one| (one - mean).powi(2));
        let variance = squares.sum::<f64>() / (count - 1.0).max(1.0);
        Self {
            mean: mean.exp(),
            uncertainty: (1.96 * (variance / count).sqrt()).exp(),
        }
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds = [self.mean / self.uncertainty, self.mean * self.uncertainty];
        let [mean, least, most] = [self.mean, bounds[0], bounds[1]].map(|ratio| 100.0 * ratio);
        write!(
            f,
            "{mean:.1} % (with 95 % confidence {least:.1} to {most:.1} %)"
        )
    }
}

/// An address of this machine that nobody listens at yet.
fn free_address() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Revokes what a subject has that sends no requests here.
fn revoke_mallory(admin: &str, token: &str) {
    let body = r#"{"subject": "mallory"}"#;
    let request = format!(
        "POST /admin/revoke HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(admin).expect("the admin address");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
