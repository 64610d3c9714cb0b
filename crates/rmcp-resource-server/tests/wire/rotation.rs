//! Client credentials that are replaced while the server runs.

use std::{fs, os::unix::fs::symlink, path::Path};

use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer};
use rmcp_resource_server::{ClientCredentials, Secret, Source};
use serde_json::json;
use tempfile::{TempDir, tempdir};

use crate::support::{Setup, altered, spawn_server};

/// A mounted secret as Kubernetes lays it out: `secret` -> `..data/secret`, `..data` -> a
/// directory that is swapped as a whole.
struct Mount {
    directory: TempDir,
    generation: u32,
}

impl Mount {
    fn new(secret: &str) -> Self {
        let mut mount = Self {
            directory: tempdir().expect("a temporary directory"),
            generation: 0,
        };
        mount.replace(secret);
        symlink("..data/secret", mount.path().join("secret")).expect("a link");
        mount
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn replace(&mut self, secret: &str) {
        self.generation += 1;
        let generation = format!("..{}", self.generation);
        fs::create_dir(self.path().join(&generation)).expect("a directory");
        fs::write(self.path().join(&generation).join("secret"), secret).expect("writable");
        let (new, data) = (self.path().join("..data_tmp"), self.path().join("..data"));
        symlink(&generation, &new).expect("a link");
        fs::rename(new, data).expect("swapped");
        if self.generation > 1 {
            let old = format!("..{}", self.generation - 1);
            fs::remove_dir_all(self.path().join(old)).expect("removed");
        }
    }

    fn configure(&self, setup: &mut Setup) {
        setup.introspection.credentials = ClientCredentials::SecretBasic {
            id: Source::Value(Secret::from("mcp")),
            secret: Source::File(self.path().join("secret")),
        };
    }
}

fn fake_with_tokens(count: usize) -> FakeAuthorizationServer {
    let fake = FakeAuthorizationServer::start();
    for number in 0..count {
        fake.answer_token(&format!("t{number}"), altered(&fake, json!({})));
    }
    fake
}

fn secrets_seen(fake: &FakeAuthorizationServer) -> Vec<String> {
    let asked = fake.introspections();
    asked
        .iter()
        .map(|request| request.basic().expect("Basic").1)
        .collect()
}

#[tokio::test]
async fn rs_64_secret_is_read_again_after_401() {
    let fake = fake_with_tokens(4);
    let mut mount = Mount::new("old");
    fake.require_client(ExpectedClient::basic("mcp", "old"));
    let server = spawn_server(&fake, |setup| mount.configure(setup));
    server.call("t0").await.assert_served("the first secret");

    mount.replace("new");
    fake.require_client(ExpectedClient::basic("mcp", "new"));
    server.call("t1").await.assert_served("after the swap");
    assert_eq!(secrets_seen(&fake), ["old", "new"]);

    let gate = fake.hold_introspections();
    let call = server.call("t2");
    let swap = async {
        fake.wait_for_introspections(3).await;
        mount.replace("newer");
        fake.require_client(ExpectedClient::basic("mcp", "newer"));
        gate.open();
    };
    tokio::join!(call, swap)
        .0
        .assert_served("swapped during the call");
    assert_eq!(secrets_seen(&fake)[2..], ["new", "newer"]);

    server
        .call("t0")
        .await
        .assert_served("remembered tokens too");
    server.call("t3").await.assert_served("and further ones");
    assert_eq!(
        secrets_seen(&fake).last().map(String::as_str),
        Some("newer")
    );
}

#[tokio::test]
async fn rs_64_an_unchanged_wrong_secret_makes_one_call() {
    let fake = fake_with_tokens(1);
    let mount = Mount::new("wrong");
    fake.require_client(ExpectedClient::basic("mcp", "right"));
    let server = spawn_server(&fake, |setup| mount.configure(setup));
    server.call("t0").await.assert_unavailable("wrong secret");
    assert_eq!(fake.introspection_count(), 1);
    server.call("t0").await.assert_unavailable("still wrong");
    assert_eq!(fake.introspection_count(), 2);
}

#[tokio::test]
async fn an_unreadable_secret_leaves_the_last_good_one_in_use() {
    let fake = fake_with_tokens(3);
    let mut mount = Mount::new("good");
    fake.require_client(ExpectedClient::basic("mcp", "good"));
    let server = spawn_server(&fake, |setup| mount.configure(setup));
    server.call("t0").await.assert_served("readable");
    mount.replace("");
    server.call("t1").await.assert_served("empty");
    fs::remove_file(mount.path().join("..data")).expect("removed");
    server.call("t2").await.assert_served("gone");
    assert_eq!(secrets_seen(&fake), ["good"; 3]);
}

#[tokio::test]
async fn a_client_id_from_a_file_is_read_again_too() {
    let fake = fake_with_tokens(2);
    let directory = tempdir().expect("a temporary directory");
    let file = directory.path().join("id");
    fs::write(&file, "one\n").expect("writable");
    let server = spawn_server(&fake, |setup| {
        setup.introspection.credentials = ClientCredentials::SecretPost {
            id: Source::File(file.clone()),
            secret: Source::Value(Secret::from("hush")),
        };
    });
    server.call("t0").await.assert_served("one");
    fs::write(&file, "two\r\n").expect("writable");
    server.call("t1").await.assert_served("two");
    let asked = fake.introspections();
    let ids: Vec<_> = asked
        .iter()
        .filter_map(|request| request.form_value("client_id"))
        .collect();
    assert_eq!(ids, ["one", "two"]);
}
