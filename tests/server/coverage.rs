//! Implementations, gaps and responsibilities through the tool: what is answered, and to whom.

use std::{fs, path::Path};

use dev_authorization_server::FakeAuthorizationServer;
use serde_json::{Value, json};

use crate::support::{RESOURCE, Server, over_stdio, tool_call};

const CATALOG: u32 = 1;
const PROFILE: u32 = 2;
const COMPONENTS: u32 = 3;
const PLAN: u32 = 4;

fn uuid(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A catalog, a profile that renames a control, components for it and for another catalog, and a
/// plan, whose names nobody may learn without the scope.
fn documents() -> Vec<(&'static str, Value)> {
    let status = |state: &str| json!([{"name": "implementation-status", "value": state}]);
    let requirement = |control: &str, state: &str| json!({"uuid": "r", "control-id": control, "description": "Done.", "props": status(state)});
    let component = |title: &str, source: &str, requirements: Vec<Value>| {
        json!({"uuid": title, "type": "software", "title": title, "description": "", "control-implementations": [
        {"uuid": "i", "source": source, "description": "", "implemented-requirements": requirements}]})
    };
    let metadata = |title: &str| json!({"title": title, "version": "1.1"});
    let by = json!([{"uuid": "b", "component-uuid": "v", "description": "In the vault.",
        "implementation-status": {"state": "planned"},
        "export": {"responsibilities": [{"uuid": "e", "description": "Bring a key."}]}}]);
    vec![
        (
            "rules.json",
            json!({"catalog": {"uuid": uuid(CATALOG), "metadata": metadata("House rules"),
            "controls": [{"id": "ac-1", "title": "Keys"}, {"id": "ac-2", "title": "Guests"},
                         {"id": "ac-3", "title": "Doors"}]}}),
        ),
        (
            "house.json",
            json!({"profile": {"uuid": uuid(PROFILE), "metadata": metadata("A house"),
            "imports": [{"href": "rules.json", "include-controls": [{"with-ids": ["ac-1", "ac-2"]}]}]}}),
        ),
        (
            "locks.json",
            json!({"component-definition": {"uuid": uuid(COMPONENTS), "metadata": metadata("Locks"),
            "components": [
                component("Front door", "rules.json", vec![requirement("ac-1", "Not Implemented")]),
                component("Back door", "https://example.org/rev4/old-rules.json",
                          vec![requirement("ac-2", "implemented")])]}}),
        ),
        (
            "plan.json",
            json!({"system-security-plan": {"uuid": uuid(PLAN), "metadata": metadata("Treasury"),
            "import-profile": {"href": "house.json"},
            "system-implementation": {"components": [{"uuid": "v", "type": "hardware", "title": "Vault"}]},
            "control-implementation": {"implemented-requirements": [
                {"uuid": "q", "control-id": "ac-2", "by-components": by}]}}}),
        ),
    ]
}

fn write(directory: &Path, documents: &[(&str, Value)]) {
    for (name, document) in documents {
        fs::write(directory.join(name), document.to_string()).expect("writable");
    }
}

/// The results of these calls of the tool.
fn results(documents: &[(&str, Value)], calls: &[Value]) -> Vec<Value> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write(directory.path(), documents);
    let flags = format!("--documents-dir={}", directory.path().display());
    let calls: Vec<_> = calls
        .iter()
        .map(|arguments| tool_call("query_implementations", arguments))
        .collect();
    let (answers, _) = over_stdio(&[&flags], &[], &calls);
    let results = answers.into_iter().skip(1);
    results.map(|answer| answer["result"].clone()).collect()
}

fn text(result: &Value) -> &str {
    let text = result["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{result}"))
}

#[test]
fn gaps_tell_states_as_written_and_what_is_written_for_another_catalog() {
    let components = uuid(COMPONENTS);
    let results = results(
        &documents(),
        &[
            json!({"gap_against": uuid(PROFILE), "document": components}),
            json!({"gap_against": uuid(PROFILE), "document": components, "any_source": true}),
            json!({"gap_against": uuid(CATALOG), "document": components}),
        ],
    );
    let gaps = &results[0]["structuredContent"];
    assert_eq!(
        gaps["baseline"],
        json!({"id": uuid(PROFILE), "title": "A house", "version": "1.1"})
    );
    assert_eq!(gaps["coverage"]["total"], 2);
    assert_eq!(gaps["coverage"]["percent_covered"], 0.0);
    let items = &gaps["gaps"]["items"];
    assert_eq!(items[0]["level"], "not-implemented", "{items}");
    assert_eq!(items[0]["states"], json!(["Not Implemented"]), "{items}");
    assert_eq!(
        (&items[1]["level"], &items[1]["not_counted"]),
        (&json!("missing"), &json!(1))
    );
    let other = &gaps["claims"][1];
    assert_eq!(
        (&other["counted"], &other["selected"]),
        (&json!(false), &json!(1)),
        "{other}"
    );
    for told in [
        "A house 1.1",
        "0 of 2 controls",
        "ac-1 Keys: not-implemented; as written: Not Implemented",
        "not counted, what it is written for is not loaded: `https://example.org/rev4/old-rules.json`",
    ] {
        assert!(
            text(&results[0]).contains(told),
            "{told}: {}",
            text(&results[0])
        );
    }
    assert_eq!(
        results[1]["structuredContent"]["coverage"]["implemented"],
        1
    );
    assert_eq!(results[2]["structuredContent"]["coverage"]["total"], 3);
}

