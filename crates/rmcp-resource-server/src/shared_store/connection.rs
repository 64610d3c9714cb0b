//! The connection for requests. They never wait for it to be made, and for an answer only a few
//! milliseconds. After some failures in a row nobody asks at all, until a task in the background finds
//! that the store answers in time.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection, cmd};
use tokio::{
    select,
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    config::SharedStoreConfig,
    dial::{dial, explain},
    keys::{EntryName, Kind},
    outage::Outage,
    time::milliseconds,
};
use crate::observe::store_metrics::{StoreMetrics, StoreOperation, StoreOutcome};

/// How many operations in a row must fail before nobody asks any more. Those that one pause of the store
/// makes fail at the same time count as one.
const FAILURES: u32 = 5;

/// How often to see whether the store works.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// After this many failed probes in a row, the connection is made anew.
const PROBES_OF_A_CONNECTION: u32 = 3;

/// The pauses between attempts to connect: twice as long each time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The connection, and whether it is of use.
pub(super) struct Connection {
    pub(super) config: SharedStoreConfig,
    current: Mutex<Option<MultiplexedConnection>>,
    is_usable: AtomicBool,
    failures: AtomicU32,
    has_told_revocations: AtomicBool,
    in_doubt: Notify,
    outage: Outage,
    probe: Cmd,
}

/// Why there is no answer.
enum Failure {
    TooSlow,
    Error(RedisError),
}

impl Connection {
    pub(super) fn new(config: SharedStoreConfig) -> Self {
        config.metrics.store.begin();
        let name = config.keys.plain_name(&config.prefix, Kind::Probe);
        let mut probe = cmd("MGET");
        probe.arg(name.first());
        Self {
            config,
            current: Mutex::default(),
            is_usable: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            has_told_revocations: AtomicBool::new(false),
            in_doubt: Notify::new(),
            outage: Outage::default(),
            probe,
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        self.is_usable.load(Ordering::Acquire)
    }

    /// Every revocation in the store was read.
    pub(super) fn told_revocations(&self) {
        self.has_told_revocations.store(true, Ordering::Release);
    }

    pub(super) fn has_told_revocations(&self) -> bool {
        self.has_told_revocations.load(Ordering::Acquire)
    }

    pub(super) fn metrics(&self) -> &StoreMetrics {
        &self.config.metrics.store
    }

    /// Where the entry for `parts` is.
    pub(super) fn name(&self, kind: Kind, parts: &[&[u8]]) -> EntryName {
        self.config.keys.name(&self.config.prefix, kind, parts)
    }

    /// The answer to `command`, if there is one in time.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        operation: StoreOperation,
        command: &Cmd,
    ) -> Option<T> {
        let connection = self.is_usable().then(|| self.current().clone()).flatten();
        let Some(connection) = connection else {
            self.metrics().used(operation, StoreOutcome::Skipped);
            return None;
        };
        let failures = self.failures.load(Ordering::Relaxed);
        let (answer, outcome) = match self.send(connection, command).await {
            Ok(answer) => {
                self.failures.store(0, Ordering::Relaxed);
                (Some(answer), StoreOutcome::Done)
            }
            Err(failure) => {
                self.note(&failure, failures);
                let outcome = match failure {
                    Failure::TooSlow => StoreOutcome::TimedOut,
                    Failure::Error(_) => StoreOutcome::Failed,
                };
                (None, outcome)
            }
        };
        self.metrics().used(operation, outcome);
        answer
    }

    /// What is at `name` and can be opened.
    pub(super) async fn read(
        &self,
        operation: StoreOperation,
        name: &EntryName,
    ) -> Option<Vec<u8>> {
        let mut command = cmd("MGET");
        command.arg(name.all());
        let values: Vec<Option<Vec<u8>>> = self.ask(operation, &command).await?;
        let sealed = |(number, value): (usize, Option<Vec<u8>>)| Some((number, value?));
        let mut there = values.into_iter().enumerate().filter_map(sealed).peekable();
        there.peek()?;
        let opened = there.find_map(|(number, value)| self.config.keys.open(name, number, &value));
        if opened.is_none() {
            self.metrics().entry_refused();
        }
        opened
    }

    /// Puts `value` at `name`, for this time.
    pub(super) async fn write(
        &self,
        operation: StoreOperation,
        name: &EntryName,
        value: Vec<u8>,
        life: Duration,
    ) {
        let sealed = self.config.keys.seal(name, value);
        let life = milliseconds(life).max(1);
        let mut command = cmd("SET");
        command.arg(name.first()).arg(sealed).arg("PX").arg(life);
        let _done = self.ask::<()>(operation, &command).await;
    }

