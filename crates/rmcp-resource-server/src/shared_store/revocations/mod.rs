//! Revocations that replicas tell each other of, by a stream in the store.
//!
//! Each replica reads the stream on a connection of its own, from the beginning whenever that
//! connection is new, and carries out what it has not seen. What the stream lacks of what a replica
//! knows, it puts there: what was revoked while the store was away, and everything if the store lost
//! its data or somebody removed some of it.

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

/// A connection that is used for so long works.
const WORKS_AFTER: Duration = Duration::from_secs(10);

/// How long it must have failed before an operator is told.
const TELL_AFTER: Duration = Duration::from_secs(4);

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
        let id = notice.id;
        self.reader.known().revoked(notice, now, wall);
        let reader = self.reader.clone();
        tokio::spawn(async move {
            let operation = StoreOperation::WriteRevocation;
            let written = reader.connection.ask::<Value>(operation, &command).await;
            if written.is_none() {
                // The listener repeats it.
                reader.known().failed(&id, Instant::now());
            }
        });
    }
}

impl Reader {
    async fn listen(&self) {
        let mut trouble = Trouble::default();
        loop {
            let begun = Instant::now();
            let reason = match dial(&self.connection.config, RESPOND_WITHIN).await {
                Ok(connection) => explain(&self.read_until_it_breaks(connection).await),
                Err(reason) => reason,
            };
            self.count(StoreOperation::ReadRevocations, StoreOutcome::Failed);
            // While the store is away, that was said already.
            let is_up = self.connection.is_usable();
            if trouble.is_to_be_told(begun, Instant::now()) && is_up {
                trouble.is_told = true;
                tracing::warn!(
                    reason,
                    "replicas cannot tell each other of revocations by the shared store, although \
                     it answers: check the rights of its user, its memory, and that it is a primary"
                );
            }
            sleep(PAUSE).await;
        }
    }

    async fn read_until_it_breaks(&self, mut connection: MultiplexedConnection) -> RedisError {
        let mut refused_told = false;
        loop {
            match self.read(&mut connection, &mut refused_told).await {
                // The store lost something.
                Ok(()) => {}
                Err(error) if is_beyond_use(&error) => {
                    let mut command = cmd("DEL");
                    command.arg(self.stream.first());
                    if let Err(error) = command.query_async::<Value>(&mut connection).await {
                        return error;
                    }
                    // Somebody may do it again and again.
                    sleep(PAUSE).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Reads everything, and then what comes, until the stream lacks something that was there.
    async fn read(
        &self,
        connection: &mut MultiplexedConnection,
        refused_told: &mut bool,
    ) -> Result<(), RedisError> {
        let mut place = Place::default();
        self.known().begin_reading(Instant::now(), self.wall());
        while self.page(connection, &mut place, None).await? > 0 {}
        self.known().end_reading(Instant::now(), patience());
        self.connection.told_revocations();
        let (mut is_behind, mut counted) = (false, Instant::now());
        loop {
            if place.has_foreign && !*refused_told {
                *refused_told = true;
                tracing::warn!(
                    "the stream of revocations in the shared store has entries that were not made \
                     with our keys; they are skipped"
                );
            }
            if !is_behind {
                self.put_what_is_due(connection).await?;
            }
            is_behind = self.page(connection, &mut place, Some(WAIT)).await? == PAGE;
            if counted.elapsed() >= WAIT {
                counted = Instant::now();
                let mut length = cmd("XLEN");
                length.arg(self.stream.first());
                if length.query_async::<usize>(connection).await? < place.least_length() {
                    return Ok(());
                }
            }
        }
    }

    async fn put_what_is_due(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), RedisError> {
        let due = self.known().due(Instant::now());
        for notice in due {
            let operation = StoreOperation::WriteRevocation;
            let written = self.command(&notice).query_async::<Value>(connection).await;
            self.count(operation, StoreOutcome::of(written.is_ok()));
            written?;
        }
        Ok(())
    }

    /// Reads some entries after those that were read. Returns how many.
    async fn page(
        &self,
        connection: &mut MultiplexedConnection,
        place: &mut Place,
        wait: Option<Duration>,
    ) -> Result<usize, RedisError> {
        let mut command = cmd("XREAD");
        command.arg("COUNT").arg(PAGE);
        if let Some(wait) = wait {
            command.arg("BLOCK").arg(wait.as_secs() * 1_000);
        }
        command.arg("STREAMS").arg(self.stream.first());
        command.arg(&place.last);
        let answer: Value = command.query_async(connection).await?;
        let items = items(answer)?;
        self.count(StoreOperation::ReadRevocations, StoreOutcome::Done);
        for Item { id, sealed } in &items {
            place.last.clone_from(id);
            place.has_foreign |= !self.take(sealed.as_deref());
        }
        place.entries += items.len();
        Ok(items.len())
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

/// Whether nothing can be read from the stream, or added to it, until it is removed: something else is
/// at its name, or it has an entry with the last possible id.
fn is_beyond_use(error: &RedisError) -> bool {
    let is_full =
        |detail: &str| detail.contains("exhausted") || detail.contains("equal or smaller");
    error.code() == Some("WRONGTYPE") || error.detail().is_some_and(is_full)
}

/// How far the stream was read.
struct Place {
    /// The id of the last entry.
    last: String,
    /// How many entries there were.
    entries: usize,
    /// Whether some of them were not made with our keys.
    has_foreign: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            last: "0".to_owned(),
            entries: 0,
            has_foreign: false,
        }
    }
}

impl Place {
    /// How long the stream must be if it lost nothing but old revocations for which there was no room.
    /// Foreign entries must not push ours out.
    fn least_length(&self) -> usize {
        match self.has_foreign {
            true => self.entries,
            false => self.entries.min(MAX_MARKS),
        }
    }
}

/// Whether the stream has been of no use for long.
#[derive(Default)]
struct Trouble {
    since: Option<Instant>,
    is_told: bool,
}

impl Trouble {
    /// Notes that what began at `begun` has failed. Returns whether that is worth a line in the log.
    fn is_to_be_told(&mut self, begun: Instant, now: Instant) -> bool {
        if now.duration_since(begun) >= WORKS_AFTER {
            *self = Self::default();
        }
        let since = *self.since.get_or_insert(now);
        !self.is_told && now.duration_since(since) >= TELL_AFTER
    }
}

/// How long this replica waits for others to put back what it only learned: one to four seconds.
fn patience() -> Duration {
    let [random] = random::bytes();
    Duration::from_secs(1) + Duration::from_millis(u64::from(random) * 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_had_no_room_are_missed_only_if_foreign_ones_pushed_them_out() {
        let mut place = Place::default();
        assert_eq!(place.least_length(), 0);
        place.entries = MAX_MARKS + 10;
        assert_eq!(place.least_length(), MAX_MARKS);
        place.has_foreign = true;
        assert_eq!(place.least_length(), MAX_MARKS + 10);
    }

    #[test]
    fn an_operator_is_told_once_and_not_of_a_restart() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut trouble = Trouble::default();
        assert!(!trouble.is_to_be_told(at(0), at(1)), "a restart");
        assert!(!trouble.is_to_be_told(at(2), at(3)));
        assert!(trouble.is_to_be_told(at(4), at(5)));
        trouble.is_told = true;
        assert!(!trouble.is_to_be_told(at(8), at(9)));
        assert!(!trouble.is_to_be_told(at(9), at(30)), "it worked meanwhile");
        assert!(trouble.is_to_be_told(at(31), at(34)));
    }
}
