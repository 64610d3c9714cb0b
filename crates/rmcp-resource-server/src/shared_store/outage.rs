//! One log line when the store is lost, and one when it is back.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Whether there is an outage, and since when.
#[derive(Default)]
pub(super) struct Outage {
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// The store is of no use, for this reason.
    pub(super) fn lost(&self, reason: &str) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none() {
            *since = Some(Instant::now());
            tracing::warn!(
                reason,
                "the shared store cannot be used: this replica goes on with its own memory"
            );
        }
    }

    /// The store works.
    pub(super) fn over(&self) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        match since.take() {
            Some(since) => {
                tracing::info!(took = ?since.elapsed(), "the shared store works again");
            }
            None => tracing::info!("the shared store is connected"),
        }
    }
}
