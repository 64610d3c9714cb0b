//! The store, for those who use it.

use std::{fmt, sync::Arc};

use super::{
    config::{SharedStoreConfig, SharedStoreError},
    connection::{Connection, keep},
};
use crate::authorization_server::background::Background;

/// A running connection to a store that replicas share. Cheap to clone. See [`SharedStoreConfig`] for
/// an example.
///
/// With it, a token that several replicas see is asked about once instead of once by each; a
/// revocation reaches all of them; and sessions survive the replica that opened them
/// ([`SharedSessions`](crate::SharedSessions)).
///
/// Nothing depends on the store. What it does not answer within
/// [`timeout`](SharedStoreConfig::timeout), a replica does without. After five failures in a row no
/// request asks, until the store answers in time again.
#[derive(Clone)]
pub struct SharedStore {
    pub(super) connection: Arc<Connection>,
    _keeper: Arc<Background>,
}

impl SharedStore {
    /// Starts connecting in the background. Must be called inside a Tokio runtime, which must live as
    /// long as the store is in use.
    ///
    /// # Errors
    ///
    /// [`SharedStoreError`]. It is not an error if the store is not up.
    pub fn start(config: SharedStoreConfig) -> Result<Self, SharedStoreError> {
        config.check()?;
        let connection = Arc::new(Connection::new(config));
        Ok(Self {
            _keeper: Arc::new(Background::spawn(keep(connection.clone()))),
            connection,
        })
    }

    /// Whether the revocations in the store have been read since this process began. Until then it may accept
    /// what was revoked before; a server that is about to start should wait for this, but not for long,
    /// since the store may be away.
    pub fn has_told_revocations(&self) -> bool {
        self.connection.has_told_revocations()
    }

    /// Whether the store is connected and answers in time. If not, this replica goes on with its own
    /// memory.
    pub fn is_up(&self) -> bool {
        self.connection.is_usable()
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore")
            .field("config", &self.connection.config)
            .field("is_up", &self.is_up())
            .finish_non_exhaustive()
    }
}
