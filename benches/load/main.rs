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

    let load = |server: &Running, token| Load {
        address: server.address(),
        token,
        connections: options.connections,
        length: Duration::from_secs_f64(options.seconds),
    };
    let (open, protected) = (load(&open, None), load(&protected, Some("good")));
    for warm_up in [&open, &protected] {
        runtime.block_on(warm_up.run());
    }
    let mut rates = (Vec::new(), Vec::new());
    println!("| round | without authorization (requests/s) | with (requests/s) | with / without |");
    println!("|---|---|---|---|");
    for round in 1..=options.rounds {
        let (without, with) = (
            runtime.block_on(open.run()),
            runtime.block_on(protected.run()),
        );
        println!(
            "| {round} | {without:.0} | {with:.0} | {:.1} % |",
            100.0 * with / without
        );
        rates.0.push(without);
        rates.1.push(with);
    }
    let (without, with) = (median(&mut rates.0), median(&mut rates.1));
    println!(
        "| median | {without:.0} | {with:.0} | {:.1} % |",
        100.0 * with / without
    );
    println!(
        "introspections during all of it: {}",
        fake.introspection_count()
    );
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
