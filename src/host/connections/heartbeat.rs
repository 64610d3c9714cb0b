//! Whether every worker thread still runs. A stuck thread serves nobody but still gets its share of
//! the connections, while a probe answered by another thread reports that all is well.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A worker without a beat for this long is stuck. Workers beat every second.
const PATIENCE: Duration = Duration::from_secs(10);

/// The last beat of every worker.
#[derive(Debug, Clone)]
pub(in crate::host) struct Heartbeats {
    begun: Instant,
    /// In milliseconds since the start.
    last: Arc<Mutex<Vec<Arc<AtomicU64>>>>,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            last: Arc::default(),
        }
    }
}

impl Heartbeats {
    /// A heartbeat for another worker.
    pub(super) fn add(&self) -> Heartbeat {
        let heartbeat = Heartbeat {
            begun: self.begun,
            last: Arc::default(),
        };
        heartbeat.beat();
        let mut all = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(heartbeat.last.clone());
        heartbeat
    }

    /// The number of workers without a recent beat.
    pub(in crate::host) fn stuck(&self) -> usize {
        self.stuck_after(self.begun.elapsed())
    }

    fn stuck_after(&self, now: Duration) -> usize {
        let all = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stuck = |last: &&Arc<AtomicU64>| {
            let last = Duration::from_millis(last.load(Ordering::Relaxed));
            now.saturating_sub(last) > PATIENCE
        };
        all.iter().filter(is_stuck).count()
    }
}

/// The heartbeat of one worker.
pub(super) struct Heartbeat {
    begun: Instant,
    last: Arc<AtomicU64>,
}

impl Heartbeat {
    pub(super) fn beat(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_without_a_beat_is_stuck_and_another_does_not_hide_it() {
        let beats = Heartbeats::default();
        let silent = beats.add();
        let lively = beats.add();
        let later = PATIENCE + Duration::from_secs(1);
        assert_eq!(beats.stuck(), 0);
        lively.last.store(11_000, Ordering::Relaxed);
        assert_eq!(beats.stuck_after(later), 1);
        silent.last.store(11_000, Ordering::Relaxed);
        assert_eq!(beats.stuck_after(later), 0);
    }
}
