//! One Keycloak process for all tests, because it starts slowly. It ends with the test process.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};

use super::realm::Realm;
use crate::environment;

/// It takes 20 s on an idle machine with two cores, and minutes on a busy one.
const PATIENCE: Duration = Duration::from_secs(480);

static SHARED: RwLock<Option<Keycloak>> = RwLock::const_new(None);

/// A Keycloak with the realm of `examples/keycloak` that keeps its data across a restart.
pub(crate) struct Keycloak {
    process: Child,
    installed: PathBuf,
    data: TempDir,
    port: u16,
}

impl Keycloak {
    /// Keycloak, shared with other tests.
    pub(crate) async fn shared() -> Option<RwLockReadGuard<'static, Self>> {
        let mut started = SHARED.read().await;
        if started.is_none() {
            drop(started);
            started = running().await?.downgrade();
        }
        Some(RwLockReadGuard::map(started, |keycloak| {
            keycloak.as_ref().expect("it was started")
        }))
    }

    /// Keycloak, with no other test using it.
    pub(crate) async fn alone() -> Option<RwLockMappedWriteGuard<'static, Self>> {
        let running = running().await?;
        Some(RwLockWriteGuard::map(running, |keycloak| {
            keycloak.as_mut().expect("it was started")
        }))
    }

    /// Its realm, through an HTTP client of the current runtime.
    pub(crate) fn realm(&self) -> Realm {
        Realm::at(self.port)
    }

    /// Stops it, as an operator would.
    pub(crate) fn stop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("a child");
    }

    /// Starts it again after [`Self::stop`], and waits until it answers.
    pub(crate) async fn restart(&mut self) {
        self.process = spawn(&self.installed, &self.data, self.port);
        self.wait_until_it_answers().await;
    }

    async fn start(installed: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let data = tempfile::Builder::new()
            .prefix("oscal-interop-keycloak-")
            .tempdir()
            .expect("a folder");
        let mut keycloak = Self {
            process: spawn(&installed, &data, port),
            installed,
            data,
            port,
        };
        keycloak.wait_until_it_answers().await;
        keycloak
    }

    async fn wait_until_it_answers(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let realm = self.realm();
        while !realm.answers().await {
            let ended = self.process.try_wait().expect("a child");
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.data.path().join("log"));
                panic!(
                    "Keycloak did not start: {ended:?}\n{}",
                    log.unwrap_or_default()
                );
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// The lock on Keycloak, which is started first if necessary.
async fn running() -> Option<RwLockWriteGuard<'static, Option<Keycloak>>> {
    let marker = environment::installed("keycloak/.installed")?;
    let installed = marker.ancestors().nth(2).expect("a folder").to_owned();
    let mut shared = SHARED.write().await;
    if shared.is_none() {
        *shared = Some(Keycloak::start(installed).await);
    }
    Some(shared)
}

/// It ends when its standard input does, and therefore with this process.
fn spawn(installed: &Path, data: &TempDir, port: u16) -> Child {
    let log = File::create(data.path().join("log")).expect("a log file");
    Command::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/keycloak/start"
    ))
    .args(["--until-eof", "--port", &port.to_string(), "--data"])
    .arg(data.path())
    .env("OSCAL_INTEROP_DIR", installed)
    .stdin(Stdio::piped())
    .stdout(log.try_clone().expect("a file"))
    .stderr(log)
    .spawn()
    .expect("the script starts")
}
