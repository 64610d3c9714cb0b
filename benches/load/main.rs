//! What authorization costs the server as a whole: `cargo bench --bench load`.
//!
//! Starts the server twice, with and without authorization, and sends both the same `tools/call`
//! on the stateless JSON path, in short rounds that alternate, so that whatever else the machine
//! does falls on both. The token is in the cache. Options: `-- --rounds 10 --seconds 2
//! --connections 32`.
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod client;
mod server;

use std::time::Duration;

use clap::Parser;
use dev_authorization_server::FakeAuthorizationServer;

use client::Load;
use server::Running;

#[derive(Parser)]
struct Options {
    /// Rounds of each server
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Length of a round
    #[arg(long, default_value_t = 2.0)]
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
    let open = Running::unprotected();
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
        let [without, with] = sides.each_mut().map(|side| {
            let (requests, rate) = runtime.block_on(side.load.run());
            side.requests += requests;
            side.rates.push(rate);
            rate
        });
        row(&round.to_string(), without, with);
    }
    let [without, with] = sides.each_mut().map(|side| median(&mut side.rates));
    row("median", without, with);
    // Other load on the machine slows both servers down, now the one, now the other; the processor
    // time of a request tells more.
    let mut begun = begun.into_iter();
    let [without, with] = sides.each_ref().map(|side| {
        let used = side.server.processor_time() - begun.next().unwrap_or_default();
        used.as_secs_f64() * 1e6 / f64::from(side.requests)
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

/// A server under load, and what was measured of it.
struct Side<'a> {
    server: &'a Running,
    load: Load,
    rates: Vec<f64>,
    requests: u32,
}

fn row(name: &str, without: f64, with: f64) {
    let ratio = 100.0 * with / without;
    println!("| {name} | {without:.0} | {with:.0} | {ratio:.1} % |");
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
