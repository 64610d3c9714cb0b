//! Many expensive calls at once: some are told to try again, and cheap ones are still answered.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::Server;

/// A text that takes long to validate, and a tree a hundred times the size of its text.
fn catalog(controls: usize) -> Value {
    let control = |number| json!({"id": format!("c-{number}"), "title": "", "parts": [{}, {}]});
    let controls: Vec<Value> = (0..controls).map(control).collect();
    json!({"catalog": {"uuid": "11111111-1111-4111-8111-111111111111", "controls": controls}})
}

#[tokio::test]
async fn validations_that_wait_are_bounded_and_hold_up_nobody_else() {
    let flags = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
    ];
    let server = Server::start(&flags.map(str::to_owned), &[]);
    let content = json!({"content": catalog(2_000).to_string()});
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let call = server.call("validate_document", &content);
        calls.spawn(async move { call.send().await.expect("an answer").text().await });
    }
    let about = server.call("about", &json!({})).send().await;
    assert_eq!(about.expect("an answer").status(), 200);
    let (mut done, mut busy) = (0, 0);
    for answer in calls.join_all().await {
        let answer: Value = serde_json::from_str(&answer.expect("text")).expect("JSON");
        let result = &answer["result"];
        if result["isError"] == true {
            let text = &result["content"][0]["text"];
            let expected =
                "the server is busy with other calls of this kind; try again in a few seconds";
            assert_eq!(text, expected);
            busy += 1;
        } else {
            assert!(result["structuredContent"].is_object(), "{answer}");
            done += 1;
        }
    }
    assert!(done > 10 && busy > 0, "{done} done, {busy} busy");
    let again = server.call("validate_document", &content).send().await;
    let again: Value = again.expect("an answer").json().await.expect("JSON");
    assert!(again["result"]["structuredContent"].is_object(), "{again}");
}

#[tokio::test]
async fn content_of_many_small_values_is_refused_before_its_tree_is_built() {
    let flags = [
        "--transport=streamable-http",
        "--port=0",
        "--log-format=json",
    ];
    let server = Server::start(&flags.map(str::to_owned), &[]);
    let bomb = format!("[{}0]", r#"{"":0},"#.repeat(250_000));
    let call = server.call("validate_document", &json!({"content": bomb}));
    let answer: Value = call
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let text = answer["result"]["content"][0]["text"].as_str();
    let text = text.unwrap_or_else(|| panic!("{answer}"));
    assert!(
        text.contains("at most 128 MiB are used; split it"),
        "{text}"
    );
}
