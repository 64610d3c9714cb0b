//! Client credentials from a mounted secret, replaced under load the way the kubelet does it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer};
use serde_json::json;

use crate::support::{RESOURCE, Server};

const CLIENT_ID: &str = "https://mcp.example.com/mcp";
const FILES: [&str; 2] = ["client-id", "client-secret"];
const WORKERS: usize = 16;

/// A secret volume: each file links into `..data`, which links to a directory with a time in its
/// name and is swapped as a whole.
struct SecretVolume {
    directory: tempfile::TempDir,
    current: PathBuf,
}

impl SecretVolume {
    fn new(secret: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let current = write_version(directory.path(), 0, secret);
        symlink(
            current.file_name().expect("a name"),
            directory.path().join("..data"),
        )
        .expect("a link");
        for file in FILES {
            symlink(Path::new("..data").join(file), directory.path().join(file)).expect("a link");
        }
        Self { directory, current }
    }

    /// Writes a new directory, swaps `..data` with one rename, and removes the old directory.
    fn rotate(&mut self, number: usize, secret: &str) {
        let folder = self.directory.path();
        let new = write_version(folder, number, secret);
        let link = folder.join("..data_tmp");
        symlink(new.file_name().expect("a name"), &link).expect("a link");
        fs::rename(&link, folder.join("..data")).expect("swapped");
        fs::remove_dir_all(&self.current).expect("removed");
        self.current = new;
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

fn write_version(folder: &Path, number: usize, secret: &str) -> PathBuf {
    let version = folder.join(format!("..2026_11_23_10_00_{number:02}.123456789"));
    fs::create_dir(&version).expect("a directory");
    for (file, content) in FILES.into_iter().zip([CLIENT_ID, secret]) {
        fs::write(version.join(file), content).expect("writable");
    }
    version
}

/// The results of the load.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    sent: AtomicUsize,
    failed: AtomicUsize,
}

/// Sends requests one after another, each with a new token, so that each causes an introspection.
async fn work(server: Arc<Server>, load: Arc<Load>) {
    while !load.over.load(Ordering::Relaxed) {
        let token = format!("token-{}", load.sent.fetch_add(1, Ordering::Relaxed));
        let request = server.call("about", &json!({})).bearer_auth(token);
        let response = request.send().await.expect("an answer");
        if response.status() != 200 {
            load.failed.fetch_add(1, Ordering::Relaxed);
        }
        response.bytes().await.expect("a whole answer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_rotated_under_load_without_a_failed_request() {
    let secrets = ["first: é", "second +/%", "third"];
    let fake = FakeAuthorizationServer::start();
    fake.answer_by_default(fake.active_claims(RESOURCE, ""));
    fake.require_client(ExpectedClient::basic(CLIENT_ID, secrets[0]));
    let mut volume = SecretVolume::new(secrets[0]);
    let server = Server::start(
        &[
            "--transport=streamable-http".to_owned(),
            "--port=0".to_owned(),
            "--log-format=json".to_owned(),
            // This machine may be busy with other work.
            "--auth-timeout=20s".to_owned(),
            format!("--auth-issuer-url={}", fake.issuer()),
            format!("--auth-resource-server-url={RESOURCE}"),
            format!("--auth-client-id-file={}", volume.file("client-id")),
            format!("--auth-client-secret-file={}", volume.file("client-secret")),
        ],
        &[],
    );
    server.wait_for_log("authorization server found");
    let (server, load) = (Arc::new(server), Arc::new(Load::default()));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(work(server.clone(), load.clone())))
        .collect();

    let mut seen = 0;
    for (number, secret) in secrets.iter().enumerate().skip(1) {
        fake.wait_for_introspections(seen + 50).await;
        // These calls carry the old secret, but are judged by the new one.
        let gate = fake.hold_introspections();
        let held = fake.introspection_count();
        fake.wait_for_introspections(held + WORKERS / 4).await;
        fake.require_client(ExpectedClient::basic(CLIENT_ID, secret));
        volume.rotate(number, secret);
        gate.open();
        seen = fake.introspection_count();
    }
    fake.wait_for_introspections(seen + 50).await;
    load.over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.expect("no panic");
    }

    assert_eq!(load.failed.load(Ordering::Relaxed), 0, "{}", server.log());
    let asked = fake.introspections();
    for secret in secrets {
        let credentials = Some((CLIENT_ID.to_owned(), secret.to_owned()));
        let calls = asked.iter().filter(|call| call.basic() == credentials);
        assert!(calls.count() >= WORKERS / 4, "{secret}");
    }
    let (asked, sent) = (asked.len(), load.sent.load(Ordering::Relaxed));
    assert!(asked > sent, "calls with the old secret were repeated");
    assert!(!server.log().contains("third"), "a secret in the log");
}
