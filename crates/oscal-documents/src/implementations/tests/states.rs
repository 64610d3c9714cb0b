//! States that documents write, wherever they do, count by meaning.

use serde_json::{Value, json};

use super::{covered, levels, library};
use crate::implementations::implementation::ImplementationFilter;
use crate::library::Library;

const PROFILE: usize = 1;

/// A catalog with `k-1`, which has the items a, b and b.1, a profile of it, and these requirements
/// of a plan.
fn plan(requirements: &Value) -> Library {
    let statement = json!({"id": "k-1_smt", "name": "statement", "parts": [
        {"id": "k-1_smt.a", "name": "item"},
        {"id": "k-1_smt.b", "name": "item", "parts": [{"id": "k-1_smt.b.1", "name": "item"}]}]});
    library(&[
        (
            "catalog",
            json!({"controls": [{"id": "k-1", "title": "One", "parts": [statement]}]}),
        ),
        (
            "profile",
            json!({"imports": [{"href": "0.json", "include-all": {}}]}),
        ),
        (
            "system-security-plan",
            json!({
            "import-profile": {"href": "1.json"},
            "system-implementation": {"components": [
                {"uuid": "c-1", "type": "software", "title": "Database"},
                {"uuid": "c-2", "type": "software", "title": "Proxy"}]},
            "control-implementation": {"implemented-requirements": requirements}}),
        ),
    ])
}

/// The level of `k-1` if a plan says this of it.
fn level(members: &Value) -> String {
    let mut requirement = json!({"uuid": "r", "control-id": "k-1"});
    for (name, value) in members.as_object().expect("members") {
        requirement[name] = value.clone();
    }
    let library = plan(&json!([requirement]));
    covered(
        &library,
        PROFILE,
        ImplementationFilter::default(),
        |coverage| levels(&coverage).concat().replace("k-1 ", ""),
    )
}

fn by(component: &str, state: &str) -> Value {
    let mut by = json!({"component-uuid": component, "uuid": "b", "description": "Done."});
    if !state.is_empty() {
        by["implementation-status"] = json!({"state": state});
    }
    by
}

fn prop(state: &str) -> Value {
    json!([{"name": "implementation-status", "ns": "https://fedramp.gov/ns/oscal", "value": state}])
}

fn statement(id: &str, by_components: &[Value]) -> Value {
    json!({"statement-id": id, "uuid": "s", "by-components": by_components})
}

#[test]
fn components_of_a_plan_act_together() {
    for (states, expected) in [
        (["implemented", "implemented"], "implemented"),
        (["implemented", "planned"], "partial"),
        (["implemented", "not-implemented"], "partial"),
        (["implemented", "under-development"], "partial"),
        (["implemented", "whatever this is"], "partial"),
        (["implemented", "not-applicable"], "implemented"),
        (["implemented", "inherited"], "implemented"),
        (["inherited", "Inherited"], "inherited"),
        (["not-applicable", "not-applicable"], "not-applicable"),
        (["planned", "planned"], "planned"),
        (["implemented", ""], "stated"),
    ] {
        let both = [by("c-1", states[0]), by("c-2", states[1])];
        assert_eq!(
            level(&json!({"by-components": both})),
            expected,
            "{states:?}"
        );
        let items = [statement("k-1_smt", &both)];
        assert_eq!(level(&json!({"statements": items})), expected, "{states:?}");
    }
}

#[test]
fn a_control_is_as_far_as_all_items_of_its_statement() {
    let done = || vec![by("c-1", "implemented")];
    let item = |letter: &str, by: &[Value]| statement(&format!("k-1_smt.{letter}"), by);
    for (statements, expected) in [
        (vec![item("a", &done()), item("b", &done())], "implemented"),
        (
            vec![item("a", &done()), item("b.1", &done())],
            "implemented",
        ),
        (
            vec![item("a", &done()), item("b", &[by("c-2", "planned")])],
            "partial",
        ),
        (vec![item("a", &done())], "partial"),
        (vec![item("a", &[by("c-1", "")])], "partial"),
        (vec![item("a", &done()), item("b", &[])], "partial"),
        (vec![item("a", &[by("c-1", "planned")])], "planned"),
        // Ids of another revision cannot be compared.
        (vec![statement("k-1_stmt.a", &done())], "implemented"),
    ] {
        assert_eq!(
            level(&json!({"statements": statements})),
            expected,
            "{statements:?}"
        );
    }
    let rest =
        json!({"by-components": [by("c-2", "implemented")], "statements": [item("a", &done())]});
    assert_eq!(level(&rest), "implemented");
}

