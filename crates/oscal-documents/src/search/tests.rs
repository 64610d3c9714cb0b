use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::document::Document;
use crate::document::samples::{UUID, catalog, parsed};

fn indexed(document: &Document) -> Indexed {
    let text = document.json().to_owned();
    Indexed::parse(document.file(), text, false).expect("a document")
}

fn controls() -> Indexed {
    let control = |id: &str, title: &str, prose: &str| {
        json!({"id": id, "title": title,
        "props": [{"name": "label", "value": id.to_uppercase()}],
        "parts": [
            {"name": "statement", "prose": prose},
            {"name": "assessment-objective", "prose": "examined"},
        ]})
    };
    let mut accounts = control(
        "ac-2",
        "Account Management",
        "Accounts are reviewed {{ when }}.",
    );
    accounts["controls"] = json!([control("ac-2.1", "Automated", "Automated accounts.")]);
    let mut withdrawn = control("ac-13", "Account Supervision", "");
    withdrawn["props"] = json!([{"name": "status", "value": "withdrawn"}]);
    withdrawn["links"] = json!([
        {"rel": "incorporated-into", "href": "#ac-2_smt.a"}, {"rel": "moved-to", "href": "#gone"}]);
    indexed(&catalog(json!({
        "params": [{"id": "when", "label": "frequency"}],
        "groups": [{"id": "ac", "title": "Access", "controls": [
            control("ac-1", "Policy", "A policy on accounts is kept in 2 places."),
            accounts,
            withdrawn,
            control("ac-3", "Enforcement", "Access is enforced."),
        ]}],
    })))
}

fn component_definition() -> Indexed {
    let document = parsed(&json!({"component-definition": {
        "uuid": UUID.replace('1', "2"),
        "metadata": {"title": "Database components", "remarks": "Made for tests."},
        "components": [{
            "uuid": "c-1", "title": "Engine", "type": "software", "description": "Stores rows.",
            "props": [{"name": "p", "value": "v", "remarks": "hidden"}],
            "control-implementations": [{"description": "Implements accounts.",
                "set-parameters": [{"param-id": "p", "values": ["a year"]}, {"param-id": "q", "values": ["z"]}],
                "implemented-requirements": [{
                    "uuid": "r-1", "control-id": "ac-02",
                    "set-parameters": [{"param-id": "p", "values": ["a week"]}],
                    "description": "Roles \"map\" to accounts.",
                    "statements": [{"statement-id": "s", "description": "Locked after {{ insert: param, p }}."}],
                }]}],
        }],
    }}));
    indexed(&document.expect("a document"))
}

fn found(text: &str) -> Vec<(EntryKind, String)> {
    let (controls, components) = (controls(), component_definition());
    let query = Query {
        text,
        ..Query::default()
    };
    let hits = search(&[&controls, &components], &query);
    assert_eq!(hits.total, hits.items.len(), "all fit the limit");
    hits.items
        .into_iter()
        .map(|hit| (hit.kind, hit.id))
        .collect()
}

fn ids(text: &str) -> Vec<String> {
    found(text).into_iter().map(|(_, id)| id).collect()
}

#[test]
fn titles_count_more_than_prose_and_withdrawn_controls_less() {
    let ids = ids("account");
    assert_eq!(ids[0], "ac-2");
    assert!(ids.contains(&"ac-13".to_owned()) && ids.contains(&"r-1".to_owned()));
    let at = |id: &str| ids.iter().position(|other| other == id);
    assert!(at("ac-13") > at("ac-2"));
}

#[test]
fn a_control_named_in_any_writing_comes_first() {
    for text in [
        "AC-2",
        "ac-02",
        "AC 2",
        "AC-2 policy",
        "what does AC-2 say on a policy?",
        "(ac-2)",
    ] {
        assert_eq!(ids(text)[0], "ac-2", "{text}");
    }
    for text in ["AC-2(1)", "AC-2 (1)", "ac 2 (1) accounts", "ac-2.1"] {
        assert_eq!(ids(text)[0], "ac-2.1", "{text}");
    }
    assert_eq!(ids("AC-2"), ["ac-2", "r-1", "ac-2.1"]);
    assert_eq!(ids("AC-99"), Vec::<String>::new());
    assert_eq!(ids("2"), ["ac-1"], "a bare number is a word");
}

#[test]
fn other_entries_are_hits_of_their_kind() {
    assert_eq!(ids("rows"), ["c-1"]);
    assert_eq!(ids("week"), ["r-1"]);
    assert_eq!(found("database")[0].0, EntryKind::Document);
    assert_eq!(ids("hidden examined the"), Vec::<String>::new());
    let components = component_definition();
    let query = Query {
        text: "locked",
        ..Query::default()
    };
    let hit = search(&[&components], &query).items.remove(0);
    assert_eq!(
        (hit.title.as_str(), hit.label.as_deref(), hit.model),
        ("Engine: ac-02", Some("ac-02"), Model::ComponentDefinition)
    );
    assert_eq!(
        hit.snippet,
        "Roles \"map\" to accounts. Locked after a week."
    );
}

#[test]
fn snippets_are_filled_in() {
    let controls = controls();
    let snippet = |text| {
        let query = Query {
            text,
            ..Query::default()
        };
        search(&[&controls], &query).items.remove(0).snippet
    };
    assert_eq!(
        snippet("frequency"),
        "Accounts are reviewed [Assignment: frequency]."
    );
    assert_eq!(
        snippet("supervision"),
        "Withdrawn: incorporated into AC-2, moved to gone"
    );
}

#[test]
fn filters_restrict_and_limits_cut() {
    let (controls, components) = (controls(), component_definition());
    let documents = [&controls, &components];
    let total = |query: Query<'_>| {
        let hits = search(&documents, &query);
        (hits.items.len(), hits.total)
    };
    let query = Query {
        text: "accounts",
        ..Query::default()
    };
    assert_eq!(total(query), (6, 6));
    assert_eq!(total(Query { limit: 2, ..query }), (2, 6));
    assert_eq!(total(Query { limit: 0, ..query }), (0, 6));
    assert_eq!(
        total(Query {
            model: Some(Model::Catalog),
            ..query
        }),
        (4, 4)
    );
    assert_eq!(
        total(Query {
            document: Some(UUID),
            ..query
        }),
        (4, 4)
    );
    assert_eq!(
        total(Query {
            document: Some("none"),
            ..query
        }),
        (0, 0)
    );
}

#[test]
fn huge_queries_are_cut() {
    let controls = controls();
    let text = "account é ".repeat(20_000);
    let query = Query {
        text: &text,
        ..Query::default()
    };
    assert_eq!(search(&[&controls], &query).items[0].id, "ac-2");
}

proptest! {
    #[test]
    fn takes_any_query(text in any::<String>(), prose in any::<String>(), limit in 0_usize..5) {
        let document = indexed(&catalog(json!({"controls": [
            {"id": "a-1", "title": text.clone(), "parts": [{"name": "statement", "prose": prose}]},
            {"id": "a-2", "title": Value::from("é")},
        ]})));
        let query = Query { text: &text, limit, ..Query::default() };
        let hits = search(&[&document], &query);
        prop_assert!(hits.items.len() <= limit && hits.items.len() <= hits.total);
        prop_assert!(hits.items.is_sorted_by(|a, b| a.score >= b.score));
    }
}
