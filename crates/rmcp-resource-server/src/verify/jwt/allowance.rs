//! How often strangers may make us fetch the keys.

use std::time::Duration;

use super::moment::Moment;

/// How often one more fetch is allowed. Tokens that name an unknown key, which anyone can make up,
/// cause no more than that, and a token with a key published a moment ago waits no longer.
pub(super) const REFILL: Duration = Duration::from_secs(5);

/// How many fetches may follow each other at once after a quiet time, so that a stray token with an
/// unknown key does not use up the fetch that a new key needs.
const MOST: u32 = 3;

/// A token bucket (of fetches, not of access tokens).
pub(super) struct Allowance {
    left: u32,
    /// When `left` last grew, or fell below the maximum.
    counted_at: Moment,
}

impl Allowance {
    pub(super) fn full(now: Moment) -> Self {
        Self {
            left: MOST,
            counted_at: now,
        }
    }

    /// Takes one fetch, or says how long until there is one.
    pub(super) fn take(&mut self, now: Moment) -> Result<(), Duration> {
        let since = now.since(self.counted_at);
        let grown = u32::try_from(since.as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        if grown > 0 {
            self.left = self.left.saturating_add(grown).min(MOST);
            self.counted_at = now;
        }
        if self.left == MOST {
            self.counted_at = now;
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| REFILL.saturating_sub(now.since(self.counted_at)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::SystemTime};

    use super::*;
    use crate::clock::Clock;

    struct Set(Mutex<SystemTime>);

    impl Clock for Set {
        fn now(&self) -> SystemTime {
            *self.0.lock().expect("no panic")
        }
    }

    #[test]
    fn three_at_once_and_then_one_each_five_seconds() {
        let clock = Set(Mutex::new(SystemTime::UNIX_EPOCH));
        let mut allowance = Allowance::full(Moment::now(&clock));
        let mut take_after = |seconds| {
            *clock.0.lock().expect("no panic") += Duration::from_secs(seconds);
            allowance.take(Moment::now(&clock)).is_ok()
        };
        for (seconds, taken) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (4, false),
            (1, true),
            (0, false),
            (3600, true),
            (0, true),
            (0, true),
            (0, false),
        ] {
            assert_eq!(take_after(seconds), taken, "after {seconds} s");
        }
    }
}
