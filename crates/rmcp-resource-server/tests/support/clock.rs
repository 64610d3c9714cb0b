//! A clock that a test sets.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rmcp_resource_server::{Clock, SystemClock};

/// Stands still until it is advanced. Clones show the same time.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<SystemTime>>);

impl TestClock {
    /// Shows the present whole second.
    pub(crate) fn new() -> Self {
        let now = UNIX_EPOCH + Duration::from_secs(unix_now());
        Self(Arc::new(Mutex::new(now)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().expect("no panic while it is set") += by;
    }

    pub(crate) fn set_back(&self, by: Duration) {
        *self.0.lock().expect("no panic while it is set") -= by;
    }

    pub(crate) fn unix(&self) -> u64 {
        seconds(self.now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("no panic while it is set")
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
