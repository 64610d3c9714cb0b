//! What authorization costs the server as a whole: `cargo bench --bench load`.
//!
//! Starts the server without authorization, with it, and with an audit log too, and rmcp's own service on
//! axum, and sends all four the same `tools/call` on the stateless JSON path. They give the same answer. Rounds are short and
//! alternate, and so does the server that goes first, so that other load on the machine affects all
//! alike. The token is in the cache. Options: `-- --rounds 300 --seconds 0.25 --connections 32`.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod axum;
mod client;
mod server;

use std::{fmt, fs, time::Duration};

use clap::Parser;
use dev_authorization_server::FakeAuthorizationServer;

use client::{Load, tool_call};
use server::Running;
use tikv_jemallocator::Jemalloc;

/// As in the server: rmcp on axum is this program.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

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
    let rmcp = Running::rmcp_on_axum(axum::ARGUMENT);
    let open = Running::unprotected(&[]);
    let protected = Running::protected_by(fake.issuer(), &[]);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("key"), [7; 32]).expect("writable");
    let audited = Running::protected_by(
        fake.issuer(),
        &[
            ("OSCAL_AUDIT_LOG", &path("audit.jsonl")),
            ("OSCAL_AUDIT_KEY_FILE", &path("key")),
        ],
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");

    let servers = [
        (&rmcp, None),
        (&open, None),
        (&protected, Some("good")),
        (&audited, Some("good")),
    ];
    let mut sides = servers.map(|(server, token)| Side {
        server,
        load: Load {
            address: server.address(),
            token,
            connections: options.connections,
            length: Duration::from_secs_f64(options.seconds),
            bodies: vec![tool_call("get_control", r#"{"control":"RS-45"}"#)],
        },
        rates: Vec::new(),
        requests: 0,
    });
    for side in &sides {
        runtime.block_on(side.load.run());
    }
    let begun = sides.each_ref().map(|side| side.server.processor_time());
    for round in 0..options.rounds {
        for turn in 0..sides.len() {
            let side = &mut sides[(round + turn) % 4];
            let (times, rate) = runtime.block_on(side.load.run());
            side.requests += times.len();
            side.rates.push(rate);
        }
    }
    let [rmcp, without, with, audited] = sides.each_ref().map(|side| &side.rates);
    println!(
        "requests a second, the second by the first, in {} rounds:",
        options.rounds
    );
    println!(
        "| rmcp on axum, this server without authorization | {} |",
        Ratios::of(without, rmcp)
    );
    println!(
        "| rmcp on axum, this server with authorization | {} |",
        Ratios::of(with, rmcp)
    );
    println!(
        "| without authorization, with | {} |",
        Ratios::of(with, without)
    );
    println!(
        "| with authorization, with an audit log too | {} |",
        Ratios::of(audited, with)
    );
    // Other load on the machine slows all servers down, now the one, now the other; the processor
    // time of a request tells more.
    let mut begun = begun.into_iter();
    let times = sides.each_ref().map(|side| {
        let used = side.server.processor_time() - begun.next().unwrap_or_default();
        used.as_secs_f64() * 1e6 / side.requests as f64
    });
    let rates = sides.each_mut().map(|side| median(&mut side.rates));
    println!(
        "| server | requests/s (median) | processor time of a request (us) |\n|---|---:|---:|"
    );
    let names = [
        "rmcp on axum",
        "without authorization",
        "with authorization",
        "with an audit log too",
    ];
    for ((name, rate), time) in names.iter().zip(rates).zip(times) {
        println!("| {name} | {rate:.0} | {time:.1} |");
    }
    println!(
        "introspections during all of it: {}",
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

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
