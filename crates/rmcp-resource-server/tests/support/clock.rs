//! A clock set by the test.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rmcp_resource_server::{Clock, SystemClock};

/// Stands still until it is advanced. Clones show the same time.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<(SystemTime, Instant)>>);

impl TestClock {
    /// Shows the current whole second.
    pub(crate) fn new() -> Self {
        let now = UNIX_EPOCH + Duration::from_secs(unix_now());
        Self(Arc::new(Mutex::new((now, Instant::now()))))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut moments = self.moments();
        moments.0 += by;
        moments.1 += by;
    }

    /// Sets the wall clock back, as an operator or a time server does.
    pub(crate) fn set_back(&self, by: Duration) {
        self.moments().0 -= by;
    }

    pub(crate) fn unix(&self) -> u64 {
        seconds(self.now())
    }

    fn moments(&self) -> MutexGuard<'_, (SystemTime, Instant)> {
        self.0.lock().expect("no panic while it is set")
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        self.moments().0
    }

    fn monotonic(&self) -> Instant {
        self.moments().1
    }
}

/// The real time in seconds.
pub(crate) fn unix_now() -> u64 {
    seconds(SystemClock.now())
}

fn seconds(time: SystemTime) -> u64 {
    let since_epoch = time.duration_since(UNIX_EPOCH);
    since_epoch.expect("it is later than 1970").as_secs()
}
