//! What happens when the documents directory changes while the server runs.

use std::{
    fs,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use super::{
    catalog, documents, plan, profile,
    session::{self, Session, get, list_changed},
    write,
};
use crate::support::{RESOURCE, SECRET, Server, protected_by};

#[test]
fn a_changed_directory_is_loaded_and_announced_over_stdio() {
    let (directory, flag) = documents();
    let mut session = Session::start(&[&flag]);

    write(&directory, "catalog.json", "{\"catalog\": {\"uuid\"");
    let log = session.wait_for_log("documents loaded again");
    assert!(
        log.contains("catalog.json") && log.contains("the version loaded earlier is served"),
        "{log}"
    );
    let about = session.tool("about", &json!({}));
    assert_eq!(about["documents"]["catalog"], 1, "{about}");
    assert_eq!(about["problems"][0]["file"], "catalog.json");
    assert_eq!(
        session.tool("get_control", &json!({"control": "xy-2"}))["id"],
        "xy-2"
    );
    assert_eq!(
        session.notifications,
        Vec::<Value>::new(),
        "the list is the same"
    );

    let mut other = catalog("Another");
    other["catalog"]["uuid"] = json!("99999999-9999-4999-8999-999999999999");
    write(&directory, "new.json", &other.to_string());
    write(&directory, "catalog.json", &catalog("Mended").to_string());
    session.wait_for_notification();
    assert_eq!(session.notifications, [list_changed()]);
    let about = session.tool("about", &json!({}));
    assert_eq!(
        (&about["documents"]["catalog"], &about["problem_count"]),
        (&json!(2), &json!(0))
    );
    let listed = session.result("resources/list", &json!({}));
    assert_eq!(listed["resources"][0]["title"], "Mended");

    fs::rename(directory.path(), directory.path().with_extension("away")).expect("moved");
    session.wait_for_log("still served");
    assert_eq!(session.tool("about", &json!({})), about);
    fs::rename(directory.path().with_extension("away"), directory.path()).expect("moved");
    session.wait_for_log("is back");
    fs::remove_file(directory.path().join("new.json")).expect("removed");
    session.wait_for_notification();
    assert_eq!(session.tool("about", &json!({}))["documents"]["catalog"], 1);
}

#[test]
fn a_file_that_changes_all_the_time_holds_up_no_other() {
    let (directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let [draft, busy] = [".draft", "busy.json"].map(|name| directory.path().join(name));
    let (stop, stopped) = channel::<()>();
    let writer = thread::spawn(move || {
        let mut turn = 0;
        // A turn takes 50 ms, unless it is the last.
        while stopped.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
            turn += 1;
            let mut document = catalog(&format!("Turn {turn}"));
            document["catalog"]["uuid"] = json!("88888888-8888-4888-8888-888888888888");
            // The file is never half-written.
            fs::write(&draft, document.to_string()).expect("writable");
            fs::rename(&draft, &busy).expect("movable");
        }
    });
    write(
        &directory,
        "profile.json",
        &profile().to_string().replace("Looking", "Watching"),
    );
    let log = session.wait_for_log("documents loaded again");
    assert!(
        log.contains("files_read=1"),
        "only the changed file is read: {log}"
    );
    let listed = session.tool("list_documents", &json!({})).to_string();
    assert!(
        listed.contains("Watching") && !listed.contains("Turn"),
        "{listed}"
    );
    // The file is not held back forever.
    let log = session.wait_for_log("documents loaded again");
    let listed = session.tool("list_documents", &json!({})).to_string();
    assert!(listed.contains("Turn"), "{listed}\n{log}");
    drop(stop);
    writer.join().expect("no panic");
}

#[tokio::test]
async fn a_listener_is_told_only_of_changes_that_it_may_see() {
    let (directory, flag) = documents();
    let fake = FakeAuthorizationServer::start();
    for (token, scopes) in [("auditor", "oscal:sensitive"), ("reader", "other")] {
        fake.answer_token(token, fake.active_claims(RESOURCE, scopes));
    }
    let mut flags = protected_by(fake.issuer());
    flags.extend([flag, "--auth-scope-sensitive=oscal:sensitive".to_owned()]);
    let server = Server::start(&flags, &[SECRET]);
    server.wait_for_log("authorization server found");
    let mut auditor = session::listen(&server, Some("auditor")).await;
    let mut reader = session::listen(&server, Some("reader")).await;
    let plan = plan().to_string().replace("Secret plan", "Another plan");
    write(&directory, "plan.json", &plan);
    session::event_with(&mut auditor, "list_changed").await;
    write(&directory, "catalog.json", &catalog("Another").to_string());
    session::event_with(&mut auditor, "list_changed").await;
    let told = session::event_with(&mut reader, "list_changed").await;
    assert_eq!(told.matches("list_changed").count(), 1, "{told}");
    write(&directory, "plan.json", &plan.replace("Another", "A third"));
    session::event_with(&mut auditor, "list_changed").await;
    write(&directory, "catalog.json", &catalog("Third").to_string());
    let told = session::event_with(&mut reader, "list_changed").await;
    assert_eq!(told.matches("list_changed").count(), 1, "{told}");
}

#[tokio::test]
async fn a_changed_directory_is_announced_over_http_where_there_is_a_channel() {
    let (directory, flag) = documents();
    let start = |stateless: bool| {
        let flags = [
            "--transport=streamable-http".to_owned(),
            "--port=0".to_owned(),
            "--log-format=json".to_owned(),
            format!("--stateless-http={stateless}"),
            flag.clone(),
        ];
        Server::start(&flags, &[])
    };
    let (stateless, stateful) = (start(true), start(false));

    let opened = session::initialize(&stateless).await;
    assert_eq!(session::resources_capability(opened).await, json!({}));
    let listening = session::listen(&stateless, None).await;

    let opened = session::initialize(&stateful).await;
    let id = opened.headers()["mcp-session-id"].clone();
    let capability = session::resources_capability(opened).await;
    assert_eq!(capability, json!({"listChanged": true}));
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let sent = stateful.call("", &json!({})).json(&initialized);
    let sent = sent
        .header("Mcp-Session-Id", &id)
        .send()
        .await
        .expect("an answer");
    assert_eq!(sent.status(), 202);
    let stream = get(&stateful, &id).await;

    fs::remove_file(directory.path().join("plan.json")).expect("removed");
    for mut stream in [listening, stream] {
        let event = session::event_with(&mut stream, "list_changed").await;
        assert!(
            event.contains("notifications/resources/list_changed"),
            "{event}"
        );
    }
}