#[test]
fn a_plan_is_compared_with_the_profile_that_it_imports() {
    for arguments in [
        json!({"show": "gaps", "document": uuid(PLAN)}),
        json!({"show": "gaps"}),
        json!({"gap_against": uuid(PLAN)}),
        json!({"gap_against": "Treasury"}),
    ] {
        let results = results(&documents(), std::slice::from_ref(&arguments));
        let gaps = &results[0]["structuredContent"];
        assert_eq!(
            gaps["baseline"]["id"],
            uuid(PROFILE),
            "{arguments}: {}",
            results[0]
        );
        let levels = [0, 1].map(|at| gaps["gaps"]["items"][at]["level"].clone());
        assert_eq!(levels, ["missing", "planned"], "{arguments}");
    }
}

#[test]
fn what_is_unknown_is_an_error_with_what_is_near() {
    let profile = uuid(PROFILE);
    let cases = [
        (json!({"control": "ac-9"}), "did you mean"),
        (
            json!({"control": "ac-9", "gap_against": profile}),
            "did you mean",
        ),
        (
            json!({"control": "ac-3", "gap_against": profile}),
            "does not select it",
        ),
        (json!({"component": "Frnt door"}), "Front door"),
        (json!({"document": uuid(CATALOG)}), "implements nothing"),
        (json!({"gap_against": uuid(COMPONENTS)}), "takes a profile"),
        (
            json!({"show": "gaps", "document": uuid(COMPONENTS)}),
            "takes a profile",
        ),
    ];
    let calls = cases.each_ref().map(|(arguments, _)| arguments.clone());
    for (result, (arguments, told)) in results(&documents(), &calls).iter().zip(&cases) {
        assert_eq!(result["isError"], true, "{arguments}: {result}");
        assert!(text(result).contains(told), "{arguments}: {}", text(result));
    }
    let known = results(&documents(), &[json!({"control": "ac-3"})]);
    assert_eq!(known[0]["structuredContent"]["implementations"]["total"], 0);
    assert!(
        text(&known[0]).contains("House rules 1.1"),
        "{}",
        text(&known[0])
    );

    let no_implementations = &documents()[..2];
    for arguments in [
        json!({}),
        json!({"gap_against": profile}),
        json!({"control": "ac-1"}),
    ] {
        let results = results(no_implementations, std::slice::from_ref(&arguments));
        assert_eq!(results[0]["isError"], true, "{arguments}");
        assert!(
            text(&results[0]).contains("nothing is loaded"),
            "{}",
            text(&results[0])
        );
    }
}

#[test]
fn an_implementation_names_its_source_and_what_it_asks_of_customers() {
    let results = results(
        &documents(),
        &[
            json!({"component": "back"}),
            json!({"document": uuid(PLAN)}),
            json!({"show": "responsibilities"}),
        ],
    );
    let back = &results[0]["structuredContent"]["implementations"]["items"][0];
    assert_eq!(
        back["source"]["href"], "https://example.org/rev4/old-rules.json",
        "{back}"
    );
    assert_eq!(
        (&back["document_title"], &back["document_version"]),
        (&json!("Locks"), &json!("1.1"))
    );
    let plan = &results[1]["structuredContent"]["implementations"]["items"][0];
    assert_eq!(
        plan["responsibilities"][0]["text"], "Bring a key.",
        "{plan}"
    );
    assert_eq!(plan["source"]["document"]["title"], "A house", "{plan}");
    let asked = &results[2]["structuredContent"]["responsibilities"]["items"][0];
    assert_eq!(
        (&asked["kind"], &asked["state"]),
        (&json!("exported"), &json!("open")),
        "{asked}"
    );
    assert!(
        text(&results[2]).contains("To do: Bring a key."),
        "{}",
        text(&results[2])
    );
}

#[tokio::test]
async fn plans_are_not_told_of_without_their_scope() {
    let fake = FakeAuthorizationServer::start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    write(directory.path(), &documents());
    let server = Server::with_scopes(fake.issuer(), directory.path());
    for (scopes, sees_it) in [
        ("mcp oscal:read", false),
        ("mcp oscal:read oscal:sensitive", true),
    ] {
        let token = scopes.replace([' ', ':'], "_");
        fake.answer_token(&token, fake.active_claims(RESOURCE, scopes));
        for arguments in [
            json!({}),
            json!({"control": "ac-2"}),
            json!({"component": "Vaul"}),
            json!({"component": "Vault"}),
            json!({"kind": "ssp"}),
            json!({"document": uuid(PLAN)}),
            json!({"gap_against": uuid(PLAN)}),
            json!({"gap_against": uuid(PROFILE)}),
            json!({"show": "gaps"}),
            json!({"show": "responsibilities"}),
        ] {
            let request = server
                .call("query_implementations", &arguments)
                .bearer_auth(&token);
            let answer: Value = request
                .send()
                .await
                .expect("an answer")
                .json()
                .await
                .expect("JSON");
            let answer = answer["result"].to_string();
            let asked = arguments.to_string();
            let told = ["Treasury", "Vault", "vault", "Bring a key"];
            let told = told
                .into_iter()
                .any(|word| !asked.contains(word) && answer.contains(word));
            assert_eq!(told, sees_it, "{arguments}: {answer}");
        }
    }
}
