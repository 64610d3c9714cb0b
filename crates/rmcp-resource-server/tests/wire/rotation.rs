//! Client credentials that are replaced while the server runs.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use dev_authorization_server::{ExpectedClient, FakeAuthorizationServer};
use rmcp_resource_server::{
    ClientCredentials, IntrospectionConfig, IntrospectionVerifier, Secret, Source,
};
use serde_json::json;
use tempfile::{TempDir, tempdir};
use tokio::time::{Instant, sleep};

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
    let seen = secrets_seen(&fake);
    // The second "old" is missing if the file was read in the background just before.
    assert!(
        matches!(seen.as_slice(), [old, .., new] if old == "old" && new == "new"),
        "{seen:?}"
    );
    assert!(seen.len() <= 3, "retried once: {seen:?}");

    let before = seen.len();
    let gate = fake.hold_introspections();
    let call = server.call("t2");
    let swap = async {
        fake.wait_for_introspections(before + 1).await;
        mount.replace("newer");
        fake.require_client(ExpectedClient::basic("mcp", "newer"));
        gate.open();
    };
    tokio::join!(call, swap)
        .0
        .assert_served("swapped during the call");
    assert_eq!(secrets_seen(&fake)[before..], ["new", "newer"]);

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
    let fake = fake_with_tokens(0);
    fake.answer_by_default(altered(&fake, json!({})));
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
    let mut number = 1;
    loop {
        number += 1;
        server
            .call(&format!("t{number}"))
            .await
            .assert_served("either");
        let latest = fake.introspections().pop().expect("asked");
        if latest.form_value("client_id").as_deref() == Some("two") {
            break;
        }
        assert!(number < 1000, "never read again");
        sleep(Duration::from_millis(20)).await;
    }
    let asked = fake.introspections();
    let ids: Vec<_> = asked
        .iter()
        .filter_map(|request| request.form_value("client_id"))
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

/// Anyone who opens a FIFO that nobody writes to waits for ever.
#[tokio::test]
async fn rs_64_a_credential_file_that_hangs_holds_up_no_request() {
    let fake = fake_with_tokens(10);
    fake.require_client(ExpectedClient::basic("mcp", "good"));
    let directory = tempdir().expect("a temporary directory");
    let file = directory.path().join("secret");
    fs::write(&file, "good\n").expect("writable");
    let server = spawn_server(&fake, |setup| {
        setup.introspection.credentials = ClientCredentials::SecretBasic {
            id: Source::Value(Secret::from("mcp")),
            secret: Source::File(file.clone()),
        };
    });
    server.call("t0").await.assert_served("readable");
    replace_by_fifo(&file);
    for number in 1..5 {
        let begun = Instant::now();
        let answer = server.call(&format!("t{number}")).await;
        answer.assert_served("the last good secret");
        assert!(begun.elapsed() < Duration::from_secs(1));
        sleep(Duration::from_millis(400)).await;
    }
    fake.require_client(ExpectedClient::basic("mcp", "new"));
    let begun = Instant::now();
    server.call("t5").await.assert_unavailable("refused");
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "waited for a while"
    );
    fs::write(&file, "new\n").expect("whoever reads the FIFO gets it");
    fs::remove_file(&file).expect("removed");
    fs::write(&file, "new\n").expect("a file again");
    let mut number = 5;
    while server.call(&format!("t{number}")).await.status != 200 {
        number += 1;
        assert!(number < 100, "never read again");
    }
}

#[tokio::test]
async fn a_credential_file_that_hangs_at_the_start_is_an_error() {
    let directory = tempdir().expect("a temporary directory");
    let file = directory.path().join("secret");
    fs::write(&file, "x").expect("writable");
    replace_by_fifo(&file);
    let credentials = ClientCredentials::SecretBasic {
        id: Source::Value(Secret::from("mcp")),
        secret: Source::File(file.clone()),
    };
    let issuer = "https://as.example.com".parse().expect("an issuer");
    let config = IntrospectionConfig::new(issuer, credentials);
    let checked = IntrospectionVerifier::check(&config).expect_err("it hangs");
    let told = checked.to_string();
    assert!(
        told.contains(&file.display().to_string()) && told.contains("FIFO"),
        "{told}"
    );
}

fn replace_by_fifo(file: &Path) {
    fs::remove_file(file).expect("removed");
    let made = Command::new("mkfifo").arg(file).status();
    assert!(made.expect("mkfifo can be run").success());
}
