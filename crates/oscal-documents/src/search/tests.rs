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

/// A catalog in which little is said as people say it.
fn field() -> Indexed {
    let control = |id: &str, title: &str, prose: &str, guidance: &str| {
        json!({"id": id, "title": title, "parts": [
            {"name": "statement", "prose": prose}, {"name": "guidance", "prose": guidance}]})
    };
    let mut identification = control(
        "f-1",
        "Identification and Authentication",
        "Users are identified.",
        "",
    );
    identification["controls"] = json!([
        control("f-1.1", "Multi-factor Authentication", "Two factors.", ""),
        control(
            "f-1.2",
            "Replay Resistant Authentication",
            "No replays.",
            ""
        ),
    ]);
    indexed(&catalog(json!({"controls": [
        identification,
        control("f-2", "Flaw Remediation", "Flaws are corrected.", "Soon."),
        control("f-3", "Personnel Termination", "Access ends with employment.", ""),
        control("f-4", "Logging", "Events are logged.",
            "An encrypted copy goes to the House Records Keeper (HRK)."),
        control("f-5", "Records", "The house records keeper keeps them.", ""),
        control("f-6", "Encryption", "Information is encrypted.", ""),
        control("f-7", "ZZT", "Zebra zone team: who looks after zebras.", ""),
        control("f-8", "Zebra Zone", "The team is there.", ""),
    ]})))
}

fn ids_in_field(text: &str) -> Vec<String> {
    let field = field();
    let query = Query {
        text,
        ..Query::default()
    };
    let hits = search(&[&field], &query).items.into_iter();
    hits.map(|hit| hit.id).collect()
}

#[test]
fn the_vocabulary_finds_what_people_mean() {
    for (text, first) in [
        ("patch management", "f-2"),
        ("when do we have to install security patches?", "f-2"),
        ("what to do when an employee leaves", "f-3"),
        ("employees leaving", "f-3"),
        ("MFA", "f-1.1"),
        ("2FA", "f-1.1"),
    ] {
        let ids = ids_in_field(text);
        assert_eq!(ids.first().map(String::as_str), Some(first), "{text}");
    }
}

#[test]
fn all_forms_of_a_word_are_found_and_the_same_form_first() {
    assert_eq!(ids_in_field("encryption"), ["f-6", "f-4"]);
    assert_eq!(ids_in_field("encrypting")[0], "f-6");
    assert_eq!(ids_in_field("log events")[0], "f-4");
}

#[test]
fn abbreviations_mean_what_the_documents_say() {
    // One text spells it out, and another title is an entry of a glossary.
    for (text, expected) in [("HRK", ["f-4", "f-5"]), ("zzt", ["f-7", "f-8"])] {
        let mut ids = ids_in_field(text);
        ids.sort_unstable();
        assert_eq!(ids, expected, "{text}");
    }
    let (field, controls) = (field(), controls());
    let query = Query {
        text: "HRK",
        document: Some("none"),
        ..Query::default()
    };
    let hits = search(&[&field, &controls], &query);
    assert_eq!(hits.total, 0, "documents that are not searched have no say");
}

#[test]
fn a_base_control_is_found_by_its_enhancements() {
    let ids = ids_in_field("replay resistant");
    assert_eq!(ids, ["f-1.2", "f-1"]);
    let ids = ids_in_field("authentication");
    assert_eq!(ids[0], "f-1", "enhancements do not push it out: {ids:?}");
}

#[test]
fn copies_do_not_take_the_first_places() {
    let (one, other) = (field(), field());
    let query = Query {
        text: "team",
        ..Query::default()
    };
    let found = |documents: &[&Indexed]| -> Vec<String> {
        let hits = search(documents, &query).items.into_iter();
        hits.map(|hit| hit.id).collect()
    };
    assert_eq!(found(&[&one]), ["f-8", "f-7"]);
    assert_eq!(found(&[&one, &other]), ["f-8", "f-7", "f-8", "f-7"]);
    let named = Query {
        text: "F-5",
        limit: 2,
        ..query
    };
    let hits = search(&[&one, &other], &named);
    let both = hits.items.iter().all(|hit| hit.id == "f-5");
    assert!(both, "a control that the query names stays");
}

#[test]
fn near_words_are_those_of_documents_searched() {
    let (field, controls) = (field(), controls());
    assert_eq!(near::near_words(&[&field], "the persnonel"), ["personnel"]);
    assert_eq!(
        near::near_words(&[&controls], "personel"),
        Vec::<String>::new()
    );
    assert_eq!(
        near::near_words(&[&field], "personnel x 12345"),
        Vec::<String>::new()
    );
}
