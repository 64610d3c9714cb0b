//! Re-reads credential files in the background, apart from requests.
//!
//! A mounted secret may be replaced at any time, and reading a file may hang: a FIFO that nobody
//! writes to, a mount whose server is gone. So a separate thread reads them, every second and
//! whenever the authorization server refuses the current credentials, and nobody waits for it
//! longer than a second.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::client_auth::{
    credentials::ClientCredentials, method::ClientAuth, time_limit::FILE_LIMIT,
};

/// How often to read the files: a replaced secret that still works stays in use this long.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a request waits for a read after the server has refused the credentials.
const READ_LIMIT: Duration = Duration::from_secs(1);

/// Keeps credentials up to date. The thread ends when this is dropped.
pub(crate) struct CredentialReader {
    wake: SyncSender<()>,
    asked: Arc<AtomicU64>,
    answered: watch::Receiver<u64>,
    reading: Arc<Reading>,
}

/// The read in progress.
#[derive(Default)]
struct Reading(Mutex<Option<Begun>>);

struct Begun {
    at: Instant,
    told: bool,
}

impl CredentialReader {
    /// Calls `changed` on the reading thread. `None` if no credential is in a file.
    pub(crate) fn start(
        credentials: &ClientCredentials,
        current: ClientAuth,
        changed: impl Fn(ClientAuth) + Send + 'static,
    ) -> Option<Self> {
        if credentials.files().is_empty() {
            return None;
        }
        let (wake, woken) = sync_channel(1);
        let (answer, answered) = watch::channel(0);
        let (asked, reading) = (Arc::new(AtomicU64::new(0)), Arc::<Reading>::default());
        let thread = Thread {
            credentials: credentials.clone(),
            current,
            failure: None,
            asked: asked.clone(),
            answer,
            reading: reading.clone(),
        };
        thread::spawn(move || thread.run(&woken, changed));
        Some(Self {
            wake,
            asked,
            answered,
            reading,
        })
    }

    /// Waits until every readable file has been read, but at most a second.
    pub(crate) async fn read_now(&self) {
        let question = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        // If the channel is full, the thread is about to read anyway.
        let _ = self.wake.try_send(());
        let mut answered = self.answered.clone();
        let read = answered.wait_for(|answered| *answered >= question);
        let _in_time = timeout(READ_LIMIT, read).await;
    }

    /// Logs once that a file hangs.
    pub(crate) fn look_after(&self) {
        let mut begun = self.reading.lock();
        if let Some(begun) = &mut *begun
            && !begun.told
            && begun.at.elapsed() >= FILE_LIMIT
        {
            begun.told = true;
            tracing::error!(
                "reading a credential file hangs (a FIFO that nobody writes to, or a mount whose \
                 server is gone): the last good credentials stay in use until it can be read"
            );
        }
    }
}

struct Thread {
    credentials: ClientCredentials,
    current: ClientAuth,
    failure: Option<String>,
    asked: Arc<AtomicU64>,
    answer: watch::Sender<u64>,
    reading: Arc<Reading>,
}

impl Thread {
    fn run(mut self, woken: &Receiver<()>, changed: impl Fn(ClientAuth)) {
        while let Ok(()) | Err(RecvTimeoutError::Timeout) = woken.recv_timeout(INTERVAL) {
            let question = self.asked.load(Ordering::Acquire);
            self.reading.begin();
            let read = self.credentials.read_if_changed(&self.current);
            self.reading.end();
            match read {
                Ok(renewed) => {
                    self.failure = None;
                    if let Some(renewed) = renewed {
                        self.current = renewed.clone();
                        changed(renewed);
                    }
                }
                Err(error) => self.tell(error.to_string()),
            }
            self.answer.send_replace(question);
        }
    }

    /// Logs `error` once, although the files are read every second.
    fn tell(&mut self, error: String) {
        if self.failure.as_ref() != Some(&error) {
            tracing::warn!(
                error,
                "client credentials cannot be read; using the last good ones"
            );
            self.failure = Some(error);
        }
    }
}

impl Reading {
    fn begin(&self) {
        *self.lock() = Some(Begun {
            at: Instant::now(),
            told: false,
        });
    }

    fn end(&self) {
        if let Some(Begun { told: true, .. }) = self.lock().take() {
            tracing::info!("the credential file that hung can be read again");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
