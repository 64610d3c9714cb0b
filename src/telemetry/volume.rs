//! Limits log lines by kind. Each refused request of a stranger causes a line, and could fill a
//! disk before anybody looks. So the first lines of a kind are written, then a few a second, and a
//! line that says how many were left out. The metrics count all of them.

use std::{
    collections::HashMap,
    fmt::Debug,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tracing::{
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// The burst of lines of one kind.
const BURST: f64 = 100.0;

/// Lines of one kind per second after that.
const RATE: f64 = 5.0;

/// How often a summary says how many lines were left out.
const SUMMARY: Duration = Duration::from_secs(10);

/// How many kinds are told apart. Each is a place in the code and one of a few reasons.
const KINDS: usize = 1_000;

/// Lets through a bounded number of lines of each kind. Levels below `info` all pass: they are for
/// a person who wants to see everything.
#[derive(Clone)]
pub(super) struct Volume(Arc<Shared>);

struct Shared {
    buckets: Mutex<HashMap<Kind, Bucket>>,
    left_out: AtomicU64,
    alarm: Sender<()>,
}

/// A place in the code and, if it logs several, the reason.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    place: Identifier,
    reason: String,
}

struct Bucket {
    message: String,
    tokens: f64,
    filled: Instant,
    left_out: u64,
}

impl Volume {
    /// Starts counting.
    ///
    /// # Errors
    ///
    /// The operating system cannot start a thread for the summaries.
    pub(super) fn begin() -> io::Result<Self> {
        let (alarm, alarms) = channel();
        let volume = Self(Arc::new(Shared {
            buckets: Mutex::default(),
            left_out: AtomicU64::new(0),
            alarm,
        }));
        let shared = volume.0.clone();
        thread::Builder::new()
            .name("log-summary".to_owned())
            .spawn(move || shared.summarize(&alarms))?;
        Ok(volume)
    }

    /// How many lines have been left out so far.
    pub(super) fn left_out(&self) -> u64 {
        self.0.left_out.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, kind: Kind, message: impl FnOnce() -> String, now: Instant) -> bool {
        let mut buckets = self.lock();
        if buckets.len() >= KINDS && !buckets.contains_key(&kind) {
            buckets.retain(|_, bucket| bucket.left_out > 0);
        }
        let bucket = buckets.entry(kind).or_insert_with(|| Bucket {
            message: message(),
            tokens: BURST,
            filled: now,
            left_out: 0,
        });
        if bucket.take(now) {
            return true;
        }
        bucket.left_out += 1;
        let is_first = bucket.left_out == 1;
        drop(buckets);
        self.left_out.fetch_add(1, Ordering::Relaxed);
        if is_first {
            // The receiver lives as long as this.
            let _ = self.alarm.send(());
        }
        false
    }

    fn summarize(&self, alarms: &Receiver<()>) {
        while alarms.recv().is_ok() {
            thread::sleep(SUMMARY);
            while alarms.try_recv().is_ok() {}
            for (message, reason, lines) in self.take_summaries() {
                tracing::warn!(
                    lines,
                    of = message,
                    reason,
                    "more log lines of one kind were suppressed"
                );
            }
        }
    }

    fn take_summaries(&self) -> Vec<(String, String, u64)> {
        let mut buckets = self.lock();
        let left_out = buckets.iter_mut().filter(|(_, bucket)| bucket.left_out > 0);
        left_out
            .map(|(kind, bucket)| {
                let lines = std::mem::take(&mut bucket.left_out);
                (bucket.message.clone(), kind.reason.clone(), lines)
            })
            .collect()
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * RATE).min(BURST);
        self.filled = now;
        let is_left = self.tokens >= 1.0;
        if is_left {
            self.tokens -= 1.0;
        }
        is_left
    }
}

impl<S: Subscriber> Layer<S> for Volume {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut reason = Text::of("reason");
        event.record(&mut reason);
        let kind = Kind {
            place: metadata.callsite(),
            reason: reason.text,
        };
        let message = || {
            let mut message = Text::of("message");
            event.record(&mut message);
            message.text
        };
        self.0.admit(kind, message, Instant::now())
    }
}

/// The text of one field of an event.
struct Text {
    field: &'static str,
    text: String,
}

impl Text {
    fn of(field: &'static str) -> Self {
        Self {
            field,
            text: String::new(),
        }
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.field {
            self.text = value.chars().take(100).collect();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == self.field {
            self.text = format!("{value:?}").chars().take(100).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{Registry, layer::SubscriberExt};

    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_cut_and_summed_up_and_leaves_others_alone() {
        let volume = Volume::begin().expect("a thread");
        let subscriber = Registry::default().with(volume.clone());
        tracing::subscriber::with_default(subscriber, || {
            for reason in ["inactive", "no_credential", "inactive"] {
                for _ in 0..1_000 {
                    tracing::info!(reason, "request refused");
                }
            }
            tracing::info!("something else");
            for _ in 0..1_000 {
                tracing::debug!("request answered");
            }
        });
        let mut summaries = volume.0.take_summaries();
        summaries.sort();
        // A slow machine lets a few more through.
        let written = |sent: u64, left_out: u64| (100..150).contains(&(sent - left_out));
        assert_eq!(summaries.len(), 2, "{summaries:?}");
        assert_eq!(
            (&*summaries[0].0, &*summaries[0].1),
            ("request refused", "inactive")
        );
        assert!(written(2_000, summaries[0].2), "{summaries:?}");
        assert_eq!(summaries[1].1, "no_credential");
        assert!(written(1_000, summaries[1].2), "{summaries:?}");
        assert_eq!(volume.left_out(), summaries[0].2 + summaries[1].2);
        assert_eq!(volume.0.take_summaries(), []);
    }

    #[test]
    fn after_a_flood_lines_come_again() {
        let now = Instant::now();
        let mut bucket = Bucket {
            message: String::new(),
            tokens: 1.0,
            filled: now,
            left_out: 0,
        };
        assert!(bucket.take(now));
        assert!(!bucket.take(now));
        assert!(bucket.take(now + Duration::from_secs(1)));
    }
}
