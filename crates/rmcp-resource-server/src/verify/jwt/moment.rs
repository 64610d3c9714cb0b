//! How long ago something happened, whatever happened to the clock meanwhile.

use std::time::{Duration, Instant, SystemTime};

use crate::clock::Clock;

/// A point in time, by the wall clock and by the monotonic one.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    wall: SystemTime,
    monotonic: Instant,
}

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.now(),
            monotonic: Instant::now(),
        }
    }

    /// The time since `earlier`, by whichever clock says more. Setting the wall clock back does not
    /// make things young, and the monotonic clock stands still while a machine sleeps.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let by_wall = self.wall.duration_since(earlier.wall).unwrap_or_default();
        by_wall.max(self.monotonic.saturating_duration_since(earlier.monotonic))
    }

    pub(super) fn is_not_before(self, other: Self) -> bool {
        self.monotonic >= other.monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_says_more_counts() {
        let hour = Duration::from_secs(3600);
        let earlier = Moment {
            wall: SystemTime::UNIX_EPOCH + hour,
            monotonic: Instant::now(),
        };
        for (wall, monotonic, since) in [
            (earlier.wall + hour, earlier.monotonic, hour),
            (earlier.wall, earlier.monotonic + hour, hour),
            (earlier.wall - hour, earlier.monotonic + hour / 2, hour / 2),
            (earlier.wall - hour, earlier.monotonic, Duration::ZERO),
        ] {
            let later = Moment { wall, monotonic };
            assert_eq!(later.since(earlier), since);
        }
    }
}
