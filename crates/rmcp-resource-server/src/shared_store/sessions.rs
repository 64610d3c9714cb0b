//! Where sessions are kept while no replica needs to have them.

use std::{sync::Arc, time::Duration};

use redis::cmd;

use super::{
    connection::Connection,
    keys::{EntryName, Kind},
    store::SharedStore,
    time::milliseconds,
};
use crate::observe::store_metrics::StoreOperation;

/// How long a session that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// The longest session that is stored, in bytes. A client may say megabytes when it opens one.
const LONGEST: usize = 32 * 1024;

/// The sessions of all replicas.
#[derive(Clone)]
pub(crate) struct StoredSessions {
    connection: Arc<Connection>,
}

impl StoredSessions {
    pub(crate) fn new(store: &SharedStore) -> Self {
        Self {
            connection: store.connection.clone(),
        }
    }

    pub(crate) async fn load(&self, id: &str) -> Option<Vec<u8>> {
        let operation = StoreOperation::ReadSession;
        self.connection.read(operation, &self.name(id)).await
    }

    /// Another replica will not find one that is too long.
    pub(crate) async fn store(&self, id: &str, value: Vec<u8>) {
        if value.len() > LONGEST {
            return;
        }
        let (operation, name) = (StoreOperation::WriteSession, self.name(id));
        self.connection.write(operation, &name, value, IDLE).await;
    }

    pub(crate) async fn delete(&self, id: &str) {
        let operation = StoreOperation::DeleteSession;
        self.connection.delete(operation, &self.name(id)).await;
    }

    /// It is in use: keeps it for another while.
    pub(crate) async fn prolong(&self, id: &str) {
        let life = milliseconds(IDLE);
        for name in self.name(id).all() {
            let mut command = cmd("PEXPIRE");
            command.arg(name).arg(life);
            let operation = StoreOperation::WriteSession;
            let _done = self.connection.ask::<()>(operation, &command).await;
        }
    }

    fn name(&self, id: &str) -> EntryName {
        self.connection.name(Kind::Session, &[id.as_bytes()])
    }
}