#[test]
fn states_are_read_wherever_producers_write_them() {
    let said = |state: &str| json!([{"component-uuid": "c-1", "description": "Done.", "props": prop(state)}]);
    for (members, expected) in [
        (
            json!({"props": prop("planned"), "by-components": [by("c-1", "")]}),
            "planned",
        ),
        (
            json!({"by-components": said("Partially Implemented")}),
            "partial",
        ),
        (
            json!({"implementation-status": {"state": "not-implemented"}}),
            "not-implemented",
        ),
        (
            json!({"implementation-status": "implemented"}),
            "implemented",
        ),
        (
            json!({"props": [prop("partial")[0], prop("planned")[0]]}),
            "partial",
        ),
        (
            json!({"props": prop("implemented"), "by-components": [by("c-1", "planned")]}),
            "partial",
        ),
        (
            json!({"props": prop("implemented"),
                "statements": [statement("k-1_smt.a", &[by("c-1", "")])]}),
            "implemented",
        ),
        (
            json!({"statements": [{"statement-id": "k-1_smt", "props": prop("N/A")}]}),
            "not-applicable",
        ),
        (
            json!({"by-components": [{"component-uuid": "c-1", "description": "",
                                   "inherited": [{"uuid": "i", "provided-uuid": "p"}]}]}),
            "inherited",
        ),
        // Remarks are not a claim: producers put the control's own text there.
        (
            json!({"remarks": "The organization manages accounts."}),
            "missing",
        ),
        (
            json!({"by-components": [{"component-uuid": "c-1", "description": " "}]}),
            "missing",
        ),
    ] {
        assert_eq!(level(&members), expected, "{members}");
    }
}

#[test]
fn what_tools_write_until_somebody_does_is_no_statement() {
    for (text, expected) in [
        (
            "Add control implementation description here for item k-1_smt.a",
            "missing",
        ),
        (
            "<!-- Add implementation prose for the main This System component -->",
            "missing",
        ),
        ("REPLACE_ME", "missing"),
        ("TBD.", "missing"),
        ("TBD is our tool for keys.", "stated"),
        ("Keys are numbered.", "stated"),
    ] {
        let by = json!([{"component-uuid": "c-1", "description": text}]);
        assert_eq!(level(&json!({ "by-components": by })), expected, "{text}");
    }
}

#[test]
fn requirements_for_one_control_act_together_and_one_component_can_be_asked_about() {
    let requirement = |number: usize, by_components: Value| json!({"uuid": format!("r-{number}"), "control-id": "K-01", "by-components": by_components});
    let library = plan(&json!([
        requirement(1, json!([by("c-1", "implemented")])),
        requirement(2, json!([by("c-2", "Not Implemented")])),
    ]));
    for (component, expected, states) in [
        (None, "k-1 partial", vec!["implemented", "Not Implemented"]),
        (Some("data"), "k-1 implemented", vec!["implemented"]),
        (
            Some("PROXY"),
            "k-1 not-implemented",
            vec!["Not Implemented"],
        ),
    ] {
        let filter = ImplementationFilter {
            component,
            ..ImplementationFilter::default()
        };
        covered(&library, PROFILE, filter, |coverage| {
            assert_eq!(levels(&coverage), [expected], "{component:?}");
            assert_eq!(coverage.controls[0].states, states);
            assert_eq!(coverage.documents[0].counts, coverage.counts);
        });
    }
}
