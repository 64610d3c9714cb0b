//! What happens when the documents directory changes while the server runs.

use std::fs;

use serde_json::{Value, json};

use super::{
    catalog, documents,
    session::{self, Session, get, list_changed},
    write,
};
use crate::support::Server;

#[test]
fn a_changed_directory_is_loaded_and_announced_over_stdio() {
    let (directory, flag) = documents();
    let mut session = Session::start(&[&flag]);

    write(&directory, "catalog.json", "{\"catalog\": {\"uuid\"");
    let log = session.wait_for_log("documents loaded again");
    assert!(
        log.contains("catalog.json") && log.contains("was loaded of it before"),
        "{log}"
    );
    let about = session.tool("about", &json!({}));
    assert_eq!(about["documents"]["catalog"], 2, "{about}");
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
        (&json!(3), &json!(0))
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
    assert_eq!(session.tool("about", &json!({}))["documents"]["catalog"], 2);
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
    let listening = session::listen(&stateless).await;

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
