//! Revocations that replicas tell each other of, by a stream in the store.
//!
//! Each replica reads the stream on a connection of its own, from the beginning whenever that
//! connection is new, and carries out what it has not seen. What the stream lacks of what a replica
//! knows, it puts there: what was revoked while the store was away, and everything if the store lost
//! its data.

mod known;
mod notice;
pub(super) mod stream;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use redis::{Cmd, RedisError, Value, aio::MultiplexedConnection, cmd};
use tokio::time::sleep;

pub(crate) use self::notice::Notice;
use self::{
    known::Known,
    stream::{FIELD, Item, items},
};
use super::{
    connection::Connection,
    dial::{dial, explain},
    keys::{EntryName, Kind},
    store::SharedStore,
};
use crate::{
    authorization_server::background::Background,
    crypto::random,
    observe::store_metrics::{StoreOperation, StoreOutcome},
    revocation::{Revocation, marks::MAX_MARKS},
};

/// How long to wait for news in one call.
const WAIT: Duration = Duration::from_secs(1);

/// The time limit of a call, including that wait.
const RESPOND_WITHIN: Duration = Duration::from_secs(4);

/// How many entries to read in one call.
const PAGE: usize = 1_000;

/// How long to wait before another connection is made.
const PAUSE: Duration = Duration::from_millis(250);

/// Tells other replicas, and listens to them until it is dropped.
pub(crate) struct SharedRevocations {
    reader: Arc<Reader>,
    _listening: Background,
}

struct Reader {
    connection: Arc<Connection>,
    stream: EntryName,
    known: Mutex<Known>,
    learn: Box<dyn Fn(&Notice) + Send + Sync>,
}

impl SharedRevocations {
    /// Calls `learn` with each revocation that another replica learned of. Must be called inside a
    /// Tokio runtime.
    pub(crate) fn start(
        store: &SharedStore,
        learn: impl Fn(&Notice) + Send + Sync + 'static,
    ) -> Self {
        let config = &store.connection.config;
        let reader = Arc::new(Reader {
            stream: config.keys.plain_name(&config.prefix, Kind::Revocations),
            connection: store.connection.clone(),
            known: Mutex::default(),
            learn: Box::new(learn),
        });
        let listening = reader.clone();
        Self {
            reader,
            _listening: Background::spawn(async move { listening.listen().await }),
        }
    }

    /// Tells the other replicas of a revocation, in the background.
    pub(crate) fn tell(&self, revocation: &Revocation, time: SystemTime) {
        let notice = Notice::new(revocation.clone(), time);
        let command = self.reader.command(&notice);
        let (now, wall) = (Instant::now(), self.reader.wall());
        self.reader.known().revoked(notice, now, wall);
        let connection = self.reader.connection.clone();
        // If this fails, the listener repeats it.
        tokio::spawn(async move {
            let operation = StoreOperation::WriteRevocation;
            let _id = connection.ask::<Value>(operation, &command).await;
        });
    }
}

impl Reader {
    async fn listen(&self) {
        loop {
            let reason = match dial(&self.connection.config, RESPOND_WITHIN).await {
                Ok(connection) => explain(&self.read_until_it_breaks(connection).await),
                Err(reason) => reason,
            };
            tracing::debug!(reason, "revocations of other replicas cannot be read");
            self.count(StoreOperation::ReadRevocations, StoreOutcome::Failed);
            sleep(PAUSE).await;
        }
    }

    async fn read_until_it_breaks(&self, mut connection: MultiplexedConnection) -> RedisError {
        let mut refused_told = false;
        loop {
            match self.read(&mut connection, &mut refused_told).await {
                // The store lost its data.
                Ok(()) => {}
                Err(error) => return error,
            }
        }
    }

    /// Reads everything, and then what comes, until the stream is gone.
    async fn read(
        &self,
        connection: &mut MultiplexedConnection,
        refused_told: &mut bool,
    ) -> Result<(), RedisError> {
        let mut last = "0".to_owned();
        self.known().begin_reading(Instant::now(), self.wall());
        while self.page(connection, &mut last, None, refused_told).await? {}
        self.known().end_reading(Instant::now(), patience());
        loop {
            let due = self.known().due(Instant::now());
            for notice in due {
                let operation = StoreOperation::WriteRevocation;
                let written = self.command(&notice).query_async::<Value>(connection).await;
                let is_done = written.is_ok();
                self.count(operation, StoreOutcome::of(is_done));
                written?;
            }
            let wait = Some(WAIT);
            let news = self.page(connection, &mut last, wait, refused_told).await?;
            if !news && last != "0" {
                let mut length = cmd("XLEN");
                length.arg(self.stream.first());
                if length.query_async::<u64>(connection).await? == 0 && !self.known().is_empty() {
                    return Ok(());
                }
            }
        }
    }

    /// Reads some entries after `last`. Returns whether there were any.
    async fn page(
        &self,
        connection: &mut MultiplexedConnection,
        last: &mut String,
        wait: Option<Duration>,
        refused_told: &mut bool,
    ) -> Result<bool, RedisError> {
        let mut command = cmd("XREAD");
        command.arg("COUNT").arg(PAGE);
        if let Some(wait) = wait {
            command.arg("BLOCK").arg(wait.as_secs() * 1_000);
        }
        command.arg("STREAMS").arg(self.stream.first()).arg(&*last);
        let answer: Value = command.query_async(connection).await?;
        let items = items(answer)?;
        self.count(StoreOperation::ReadRevocations, StoreOutcome::Done);
        for Item { id, sealed } in &items {
            last.clone_from(id);
            if !self.take(sealed.as_deref()) && !*refused_told {
                *refused_told = true;
                tracing::warn!(
                    "the stream of revocations in the shared store has entries that were not made \
                     with our keys; they are skipped"
                );
            }
        }
        Ok(!items.is_empty())
    }

    /// Carries out what an entry says, if it is news. Returns whether it is one of ours.
    fn take(&self, sealed: Option<&[u8]>) -> bool {
        let keys = &self.connection.config.keys;
        let wall = self.wall();
        let notice = sealed
            .and_then(|sealed| keys.open_by_any(&self.stream, sealed))
            .and_then(|bytes| Notice::read(&bytes, wall));
        let Some(notice) = notice else {
            self.connection.metrics().entry_refused();
            return false;
        };
        if !notice.is_over(wall) && self.known().seen(&notice, wall) {
            (self.learn)(&notice);
        }
        true
    }

    /// Puts a notice into the stream.
    fn command(&self, notice: &Notice) -> Cmd {
        let keys = &self.connection.config.keys;
        let sealed = keys.seal(&self.stream, notice.to_bytes());
        let mut command = cmd("XADD");
        command.arg(self.stream.first());
        command.arg("MAXLEN").arg("~").arg(MAX_MARKS);
        command.arg("*").arg(FIELD).arg(sealed);
        command
    }

    fn count(&self, operation: StoreOperation, outcome: StoreOutcome) {
        self.connection.metrics().used(operation, outcome);
    }

    fn wall(&self) -> SystemTime {
        self.connection.config.clock.now()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long this replica waits for others to put back what it only learned: one to four seconds.
fn patience() -> Duration {
    let [random] = random::bytes();
    Duration::from_secs(1) + Duration::from_millis(u64::from(random) * 12)
}
