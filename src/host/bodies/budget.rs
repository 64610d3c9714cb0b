//! The memory that the bodies of all requests may hold together.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Memory for one purpose, counted in KiB.
pub(super) struct Budget {
    left: Arc<Semaphore>,
}

/// A share of a budget, held until it is dropped.
#[derive(Debug)]
pub(super) struct Share(OwnedSemaphorePermit);

/// How long a request may wait for memory. After that the client should retry.
const PATIENCE: Duration = Duration::from_secs(1);

const KIB: usize = 1024;

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            left: Arc::new(Semaphore::new(bytes / KIB)),
        }
    }

    /// Takes `bytes`, in order of arrival. `None` if others held the memory for too long.
    pub(super) async fn take(&self, bytes: usize) -> Option<Share> {
        let count = u32::try_from(bytes.div_ceil(KIB)).ok()?;
        let permits = self.left.clone().acquire_many_owned(count);
        timeout(PATIENCE, permits).await.ok()?.ok().map(Share)
    }
}

impl Share {
    pub(super) fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}