    /// Removes what is at `name`.
    pub(super) async fn delete(&self, operation: StoreOperation, name: &EntryName) {
        let mut command = cmd("DEL");
        command.arg(name.all());
        let _done = self.ask::<()>(operation, &command).await;
    }

    async fn send<T: FromRedisValue>(
        &self,
        mut connection: MultiplexedConnection,
        command: &Cmd,
    ) -> Result<T, Failure> {
        let answer = command.query_async(&mut connection);
        match timeout(self.config.timeout, answer).await {
            Ok(answer) => answer.map_err(Failure::Error),
            Err(_elapsed) => Err(Failure::TooSlow),
        }
    }

    /// Counts a failure, unless another one was counted since the operation began with so many.
    fn note(&self, failure: &Failure, before: u32) {
        let (failures, now) = (&self.failures, before + 1);
        let is_counted = || {
            let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
            failures.compare_exchange(before, now, set, fetch).is_ok()
        };
        match failure {
            Failure::Error(error) if is_broken(error) => self.lose(&explain(error)),
            _ if !is_counted() || now < FAILURES => return,
            Failure::Error(error) => self.close(&explain(error)),
            Failure::TooSlow => self.close(&format!(
                "it does not answer within {:?}",
                self.config.timeout
            )),
        }
        self.in_doubt.notify_one();
    }

    /// Nobody asks any more.
    fn close(&self, reason: &str) {
        self.is_usable.store(false, Ordering::Release);
        self.metrics().is_up(false);
        self.outage.lost(reason);
    }

    /// The same, because the connection is broken.
    fn lose(&self, reason: &str) {
        *self.current() = None;
        self.close(reason);
    }

    fn open(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if !self.is_usable.swap(true, Ordering::AcqRel) {
            self.metrics().is_up(true);
            self.outage.over();
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the connection, and makes it anew when it is lost. Never ends.
pub(super) async fn keep(connection: Arc<Connection>) {
    let (mut pause, longest) = PAUSES;
    loop {
        match dial(&connection.config, PROBE_EVERY).await {
            Ok(new) => {
                *connection.current() = Some(new);
                if watch(&connection).await {
                    pause = PAUSES.0;
                }
                *connection.current() = None;
            }
            Err(reason) => connection.close(&reason),
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Probes a new connection until it is of no use any more. Returns whether it ever was.
async fn watch(connection: &Connection) -> bool {
    let mut was_usable = false;
    let mut failed_probes = 0;
    loop {
        let Some(current) = connection.current().clone() else {
            return was_usable;
        };
        match connection.send::<()>(current, &connection.probe).await {
            Ok(()) => {
                failed_probes = 0;
                was_usable = true;
                connection.open();
            }
            Err(failure) => {
                // The first probe includes what a new connection costs.
                failed_probes += 1;
                connection.note(&failure, connection.failures.load(Ordering::Relaxed));
                if failed_probes >= PROBES_OF_A_CONNECTION && !connection.is_usable() {
                    if let Failure::Error(error) = &failure {
                        connection.close(&explain(error));
                    } else {
                        connection.close("it does not answer in time");
                    }
                    return was_usable;
                }
            }
        }
        select! {
            () = sleep(PROBE_EVERY) => {}
            () = connection.in_doubt.notified() => {
                // A broken connection is made anew at once; a slow store is left alone for a while.
                if connection.current().is_some() {
                    sleep(PROBE_EVERY).await;
                }
            }
        }
    }
}

/// Whether no further command will get an answer on this connection.
fn is_broken(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.is_connection_dropped()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared_store::keys::SharedStoreKeys;

    #[test]
    fn one_pause_of_the_store_is_one_failure() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let key = folder.path().join("key");
        std::fs::write(&key, [7; 32]).expect("writable");
        let keys = SharedStoreKeys::from_files(&[key]).expect("a key");
        let url = "redis://localhost".parse().expect("a URL");
        let connection = Connection::new(SharedStoreConfig::new(url, keys));
        connection.open();
        for began_with in 0..FAILURES {
            assert!(connection.is_usable(), "{began_with}");
            for _at_the_same_time in 0..FAILURES {
                connection.note(&Failure::TooSlow, began_with);
            }
        }
        assert!(!connection.is_usable());
    }
}
