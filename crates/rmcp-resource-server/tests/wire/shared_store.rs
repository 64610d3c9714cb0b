//! Replicas with a shared store: one question for all, and none of them needs the store.

mod answers;
mod revocations;
mod sessions;

use std::{fs, sync::Arc, time::Duration};

use dev_authorization_server::FakeAuthorizationServer;
use rmcp_resource_server::{SharedStore, SharedStoreConfig, SharedStoreKeys};

use crate::support::{FakeRedis, Setup, TestClock, TestServer, eventually, spawn_server};

/// Time enough on a machine that is also building.
const PATIENT: Duration = Duration::from_secs(2);

/// Keys made of these bytes.
fn keys(keys: &[u8]) -> SharedStoreKeys {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let paths: Vec<_> = keys
        .iter()
        .map(|key| {
            let path = folder.path().join(key.to_string());
            fs::write(&path, [*key; 32]).expect("writable");
            path
        })
        .collect();
    SharedStoreKeys::from_files(&paths).expect("keys")
}

/// A replica that uses the store with these keys.
struct Replica {
    server: TestServer,
    store: SharedStore,
}

impl Replica {
    /// Starts one and waits until it has the store.
    async fn start(
        fake: &FakeAuthorizationServer,
        redis: &FakeRedis,
        adjust: impl FnOnce(&mut SharedStoreConfig, &mut Setup),
    ) -> Self {
        let replica = Self::start_alone(fake, redis, adjust);
        replica.has_store().await;
        replica
    }

    /// Starts one and does not wait.
    fn start_alone(
        fake: &FakeAuthorizationServer,
        redis: &FakeRedis,
        adjust: impl FnOnce(&mut SharedStoreConfig, &mut Setup),
    ) -> Self {
        let mut config = SharedStoreConfig::new(redis.url().parse().expect("a URL"), keys(&[1]));
        config.timeout = PATIENT;
        let mut started = None;
        let server = spawn_server(fake, |setup| {
            adjust(&mut config, setup);
            config.metrics = setup.resource.authorization_server.metrics.clone();
            config.clock = setup.resource.authorization_server.clock.clone();
            let store = SharedStore::start(config).expect("a usable configuration");
            for server in [
                &mut setup.resource.authorization_server,
                &mut setup.introspection.authorization_server,
            ] {
                server.shared_store = Some(store.clone());
            }
            setup.shared_store = Some(store.clone());
            started = Some(store);
        });
        let store = started.expect("started");
        Self { server, store }
    }

    async fn has_store(&self) {
        eventually("the store is connected", async || self.store.is_up()).await;
    }

    async fn has_no_store(&self) {
        eventually("the store is lost", async || !self.store.is_up()).await;
    }

    /// The number of operations with this outcome.
    fn operations(&self, operation: &str, outcome: &str) -> f64 {
        self.server.metric(&format!(
            "resource_server_shared_store_operations_total{{operation=\"{operation}\",outcome=\"{outcome}\"}}"
        ))
    }

    fn refused(&self) -> f64 {
        self.server
            .metric("resource_server_shared_store_entries_refused_total")
    }

    /// Waits until what it learned last is in the store.
    async fn has_written(&self, answers: f64) {
        eventually("the answer is in the store", async || {
            self.operations("write_answer", "done") >= answers
        })
        .await;
    }
}

fn nothing(_config: &mut SharedStoreConfig, _setup: &mut Setup) {}

/// Stops the clock of the server and of the store.
fn with_clock(clock: &TestClock) -> impl Fn(&mut SharedStoreConfig, &mut Setup) {
    move |_config, setup| {
        setup.resource.authorization_server.clock = Arc::new(clock.clone());
        setup.introspection.authorization_server.clock = Arc::new(clock.clone());
    }
}
