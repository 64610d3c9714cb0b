//! Cheap calls next to expensive ones: `cargo bench --bench mixed`.
//!
//! Sixteen connections call `get_control`; next to them, four more call something else. Each round
//! runs all cases, so that other load on the machine affects them alike. The target: at most 20 ms
//! for 99 of 100 cheap calls, and at least half as many of them as next to `search`. Options: `--
//! --rounds 5 --seconds 2 --profiles 12`.
#![expect(clippy::print_stdout, reason = "it prints a table")]

#[path = "../load/client.rs"]
mod client;
mod documents;
#[path = "../load/server.rs"]
#[expect(dead_code, reason = "the benchmark `load` uses the rest")]
mod server;

use std::time::Duration;

use clap::Parser;

use client::{Load, tool_call};
use server::Running;

#[derive(Parser)]
struct Options {
    /// Rounds of all cases
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Length of a case in a round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Profiles in use
    #[arg(long, default_value_t = 12)]
    profiles: usize,
    /// cargo bench passes it
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let directory = documents::write(options.profiles);
    let documents = directory.path().to_str().expect("UTF-8");
    let server = Running::unprotected(&[("OSCAL_DOCUMENTS_DIR", documents)]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let load = |bodies: Vec<String>, connections| Load {
        address: server.address(),
        token: None,
        bodies,
        connections,
        length: Duration::from_secs_f64(options.seconds),
    };
    let cheap = load(vec![tool_call("get_control", r#"{"control":"ex-7"}"#)], 16);
    let mut cases: Vec<_> = cases(options.profiles)
        .into_iter()
        .map(|(name, bodies)| Case {
            name,
            beside: (!bodies.is_empty()).then(|| load(bodies, 4)),
            rates: Vec::new(),
            times: Vec::new(),
            other_times: Vec::new(),
        })
        .collect();
    for _ in 0..options.rounds {
        for case in &mut cases {
            runtime.block_on(case.run(&cheap));
        }
    }
    println!(
        "| beside 4 connections of | cheap calls/s | of those beside search | median | 99 % | longest | of the others: number | median |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let rates: Vec<f64> = cases
        .iter_mut()
        .map(|case| median(&mut case.rates))
        .collect();
    let beside_search = rates[1];
    for (case, rate) in cases.iter_mut().zip(rates) {
        case.times.sort();
        case.other_times.sort();
        println!(
            "| {} | {rate:.0} | {:.0} % | {} | {} | {} | {} | {} |",
            case.name,
            100.0 * rate / beside_search,
            milliseconds(&case.times, 50),
            milliseconds(&case.times, 99),
            milliseconds(&case.times, 100),
            case.other_times.len(),
            milliseconds(&case.other_times, 50),
        );
    }
}

/// What is called next to the cheap calls.
fn cases(profiles: usize) -> Vec<(&'static str, Vec<String>)> {
    let of_profiles = |tool: &str, member: &str, more: &str| -> Vec<String> {
        let call = |number| {
            let profile = documents::profile(number);
            tool_call(tool, &format!(r#"{{"{member}":"{profile}"{more}}}"#))
        };
        (0..profiles).map(call).collect()
    };
    let validation = tool_call(
        "validate_document",
        &format!(r#"{{"document":"{}"}}"#, documents::CATALOG),
    );
    let control = of_profiles("get_control", "profile", r#","control":"ex-7""#);
    let resolve = of_profiles("resolve_profile", "profile", "");
    let json = of_profiles("resolve_profile", "profile", r#","resolved":true"#);
    let gaps = of_profiles("query_implementations", "gap_against", "");
    let mix = [&control, &resolve, &json, &gaps]
        .map(Clone::clone)
        .concat();
    let mix = mix.into_iter().chain([validation.clone()]).collect();
    vec![
        ("nothing", Vec::new()),
        (
            "search",
            vec![tool_call("search", r#"{"query":"access of accounts"}"#)],
        ),
        ("validate_document", vec![validation]),
        ("get_control in the profiles", control),
        ("resolve_profile of them", resolve),
        ("the same with JSON", json),
        ("query_implementations against them", gaps),
        ("all of these", mix),
    ]
}

struct Case {
    name: &'static str,
    beside: Option<Load>,
    rates: Vec<f64>,
    times: Vec<Duration>,
    other_times: Vec<Duration>,
}

impl Case {
    async fn run(&mut self, cheap: &Load) {
        let beside = async {
            match &self.beside {
                Some(load) => load.run().await.0,
                None => Vec::new(),
            }
        };
        let ((times, rate), other_times) = tokio::join!(cheap.run(), beside);
        self.rates.push(rate);
        self.times.extend(times);
        self.other_times.extend(other_times);
    }
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The time within which this percentage of the calls finished.
fn milliseconds(sorted: &[Duration], percent: usize) -> String {
    let at = sorted.len() * percent / 100;
    let time = sorted.get(at.min(sorted.len().saturating_sub(1)));
    time.map_or("".to_owned(), |time| {
        format!("{:.2} ms", time.as_secs_f64() * 1000.0)
    })
}
