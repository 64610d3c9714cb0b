//! Reads files that may hang: a FIFO that nobody writes to, a mount whose server is gone.

use std::{sync::mpsc::sync_channel, thread, time::Duration};

/// How long reading a file may take.
pub(crate) const FILE_LIMIT: Duration = Duration::from_secs(5);

/// The result of `read`, or `None` if it takes longer than [`FILE_LIMIT`]. Its thread is then left
/// behind, because nothing can end it.
pub(crate) fn in_time<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = sync_channel(1);
    // If nobody waits any longer, the result is dropped.
    thread::spawn(move || drop(sender.send(read())));
    receiver.recv_timeout(FILE_LIMIT).ok()
}
