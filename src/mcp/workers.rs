//! Runs long work on separate threads, so that the event loops can answer others. The queues are
//! bounded in number and bytes; a caller who finds them full is told to try again.

use std::{sync::Arc, thread::available_parallelism};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// Why work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotDone {
    #[error("the server is busy with other calls of this kind; try again in a few seconds")]
    Busy,
    #[error("the server was interrupted; try again")]
    Interrupted,
}

/// The worker threads and their queues.
#[derive(Clone)]
pub(super) struct Workers {
    /// One processor is left to the event loops.
    turns: Arc<Semaphore>,
    /// Validation of documents: up to half a second and 130 MB each.
    pub(super) validations: Queue,
    /// Resolving profiles, and scanning a large library: milliseconds each.
    pub(super) readings: Queue,
    /// Writing large answers: a millisecond each, so many may wait.
    pub(super) answers: Queue,
}

/// Work of one kind.
#[derive(Clone)]
pub(super) struct Queue {
    /// How many may wait or run.
    places: Arc<Semaphore>,
    /// How many KiB their callers may have sent.
    kibibytes: Arc<Semaphore>,
    all_kibibytes: u32,
    /// How many may ask for a turn at the same time. Turns are given in the order of asking, so one
    /// kind of work does not hold up another for long.
    at_once: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::new(processors.saturating_sub(1).max(1))
    }
}

impl Workers {
    fn new(threads: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(threads)),
            validations: Queue::new(16 + threads, 64 << 10, threads.saturating_sub(1).max(1)),
            readings: Queue::new(64 + threads, 8 << 10, threads),
            answers: Queue::new(1024 + threads, 8 << 10, threads),
        }
    }

    /// Runs `work` for a caller who has sent `bytes`, which are kept until then. Does not start for
    /// a caller who has gone away.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        queue: &Queue,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = queue.enter(bytes)?;
        let closed = |_closed| NotDone::Interrupted;
        let one = queue
            .at_once
            .clone()
            .acquire_owned()
            .await
            .map_err(closed)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(closed)?;
        let done = spawn_blocking(move || {
            // Released when the work is done, even if the caller no longer waits for it.
            let _permits = (place, one, turn);
            work()
        });
        done.await.map_err(|_panicked| NotDone::Interrupted)
    }
}

impl Queue {
    fn new(places: usize, kibibytes: u32, at_once: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            kibibytes: Arc::new(Semaphore::new(kibibytes as usize)),
            all_kibibytes: kibibytes,
            at_once: Arc::new(Semaphore::new(at_once)),
        }
    }

    fn enter(&self, bytes: usize) -> Result<[OwnedSemaphorePermit; 2], NotDone> {
        let busy = |_none_left| NotDone::Busy;
        // A caller who sends more than the whole queue allows takes all of it.
        let kibibytes = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        let kibibytes = kibibytes.clamp(1, self.all_kibibytes);
        Ok([
            self.places.clone().try_acquire_owned().map_err(busy)?,
            (self.kibibytes.clone().try_acquire_many_owned(kibibytes)).map_err(busy)?,
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;

    /// Keeps work from ending until it is opened.
    #[derive(Default)]
    struct Gate(Mutex<bool>, Condvar);

    impl Gate {
        fn pass(&self) {
            let open = self.0.lock().expect("not poisoned");
            drop(
                self.1
                    .wait_while(open, |open| !*open)
                    .expect("not poisoned"),
            );
        }

        fn open(&self) {
            *self.0.lock().expect("not poisoned") = true;
            self.1.notify_all();
        }
    }

    #[tokio::test]
    async fn what_waits_is_bounded_in_number_and_bytes() {
        for (bytes, fit) in [(0, 17), (8 << 20, 8), (1 << 30, 1)] {
            let workers = Workers::new(1);
            let gate = Arc::new(Gate::default());
            let mut waiting = Vec::new();
            let busy = loop {
                let (passed, workers) = (gate.clone(), workers.clone());
                let mut call = Box::pin(async move {
                    let work = move || passed.pass();
                    workers.run(&workers.validations, bytes, work).await
                });
                match polled_once(&mut call).await {
                    Some(done) => break done,
                    None => waiting.push(call),
                }
            };
            assert_eq!((busy, waiting.len()), (Err(NotDone::Busy), fit), "{bytes}");
            let other = workers.run(&workers.readings, 0, || ());
            gate.open();
            for call in waiting {
                assert_eq!(call.await, Ok(()));
            }
            assert_eq!(other.await, Ok(()));
            assert_eq!(
                workers.run(&workers.validations, bytes, || ()).await,
                Ok(())
            );
        }
    }

    #[tokio::test]
    async fn work_of_a_caller_who_left_keeps_its_place_until_it_ends() {
        let workers = Workers::new(1);
        let gate = Arc::new(Gate::default());
        let passed = gate.clone();
        let mut call = Box::pin(workers.run(&workers.validations, 0, move || passed.pass()));
        assert_eq!(polled_once(&mut call).await, None);
        drop(call);
        assert_eq!(workers.turns.available_permits(), 0);
        gate.open();
        assert_eq!(workers.run(&workers.validations, 0, || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_an_interruption() {
        let workers = Workers::new(1);
        let panics = || -> () { panic!("as it happens") };
        let done = workers.run(&workers.readings, 0, panics).await;
        assert_eq!(done, Err(NotDone::Interrupted));
        assert_eq!(workers.run(&workers.readings, 0, || 7).await, Ok(7));
    }

    /// The output of a future, if its first poll yields one.
    async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        use std::{pin::Pin, task::Poll};
        std::future::poll_fn(|context| {
            Poll::Ready(match Pin::new(&mut *future).poll(context) {
                Poll::Ready(done) => Some(done),
                Poll::Pending => None,
            })
        })
        .await
    }
}
