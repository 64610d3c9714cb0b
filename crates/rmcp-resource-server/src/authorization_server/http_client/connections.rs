//! Connections to the authorization server: a pool that can be dropped, and new ones.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::Instant};

use super::{
    clients::{Clients, Recipe},
    error::HttpClientError,
};

/// How long an unused connection stays in the pool. Most servers and load balancers close theirs
/// later.
const IDLE: Duration = Duration::from_secs(15);

/// How long to do without a pool after dropping one: while connections keep going stale, a new pool
/// would not help.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Connections {
    recipe: Recipe,
    /// Uses a new connection for every request.
    fresh: Clients,
    pool: Mutex<Pool>,
}

enum Pool {
    Open {
        clients: Clients,
        last_exchange: Option<Instant>,
    },
    Dropped(Instant),
    BeingMade,
}

impl Connections {
    pub(super) fn open(recipe: Recipe) -> Result<Self, HttpClientError> {
        let fresh = recipe.clients(|builder| builder.pool_max_idle_per_host(0))?;
        let pool = Mutex::new(Pool::new(&recipe)?);
        Ok(Self {
            recipe,
            fresh,
            pool,
        })
    }

    pub(super) fn fresh(&self) -> Clients {
        self.fresh.clone()
    }

    /// The clients with a pool, if there is one now.
    pub(super) fn pooled(self: &Arc<Self>) -> Clients {
        let mut pool = self.pool();
        match &*pool {
            Pool::Open { clients, .. } => clients.clone(),
            Pool::BeingMade => self.fresh(),
            Pool::Dropped(at) => {
                if at.elapsed() >= PAUSE {
                    *pool = Pool::BeingMade;
                    let this = self.clone();
                    // Building clients parses the trusted certificates, which takes milliseconds.
                    spawn_blocking(move || this.make_pool());
                }
                self.fresh()
            }
        }
    }

    /// Notes that an exchange is over; its connection may now be in the pool.
    pub(super) fn note_exchange(&self) {
        if let Pool::Open { last_exchange, .. } = &mut *self.pool() {
            *last_exchange = Some(Instant::now());
        }
    }

    pub(super) fn may_be_pooled(&self) -> bool {
        match &*self.pool() {
            Pool::Open { last_exchange, .. } => {
                last_exchange.is_some_and(|exchange| exchange.elapsed() < IDLE)
            }
            Pool::Dropped(_) | Pool::BeingMade => false,
        }
    }

    pub(super) fn drop_pool(&self) {
        let mut pool = self.pool();
        if matches!(*pool, Pool::Open { .. }) {
            *pool = Pool::Dropped(Instant::now());
            tracing::debug!(
                "a connection to the authorization server broke and a new one works: dropping the \
                 pooled connections"
            );
        }
    }

    fn make_pool(&self) {
        let made = Pool::new(&self.recipe).unwrap_or_else(|error| {
            tracing::warn!(%error, "no connection pool for the authorization server for now");
            Pool::Dropped(Instant::now())
        });
        *self.pool() = made;
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn new(recipe: &Recipe) -> Result<Self, HttpClientError> {
        Ok(Self::Open {
            clients: recipe.clients(|builder| builder.pool_idle_timeout(IDLE))?,
            last_exchange: None,
        })
    }
}
