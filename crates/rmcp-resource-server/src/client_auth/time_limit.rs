//! Reads files that may hang: a FIFO that nobody writes, a mount whose server is gone.

use std::{sync::mpsc::sync_channel, thread, time::Duration};

/// How long a file may take.
pub(crate) const FILE_LIMIT: Duration = Duration::from_secs(5);

/// What `read` returns, or `None` if it takes longer than [`FILE_LIMIT`]. Then its thread is left
/// behind: nothing can end it.
pub(crate) fn in_time<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = sync_channel(1);
    // Where nobody waits any longer, the result is of no use.
    thread::spawn(move || drop(sender.send(read())));
    receiver.recv_timeout(FILE_LIMIT).ok()
}
