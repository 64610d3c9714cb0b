//! Background tasks.

use tokio::task::AbortHandle;

/// A task that is aborted when this is dropped.
pub(crate) struct Background(AbortHandle);

impl Background {
    /// Must be called inside a Tokio runtime.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
