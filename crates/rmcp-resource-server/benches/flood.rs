//! What a flood of random tokens does to honest callers: `cargo bench -p rmcp-resource-server --bench
//! flood`. Each case lasts ten seconds; 500 random tokens arrive each second.
#![allow(clippy::print_stdout, reason = "the measurements are the output")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use dev_authorization_server::{FakeAuthorizationServer, Reply};
use futures_util::future::join_all;
use rmcp_resource_server::{
    BearerToken, ClientCredentials, IntrospectionConfig, IntrospectionVerifier, TokenVerifier,
    VerifyError,
};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

const LASTS: Duration = Duration::from_secs(10);
const RANDOM_EACH_SECOND: u32 = 500;
const HONEST_EACH_SECOND: u32 = 20;

/// What one kind of honest caller got.
#[derive(Default)]
struct Measured {
    served: usize,
    refused: usize,
    took: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    println!("server   who                                  served      p50      p99");
    for millis in [20, 100, 200] {
        flood(Duration::from_millis(millis)).await;
    }
}

async fn flood(answers_after: Duration) {
    let fake = FakeAuthorizationServer::start();
    let count = HONEST_EACH_SECOND * 10 + 1;
    let active = Reply::from(fake.active_claims("https://mcp.example.com/mcp", "mcp:tools"));
    for kind in ["known", "fresh", "stranger"] {
        for number in 0..count {
            let reply = active.clone().after(answers_after);
            fake.answer_token(&format!("{kind}{number}"), reply);
        }
    }
    fake.answer_by_default(Reply::from(json!({"active": false})).after(answers_after));
    let credentials = ClientCredentials::secret_basic("mcp", "hush");
    let issuer = fake.issuer().parse().expect("an issuer");
    let mut config = IntrospectionConfig::new(issuer, credentials);
    config.endpoint = Some(fake.introspection_url().parse().expect("an endpoint"));
    // So that a known token is asked about again.
    config.cache.ttl = Duration::ZERO;
    let verifier = Arc::new(IntrospectionVerifier::start(config).expect("it starts"));

    let of = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    let known = join_all((0..count).map(|number| {
        let verifier = &verifier;
        async move { verify(verifier, &format!("known{number}"), of(1)).await }
    }));
    for known in known.await {
        known.expect("the fake knows it");
    }
    let random = every(RANDOM_EACH_SECOND, {
        let verifier = verifier.clone();
        move |number| {
            let verifier = verifier.clone();
            let peer = SocketAddr::from(([198, 51, 100, 1], port(number)));
            async move { verify(&verifier, &format!("random{number}"), peer).await }
        }
    });
    let honest = |kind: &'static str, port_of: fn(u32) -> u16| {
        let verifier = verifier.clone();
        every(HONEST_EACH_SECOND, move |number| {
            let verifier = verifier.clone();
            let peer = of(port_of(number));
            async move { verify(&verifier, &format!("{kind}{number}"), peer).await }
        })
    };
    let (random, known, fresh, stranger) = tokio::join!(
        random,
        honest("known", port),
        honest("fresh", |_| 1),
        honest("stranger", |number| 20_000 + port(number)),
    );
    for (who, measured) in [
        ("active before, no longer cached", known),
        ("fresh, on a known connection", fresh),
        ("never seen, on a new connection", stranger),
        ("random", random),
    ] {
        measured.print(answers_after, who);
    }
}

/// A separate port for each call.
fn port(number: u32) -> u16 {
    1000 + u16::try_from(number % 10_000).expect("below 10,000")
}

async fn verify(
    verifier: &IntrospectionVerifier,
    token: &str,
    peer: SocketAddr,
) -> Result<(), VerifyError> {
    let token = BearerToken::parse(token, 64)?.from_peer(Some(peer));
    verifier.verify(&token).await.map(drop)
}

/// Makes this many calls a second for the duration of a case, whether earlier calls have ended or
/// not.
async fn every<F>(rate: u32, call: impl Fn(u32) -> F + Send + 'static) -> Measured
where
    F: Future<Output = Result<(), VerifyError>> + Send + 'static,
{
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    let begun = Instant::now();
    for number in 0.. {
        ticks.tick().await;
        if begun.elapsed() >= LASTS {
            break;
        }
        let call = call(number);
        calls.spawn(async move {
            let begun = Instant::now();
            (call.await, begun.elapsed())
        });
    }
    let mut measured = Measured::default();
    while let Some(ended) = calls.join_next().await {
        let (outcome, took) = ended.expect("no panic");
        match outcome {
            Ok(()) | Err(VerifyError::Token(_)) => {
                measured.served += 1;
                measured.took.push(took);
            }
            Err(VerifyError::AuthorizationServer(_)) => measured.refused += 1,
        }
    }
    measured.took.sort();
    measured
}

impl Measured {
    fn print(&self, answers_after: Duration, who: &str) {
        let percent = self.served as f64 * 100.0 / (self.served + self.refused).max(1) as f64;
        let at = |part: usize| {
            let index = (self.took.len() * part / 100).min(self.took.len().saturating_sub(1));
            let took = self.took.get(index).copied().unwrap_or_default();
            format!("{} ms", took.as_millis())
        };
        println!(
            "{:>4} ms  {who:<34}  {percent:>5.1} %  {:>7}  {:>7}",
            answers_after.as_millis(),
            at(50),
            at(99)
        );
    }
}
