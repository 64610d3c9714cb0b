//! Finds out independently whether the authorization server is down, and when it is back.
//!
//! A probe is a cheap question of our own about a random text, on a new connection. It is sent only
//! while the circuit is suspected or open, so a healthy server never sees one.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::{
    select,
    time::{Instant, sleep_until, timeout},
};

use super::breaker::{Breaker, Circuit, Recovery};

/// The pause from a failed probe to the next one. In a long outage, the other interval applies.
const INTERVAL: Duration = Duration::from_millis(100);

/// The pause from an unanswered probe to the next one: a server that swallowed the first may answer
/// the second. Also the interval in a long outage.
const SLOW_INTERVAL: Duration = Duration::from_millis(250);

/// How long an outage must last to count as long.
const LONG_OUTAGE: Duration = Duration::from_secs(10);

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Answer,
    Outage,
}

/// What the prober reports.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    Opened,
    Closed(Recovery),
}

/// Probes until the circuit closes. `limit` is the time limit of a probe.
pub(super) async fn probe_until_closed<F>(
    breaker: &Breaker,
    limit: Duration,
    probe: impl Fn() -> F + Sync,
    tell: impl Fn(News) + Sync,
) where
    F: Future<Output = Found> + Send,
{
    let begun = Instant::now();
    let judge = |since: Instant, found: Found| match found {
        Found::Answer => {
            if let Some(recovery) = breaker.answered(Instant::now(), since.elapsed()) {
                tell(News::Closed(recovery));
            }
        }
        Found::Outage => {
            if breaker.confirm(since, Instant::now()) {
                tell(News::Opened);
            }
        }
    };
    let mut under_way = FuturesUnordered::new();
    let mut next = begun;
    loop {
        select! {
            () = breaker.reached(Circuit::Closed) => return,
            () = sleep_until(next) => {
                let since = Instant::now();
                next = since + SLOW_INTERVAL;
                let one = timeout(limit, probe());
                let found = move |found: Result<_, _>| (since, found.unwrap_or(Found::Outage));
                under_way.push(one.map(found));
            }
            Some((since, found)) = under_way.next() => {
                judge(since, found);
                let is_long = begun.elapsed() >= LONG_OUTAGE;
                let pause = if is_long { SLOW_INTERVAL } else { INTERVAL };
                next = next.min(Instant::now() + pause);
            }
        }
        if begun.elapsed() >= breaker.patience() {
            judge(begun, Found::Outage);
        }
    }
}
