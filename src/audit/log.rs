//! The log as those who record see it: they never wait for it.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prometheus_client::registry::Registry;

use super::{
    AuditKey, OnFailure,
    event::Event,
    queue::{Message, State},
    writer::{Destination, Writer},
};

/// How many records may wait to be written: a few megabytes.
const CAPACITY: usize = 8192;

/// How long the process waits at its end for the remaining records.
const PATIENCE: Duration = Duration::from_secs(2);

/// The audit log. Clones share it. One thread writes.
#[derive(Clone)]
pub struct AuditLog(Arc<Shared>);

struct Shared {
    state: Arc<State>,
    on_failure: OnFailure,
    sender: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Opens the log and continues its chain.
    ///
    /// # Errors
    ///
    /// The log cannot be opened or written, or the operating system cannot start a thread.
    pub(crate) fn begin(
        destination: Destination,
        key: Option<AuditKey>,
        on_failure: OnFailure,
    ) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(CAPACITY);
        let state = Arc::new(State::default());
        let writer = Writer::open(destination, key, Arc::clone(&state))?;
        let thread = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer.write_all(&receiver))?;
        Ok(Self(Arc::new(Shared {
            state,
            on_failure,
            sender,
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Records an event. Never blocks.
    pub(crate) fn record(&self, event: impl Into<Box<Event>>) {
        self.send(Message::Record(event.into()));
    }

    /// Records an event that a stranger can cause at will: the first one in a minute by itself, the
    /// others of the same client and reason as one record. Never blocks.
    pub(crate) fn record_repeated(&self, event: Event) {
        self.send(Message::Repeated(Box::new(event)));
    }

    fn send(&self, message: Message) {
        match self.0.sender.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                let state = &self.0.state;
                state.lost.fetch_add(1, Ordering::Relaxed);
                state.lost_ever.inc();
                state.failing.set(1);
                state.is_failing.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Registers its metrics.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let state = &self.0.state;
        registry.register(
            "audit_failing",
            "1 while the audit log cannot be written",
            state.failing.clone(),
        );
        registry.register(
            "audit_records_lost",
            "Events that could not be recorded in the audit log",
            state.lost_ever.clone(),
        );
    }

    /// Whether requests must be refused because they could not be recorded.
    pub(crate) fn refuses(&self) -> bool {
        self.0.on_failure == OnFailure::Refuse && self.is_failing()
    }

    /// Whether the log cannot be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.state.is_failing.load(Ordering::Relaxed)
    }

    /// Opens the file anew: it was renamed (SIGHUP, as `logrotate` sends it).
    pub(crate) fn reopen(&self) {
        self.0.state.is_renamed.store(true, Ordering::Relaxed);
        // If the queue is full, the writer is awake.
        let _ = self.0.sender.try_send(Message::Wake);
    }

    /// Writes what waits, and a last record. Later events are not recorded.
    pub(crate) fn end(&self) {
        let thread = (self.0.thread.lock())
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(thread) = thread else { return };
        let until = Instant::now() + PATIENCE;
        while let Err(TrySendError::Full(_)) = self.0.sender.try_send(Message::End) {
            if Instant::now() > until {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        while !thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AuditLog");
        shown
            .field("is_failing", &self.is_failing())
            .finish_non_exhaustive()
    }
}
