//! Prompts, and the completion of their arguments and of those of resource templates.

use serde_json::json;

use super::{CATALOG, PLAN, PROFILE, documents, session::Session};

#[test]
fn prompts_carry_the_text_that_they_need() {
    let (_directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let listed = session.result("prompts/list", &json!({}));
    let names: Vec<_> = listed["prompts"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    let names: Vec<_> = names.iter().map(|prompt| &prompt["name"]).collect();
    assert_eq!(
        names,
        [
            "explain_control",
            "draft_implementation_statement",
            "review_ssp_gaps"
        ]
    );
    for (name, arguments, expected) in [
        (
            "explain_control",
            json!({"control": "XY-02"}),
            vec!["Look every [Assignment: interval].", "word for word"],
        ),
        (
            "explain_control",
            json!({"control": "xy-2", "profile": PROFILE}),
            vec!["Look every hour.", "From: Looking baseline"],
        ),
        (
            "draft_implementation_statement",
            json!({"control": "xy-2", "component": "", "profile": ""}),
            vec![
                "Look every [",
                "The guard looks.",
                "Status: partial",
                "MISSING",
            ],
        ),
        (
            "draft_implementation_statement",
            json!({"control": "xy-2", "component": "Camera"}),
            vec!["say nothing about how the component \"Camera\" implements the control"],
        ),
        (
            "review_ssp_gaps",
            json!({"ssp": PLAN, "profile": PROFILE}),
            vec![
                "partial: 1",
                "missing: 2",
                "partial: XY-2 Look around (xy-2)",
                "missing: XY-2(1) Look again",
                "missing: XY-3 Listen",
            ],
        ),
    ] {
        let got = session.result(
            "prompts/get",
            &json!({"name": name, "arguments": arguments}),
        );
        let message = &got["messages"][0];
        assert_eq!(message["role"], "user");
        let text = message["content"]["text"].as_str().expect("text");
        for expected in expected {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(text.len() < 24_000);
    }
    for (name, arguments, expected) in [
        (
            "explain",
            json!({}),
            "no prompt has the name \"explain\"; prompts/list",
        ),
        (
            "explain_control",
            json!({}),
            "the argument \"control\" is missing",
        ),
        (
            "explain_control",
            json!({"control": " "}),
            "the argument \"control\" is missing",
        ),
        (
            "explain_control",
            json!({"control": 5}),
            "\"control\" must be a string",
        ),
        (
            "explain_control",
            json!({"control": "a", "b": "c"}),
            "has no argument \"b\"",
        ),
        (
            "explain_control",
            json!({"control": "ZZ-9"}),
            "no control \"ZZ-9\" is in any loaded",
        ),
        (
            "explain_control",
            json!({"control": "xy-2", "profile": "nope"}),
            "no document has the id, title or file name \"nope\"",
        ),
        (
            "review_ssp_gaps",
            json!({"ssp": PLAN}),
            "the argument \"profile\" is missing",
        ),
        (
            "review_ssp_gaps",
            json!({"ssp": PROFILE, "profile": PROFILE}),
            "is not a system security plan",
        ),
    ] {
        let error = session.error(
            "prompts/get",
            &json!({"name": name, "arguments": arguments}),
        );
        assert_eq!(error["code"], -32602);
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(expected), "{expected} in {message}");
    }
}

#[test]
fn ids_are_completed() {
    let (_directory, flag) = documents();
    let mut session = Session::start(&[&flag]);
    let prompt = |name: &str| json!({"type": "ref/prompt", "name": name});
    let document = json!({"type": "ref/resource", "uri": "oscal://documents/{id}"});
    let control =
        json!({"type": "ref/resource", "uri": "oscal://documents/{id}/controls/{control}"});
    let explain = prompt("explain_control");
    for (reference, argument, typed, context, expected) in [
        (
            &explain,
            "control",
            "xy",
            "",
            vec!["xy-2", "xy-2.1", "xy-3"],
        ),
        (&explain, "control", "XY-2 (", "", vec!["xy-2", "xy-2.1"]),
        (&explain, "control", "XY-02(0", "", vec!["xy-2.1"]),
        (&explain, "control", "xy-3 (", "", vec!["xy-3"]),
        (&explain, "control", "again lo", "", vec!["xy-2.1"]),
        (&explain, "control", "((", "", vec![]),
        (&explain, "profile", "look", "", vec![PROFILE]),
        (&explain, "profile", "1111", "", vec![]),
        (&prompt("review_ssp_gaps"), "ssp", "", "", vec![PLAN]),
        (
            &prompt("draft_implementation_statement"),
            "component",
            "x",
            "",
            vec![],
        ),
        (&document, "id", "22222222-2", "", vec![PROFILE]),
        (&document, "id", "SECRET", "", vec![PLAN]),
        (&control, "id", "sample", "", vec![CATALOG]),
        (&control, "id", "secret", "", vec![]),
        (&control, "control", "listen", CATALOG, vec!["xy-3"]),
        (&control, "control", "xy", PLAN, vec![]),
    ] {
        let mut params = json!({"ref": reference, "argument": {"name": argument, "value": typed}});
        if !context.is_empty() {
            params["context"] = json!({"arguments": {"id": context}});
        }
        let completed = session.result("completion/complete", &params);
        assert_eq!(
            completed["completion"],
            json!({"values": expected, "total": expected.len(), "hasMore": false}),
            "{argument} {typed}"
        );
    }
    let params = json!({"ref": explain, "argument": {"name": "control", "value": "rs"}});
    let mut built_in = Session::start(&[]);
    let completed = &built_in.result("completion/complete", &params)["completion"];
    assert_eq!(
        (&completed["total"], &completed["hasMore"]),
        (&json!(73), &json!(false))
    );
    for (reference, argument) in [
        (&prompt("nope"), "control"),
        (&explain, "nope"),
        (&document, "control"),
        (
            &json!({"type": "ref/resource", "uri": "file:///{path}"}),
            "path",
        ),
    ] {
        let params = json!({"ref": reference, "argument": {"name": argument, "value": "x"}});
        assert_eq!(
            session.error("completion/complete", &params)["code"],
            -32602
        );
    }
}
