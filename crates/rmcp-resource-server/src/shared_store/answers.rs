//! What the authorization server answered another replica.
//!
//! Only that a token is active. How long an answer may be used is what is left of its life: it carries
//! when the question was asked and until when the answer may be used, so neither moving it between
//! replicas nor putting an old one back prolongs anything. That compares the wall clocks of replicas,
//! and so may be wrong by [`SKEW`]. Whether an answer is older than a revocation does not depend on any
//! clock but our own: an answer from the store counts as old as it can possibly be.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use super::{
    connection::Connection,
    keys::{EntryName, Kind},
    store::SharedStore,
    time::{at, since_1970},
};
use crate::{
    clock::Clock,
    observe::store_metrics::StoreOperation,
    token::{
        bearer::BearerToken, claims::Claims, claims::stored::StoredClaims, keyed_hash::KeyedHash,
    },
};

/// How far the clocks of two replicas may be apart. An answer from further in the future is not used.
const SKEW: Duration = Duration::from_secs(2);

/// The longest answer that is stored, in bytes. Claims have one or two KiB.
const LONGEST: usize = 32 * 1024;

/// How many tokens can be under suspicion at a time.
const MAX_DOUBTED: u64 = 100_000;

/// The answers about the tokens of one authorization server.
pub(crate) struct Answers {
    connection: Arc<Connection>,
    life: Life,
    clock: Arc<dyn Clock>,
    /// Tokens that a revocation may concern: what the store says about them is not used.
    doubted: Cache<KeyedHash, ()>,
}

/// How long an answer may be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// At most.
    pub(crate) longest: Duration,
    /// If the expiry of the token is unknown.
    pub(crate) without_expiry: Duration,
}

/// An answer that another replica got.
pub(crate) struct Found {
    pub(crate) claims: Claims,
    /// How long it may still be used.
    pub(crate) left: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// When the question was asked, in milliseconds since 1970.
    #[serde(rename = "a")]
    asked_at: u64,
    /// Until when the answer may be used.
    #[serde(rename = "u")]
    use_until: u64,
    #[serde(rename = "c")]
    claims: StoredClaims,
}

impl Answers {
    /// `None` if nothing may be remembered.
    pub(crate) fn new(store: &SharedStore, life: Life, clock: Arc<dyn Clock>) -> Option<Self> {
        (!life.longest.is_zero()).then(|| Self {
            connection: store.connection.clone(),
            doubted: Cache::builder()
                .max_capacity(MAX_DOUBTED)
                .time_to_live(life.longest + SKEW)
                .build(),
            life,
            clock,
        })
    }

    /// Where the answer about `token` is. `context` has everything that answers depend on besides the
    /// token: who is asked, as whom, how.
    pub(crate) fn name(&self, context: &[String], token: &BearerToken) -> EntryName {
        let mut parts: Vec<_> = context.iter().map(String::as_bytes).collect();
        parts.push(token.expose().as_bytes());
        self.connection.name(Kind::Answer, &parts)
    }

    /// The answer, if there is one that may still be used.
    pub(crate) async fn find(&self, key: &KeyedHash, name: &EntryName) -> Option<Found> {
        if self.doubted.contains_key(key) {
            return None;
        }
        let read = self.connection.read(StoreOperation::ReadAnswer, name);
        let found = read.await.and_then(|value| self.open(&value));
        self.connection.metrics().answer_looked_for(found.is_some());
        found
    }

    fn open(&self, value: &[u8]) -> Option<Found> {
        let stored = serde_json::from_slice::<Stored>(value).ok();
        let now = self.clock.now();
        let found = stored.and_then(|stored| {
            let (asked, until) = (at(stored.asked_at)?, at(stored.use_until)?);
            let claims = stored.claims.into_claims()?;
            (asked <= now + SKEW).then_some((asked, until, claims))
        });
        let Some((asked, until, mut claims)) = found else {
            self.connection.metrics().entry_refused();
            return None;
        };
        // What another replica allows itself counts only as far as this one allows it, too.
        let ours = asked.checked_add(self.life.of(&claims, asked))?;
        let left = ours.min(until).duration_since(now).ok()?;
        let oldest = self.life.longest + SKEW;
        claims.asked_at = Some(self.clock.monotonic().checked_sub(oldest)?);
        let left = left.min(self.life.longest);
        (!left.is_zero()).then_some(Found { claims, left })
    }

    /// Tells the other replicas, in the background.
    pub(crate) fn keep(&self, name: EntryName, claims: &Claims, asked_at: SystemTime) {
        let until = asked_at.checked_add(self.life.of(claims, asked_at));
        let left = until.and_then(|until| until.duration_since(self.clock.now()).ok());
        let (Some(until), Some(left)) = (until, left.filter(|left| !left.is_zero())) else {
            return;
        };
        let stored = Stored {
            asked_at: since_1970(asked_at),
            use_until: since_1970(until),
            claims: StoredClaims::of(claims),
        };
        let Ok(value) = serde_json::to_vec(&stored) else {
            return;
        };
        if value.len() > LONGEST {
            return;
        }
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let operation = StoreOperation::WriteAnswer;
            connection.write(operation, &name, value, left).await;
        });
    }

    /// Does not use what the store has about this token, until every answer that may be older than
    /// now has ended; and removes it there, for the others.
    pub(crate) fn doubt(&self, key: KeyedHash, name: EntryName) {
        self.doubted.insert(key, ());
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let operation = StoreOperation::DeleteAnswer;
            connection.delete(operation, &name).await;
        });
    }
}

impl Life {
    /// How long an answer of `asked_at` may be used.
    fn of(&self, claims: &Claims, asked_at: SystemTime) -> Duration {
        let life = match claims.expires_at {
            Some(exp) => exp.duration_since(asked_at).unwrap_or_default(),
            None => self.without_expiry,
        };
        life.min(self.longest)
    }
}
