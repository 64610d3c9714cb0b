//! What authorization costs the server as a whole: `cargo bench --bench load`.
//!
//! Starts the server twice, with and without authorization, and sends both the same `tools/call` on
//! the stateless JSON path. Rounds are short and alternate, and so does the server that goes first,
//! so that other load on the machine affects both alike. The token is in the cache. Options: `--
//! --rounds 300 --seconds 0.25 --connections 32`.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod client;
mod server;

use std::{fmt, time::Duration};

use clap::Parser;
use dev_authorization_server::FakeAuthorizationServer;

use client::{Load, tool_call};
use server::Running;

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
    let options = Options::parse();
    let fake = FakeAuthorizationServer::start();
    fake.answer_token("good", fake.active_claims(server::RESOURCE, "mcp:tools"));
    let open = Running::unprotected(&[]);
    let protected = Running::protected_by(fake.issuer());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");

    let mut sides = [(&open, None), (&protected, Some("good"))].map(|(server, token)| Side {
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
    println!("| round | without authorization (requests/s) | with (requests/s) | with / without |");
    println!("|---|---|---|---|");
    for round in 1..=options.rounds {
        for index in [round % 2, (round + 1) % 2] {
            let side = &mut sides[index];
            let (times, rate) = runtime.block_on(side.load.run());
            side.requests += times.len();
            side.rates.push(rate);
        }
        let [without, with] = sides.each_ref().map(|side| side.rates[round - 1]);
        row(&round.to_string(), without, with);
    }
    let ratios = Ratios::of(&sides[1].rates, &sides[0].rates);
    let [without, with] = sides.each_mut().map(|side| median(&mut side.rates));
    row("median", without, with);
    println!("with / without, by rounds: {ratios}");
    // Other load on the machine slows down now one server, now the other; the processor time per
    // request tells more.
    let mut begun = begun.into_iter();
    let [without, with] = sides.each_ref().map(|side| {
        let used = side.server.processor_time() - begun.next().unwrap_or_default();
        used.as_secs_f64() * 1e6 / side.requests as f64
    });
    println!(
        "processor time of a request: {without:.1} us without, {with:.1} us with authorization; \
         without / with: {:.1} %",
        100.0 * without / with
    );
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

fn row(name: &str, without: f64, with: f64) {
    let ratio = 100.0 * with / without;
    println!("| {name} | {without:.0} | {with:.0} | {ratio:.1} % |");
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
