//! Tests of findings, risks, POA&M items, and what systems consist of.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::assessments::filter::{AssessmentFilter, KINDS};
use crate::assessments::item::{AssessmentItem, Assessments};
use crate::assessments::query::assessments;
use crate::document::entry_kind::EntryKind;
use crate::json::any::any_json;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::search::Query;

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn library(documents: &[(&str, Value)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (number, (model, members)) in documents.iter().enumerate() {
        let mut root = json!({"uuid": uuid(number), "metadata": {"title": model}});
        for (name, value) in members.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        let file = directory.path().join(format!("{number}.json"));
        std::fs::write(file, json!({ *model: root }).to_string()).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

fn catalog() -> Value {
    let control = |id: &str, parts: &[&str]| {
        let parts: Vec<_> = parts
            .iter()
            .map(|id| json!({"id": id, "name": "statement"}))
            .collect();
        json!({"id": id, "title": id, "parts": parts})
    };
    json!({"controls": [control("ac-1", &["ac-1_smt"]), control("ac-2", &["oddly-named"]), control("ac-3", &[])]})
}

fn plan() -> Value {
    json!({
        "system-implementation": {
            "leveraged-authorizations": [
                {"uuid": "la-1", "title": "Cloud", "party-uuid": "p", "date-authorized": "2025-01-01"},
                {"uuid": "la-2", "title": "Mail", "party-uuid": "p", "date-authorized": "2025-01-01"}],
            "users": [{"uuid": "u-1", "role-ids": ["admin", "auditor"],
                "authorized-privileges": [{"title": "Root", "functions-performed": ["all"]}]}],
            "components": [
                {"uuid": "c-1", "type": "system", "title": "Cloud machines",
                 "props": [{"name": "leveraged-authorization-uuid", "value": "LA-1"}]},
                {"uuid": "c-2", "type": "software", "title": "Database"}],
            "inventory-items": [{"uuid": "i-1", "description": "Rack 7.",
                "props": [{"name": "ipv4-address", "value": "10.0.0.1"}],
                "implemented-components": [{"component-uuid": "c-2"}]}],
        },
        "control-implementation": {"implemented-requirements": [{"uuid": "r-1", "control-id": "ac-3",
            "statements": [{"uuid": "s-1", "statement-id": "ac-3_smt", "by-components": [
                {"uuid": "b-1", "component-uuid": "c-1", "description": "d",
                 "inherited": [{"uuid": "x", "provided-uuid": "given", "description": "Disks are wiped."}],
                 "satisfied": [{"uuid": "y", "responsibility-uuid": "gone", "description": "We order it."}]},
                {"uuid": "b-2", "component-uuid": "c-2", "description": "Own.",
                 "inherited": [{"uuid": "z", "description": "Not of this one."}]}]}],
            "by-components": [{"uuid": "b-3", "component-uuid": "c-1", "description": "The cloud does it."}]}]},
    })
}

fn results() -> Value {
    let finding = |id: &str, target: &str, state: &str, members: Value| {
        let mut finding = json!({"uuid": id, "title": id, "description": format!("About {target}."),
            "target": {"type": "statement-id", "target-id": target, "status": {"state": state, "reason": "other"}}});
        for (name, value) in members.as_object().into_iter().flatten() {
            finding[name] = value.clone();
        }
        finding
    };
    json!({"results": [{
        "uuid": "run", "title": "Run", "description": "d", "start": "2026-01-01T00:00:00Z",
        "reviewed-controls": {"control-selections": [{"include-all": {}, "exclude-controls": [{"control-id": "ac-3"}]}]},
        "findings": [
            finding("f-1", "ac-1_smt", "not-satisfied", json!({
                "related-observations": [{"observation-uuid": "o-1"}], "related-risks": [{"risk-uuid": "K-1"}]})),
            finding("f-2", "oddly-named", "satisfied", json!({})),
            finding("f-3", "unknown-7.a_obj", "not-satisfied", json!({"implementation-statement-uuid": "S-1"})),
        ],
        "observations": [{"uuid": "o-1", "description": "Two share a login.", "methods": ["EXAMINE", "TEST"],
            "collected": "2026-01-02T00:00:00Z", "subjects": [{"type": "component", "subject-uuid": "c-2"}]}],
        "risks": [
            {"uuid": "k-1", "title": "Theft", "description": "d", "statement": "An insider may hide.",
             "status": "open", "deadline": "2026-03-01T00:00:00Z",
             "characterizations": [{"facets": [{"name": "impact", "value": "high"}]}]},
            {"uuid": "k-2", "title": "Fire", "description": "d", "statement": "s", "status": "closed",
             "props": [{"name": "impacted-control-id", "value": "ac-2"}],
             "remediations": [{"uuid": "m", "lifecycle": "planned", "title": "Sprinklers",
                "tasks": [{"uuid": "t-1", "title": "Buy", "type": "milestone",
                           "timing": {"within-date-range": {"start": "2026-01-01", "end": "2026-02-01"}}}]}]}],
    }]})
}

fn poam() -> Value {
    json!({"poam-items": [
        {"uuid": "p-1", "title": "Split logins", "description": "d",
         "props": [{"name": "POAM-ID", "value": "V-17"}],
         "related-findings": [{"finding-uuid": "f-1"}], "related-risks": [{"risk-uuid": "k-1"}]},
        {"uuid": "p-2", "title": "Nothing known", "description": "d"}]})
}

fn all() -> Library {
    library(&[
        ("catalog", catalog()),
        ("system-security-plan", plan()),
        ("assessment-results", results()),
        ("plan-of-action-and-milestones", poam()),
    ])
}

fn ids(found: &Assessments) -> Vec<&str> {
    found
        .page
        .items
        .iter()
        .map(|item| item.id.as_str())
        .collect()
}

fn ask(library: &Library, filter: &AssessmentFilter<'_>) -> Assessments {
    assessments(&library.view(|_| true), filter, 0, 50)
}

fn item(library: &Library, kind: EntryKind, id: &str) -> AssessmentItem {
    let filter = AssessmentFilter {
        kind: Some(kind),
        ..AssessmentFilter::default()
    };
    let items = ask(library, &filter).page.items;
    items
        .into_iter()
        .find(|item| item.id == id)
        .expect("it is listed")
}

#[test]
fn filters_follow_relations() {
    let library = all();
    let none = AssessmentFilter::default();
    for (filter, expected) in [
        (none, vec!["f-1", "f-2", "f-3", "k-1", "k-2", "p-1", "p-2"]),
        (
            AssessmentFilter {
                control: Some("AC-1"),
                ..none
            },
            vec!["f-1", "k-1", "p-1"],
        ),
        (
            AssessmentFilter {
                control: Some("ac-2"),
                ..none
            },
            vec!["f-2", "k-2"],
        ),
        (
            AssessmentFilter {
                control: Some("ac-3"),
                ..none
            },
            vec!["f-3"],
        ),
        (
            AssessmentFilter {
                control: Some("unknown-7"),
                ..none
            },
            vec!["f-3"],
        ),
        (
            AssessmentFilter {
                state: Some("Not Satisfied"),
                ..none
            },
            vec!["f-1", "f-3"],
        ),
        (
            AssessmentFilter {
                state: Some("satisfied"),
                ..none
            },
            vec!["f-2"],
        ),
        (
            AssessmentFilter {
                state: Some("open"),
                ..none
            },
            vec!["k-1", "p-1"],
        ),
        (
            AssessmentFilter {
                state: Some("unresolved"),
                ..none
            },
            vec!["f-1", "f-3", "k-1", "p-1", "p-2"],
        ),
        (
            AssessmentFilter {
                component: Some("data"),
                ..none
            },
            vec!["f-1", "k-1", "p-1"],
        ),
        (
            AssessmentFilter {
                component: Some("C-2"),
                ..none
            },
            vec!["f-1", "k-1", "p-1"],
        ),
        (
            AssessmentFilter {
                due_before: Some("2026-03-02"),
                ..none
            },
            vec!["k-1", "p-1"],
        ),
        (
            AssessmentFilter {
                due_before: Some("2026-03-01"),
                kind: Some(EntryKind::Task),
                ..none
            },
            vec!["t-1"],
        ),
        (
            AssessmentFilter {
                control: Some("ac-2"),
                kind: Some(EntryKind::Task),
                ..none
            },
            vec!["t-1"],
        ),
        (
            AssessmentFilter {
                control: Some("ac-2"),
                kind: Some(EntryKind::Result),
                ..none
            },
            vec!["run"],
        ),
        (
            AssessmentFilter {
                control: Some("ac-3"),
                kind: Some(EntryKind::Result),
                ..none
            },
            vec![],
        ),
        (
            AssessmentFilter {
                control: Some("ac-1"),
                kind: Some(EntryKind::Observation),
                ..none
            },
            vec!["o-1"],
        ),
        (
            AssessmentFilter {
                component: Some("database"),
                kind: Some(EntryKind::InventoryItem),
                ..none
            },
            vec!["i-1"],
        ),
        (
            AssessmentFilter {
                component: Some("cloud machines"),
                kind: Some(EntryKind::LeveragedAuthorization),
                ..none
            },
            vec!["la-1"],
        ),
        (
            AssessmentFilter {
                component: Some("nothing"),
                ..none
            },
            vec![],
        ),
    ] {
        assert_eq!(ids(&ask(&library, &filter)), expected, "{filter:?}");
    }
    let plan = uuid(1);
    let of_plan = AssessmentFilter {
        document: Some(&plan),
        ..none
    };
    assert_eq!(
        ids(&ask(&library, &of_plan)),
        ["la-1", "la-2", "u-1", "i-1"]
    );
    let page = assessments(&library.view(|_| true), &none, 2, 3).page;
    assert_eq!(
        (page.items.len(), page.total, &*page.items[0].id),
        (3, 7, "f-3")
    );
}

#[test]
fn a_summary_counts_all_that_match() {
    let library = all();
    let summary = ask(&library, &AssessmentFilter::default()).summary;
    let count = |kind: EntryKind, state: &str| summary.counts[&kind].get(state).copied();
    assert_eq!(count(EntryKind::Finding, "not-satisfied"), Some(2));
    assert_eq!(count(EntryKind::Finding, "satisfied"), Some(1));
    assert_eq!(count(EntryKind::Risk, "open"), Some(1));
    assert_eq!(count(EntryKind::PoamItem, ""), Some(1));
    assert_eq!(count(EntryKind::LeveragedAuthorization, ""), Some(2));
    assert_eq!(summary.unresolved_controls, ["ac-1", "unknown-7", "ac-3"]);
    assert_eq!(
        summary.next_deadline.as_deref(),
        Some("2026-03-01T00:00:00Z")
    );
    assert_eq!(summary.documents, 3);
    let hidden = assessments(
        &library.view(|info| info.model.layer() == "control"),
        &AssessmentFilter::default(),
        0,
        5,
    );
    assert_eq!((hidden.page.total, hidden.summary.documents), (0, 0));
}

#[test]
fn items_say_what_they_are_about() {
    let library = all();
    let risk = item(&library, EntryKind::Risk, "k-1");
    assert_eq!(risk.controls, ["ac-1"]);
    assert_eq!(risk.components[0].title, "Database");
    assert_eq!(risk.text, "d\n\nAn insider may hide.");
    assert_eq!(risk.facts, [("impact".to_owned(), "high".to_owned())]);
    let related: Vec<_> = risk.related.iter().map(|link| link.id.as_str()).collect();
    assert_eq!(related, ["f-1", "p-1"]);
    let action = item(&library, EntryKind::PoamItem, "p-1");
    assert_eq!(action.label.as_deref(), Some("V-17"));
    assert_eq!(action.state.as_deref(), Some("open"));
    assert_eq!(action.deadline, risk.deadline);
    assert_eq!(action.controls, ["ac-1"]);
    let finding = item(&library, EntryKind::Finding, "f-2");
    assert_eq!(
        (finding.controls, finding.reason.as_deref()),
        (vec!["ac-2".to_owned()], Some("other"))
    );
    assert_eq!(
        item(&library, EntryKind::Observation, "o-1").title,
        "Two share a login."
    );
    let user = item(&library, EntryKind::User, "u-1");
    assert_eq!(user.title, "admin, auditor");
    assert!(
        user.facts
            .contains(&("privilege".to_owned(), "Root: all".to_owned()))
    );

    let cloud = item(&library, EntryKind::LeveragedAuthorization, "la-1");
    let inherited: Vec<_> = cloud
        .inherited
        .iter()
        .map(|part| (part.how, part.statement.as_deref(), part.text.as_str()))
        .collect();
    assert_eq!(
        inherited,
        [
            ("described", None, "The cloud does it."),
            ("inherited", Some("ac-3_smt"), "Disks are wiped."),
            ("satisfied", Some("ac-3_smt"), "We order it."),
        ]
    );
    assert!(
        item(&library, EntryKind::LeveragedAuthorization, "la-2")
            .inherited
            .is_empty()
    );
}

#[test]
fn search_finds_them_by_target_state_deadline_and_number() {
    let library = all();
    let view = library.view(|_| true);
    let found = |text: &str| -> Vec<(String, String)> {
        let query = Query {
            text,
            limit: 20,
            ..Query::default()
        };
        let hits = view.search(&query).items.into_iter();
        hits.map(|hit| (hit.id, hit.snippet)).collect()
    };
    let has = |text: &str, id: &str| {
        let hits = found(text);
        assert!(
            hits.iter().any(|(hit, _)| hit == id),
            "{text}: no {id} in {hits:?}"
        );
    };
    has("ac-1", "f-1");
    has("ac-1", "k-1");
    has("ac-2", "k-2");
    has("not-satisfied", "f-1");
    has("open", "k-1");
    has("2026-03-01", "k-1");
    has("V-17", "p-1");
    let (_, snippet) = found("closed")
        .into_iter()
        .find(|(id, _)| id == "k-2")
        .expect("the risk");
    assert!(snippet.contains("State: closed"), "{snippet}");

    let mapping = json!({"mappings": [{"uuid": "m", "maps": [{"uuid": "map", "relationship": "subset-of",
        "sources": [{"type": "control", "id-ref": "k-1"}],
        "targets": [{"type": "control", "id-ref": "a.5.15"}, {"type": "control", "id-ref": "a.5.18"}]}]}]});
    let own = json!({
        "risks": [{"uuid": "k", "title": "R", "status": "open", "deadline": "2027-01-01"}],
        "findings": [{"uuid": "f", "title": "F", "target": {"target-id": "zz-9.a_obj"}, "related-risks": [{"risk-uuid": "k"}]}],
        "poam-items": [{"uuid": "p", "title": "P", "related-risks": [{"risk-uuid": "K"}]}]});
    let library = library_of_two(mapping, own);
    let view = library.view(|_| true);
    let snippet = |text: &str, id: &str| {
        let query = Query {
            text,
            limit: 20,
            ..Query::default()
        };
        let hit = view
            .search(&query)
            .items
            .into_iter()
            .find(|hit| hit.id == id);
        hit.unwrap_or_else(|| panic!("{text}: no {id}")).snippet
    };
    for control in ["K-1", "A.5.18"] {
        assert!(
            snippet(control, "map").contains("k-1 subset-of a.5.15, a.5.18"),
            "{control}"
        );
    }
    // What the entries of one document say of each other.
    assert!(snippet("zz-9", "k").contains("Target: zz-9.a_obj; State: open"));
    assert!(snippet("zz-9", "p").contains("State: open; Deadline: 2027-01-01"));
}

fn library_of_two(mapping: Value, poam: Value) -> Library {
    library(&[
        ("mapping-collection", mapping),
        ("plan-of-action-and-milestones", poam),
    ])
}

proptest! {
    #[test]
    fn takes_any_entry(value in any_json(), name in "target|status|related-risks|props|subjects|timing|sources|remediations|control-selections|by-components") {
        let entry = |id: &str| json!({"uuid": id, &name: value.clone(), "related-observations": [value.clone(), {"observation-uuid": "a"}]});
        let entries = json!([entry("a"), entry("b"), value.clone()]);
        let mut root = json!({});
        for kind in KINDS {
            root[kind.member()] = entries.clone();
        }
        root["implemented-requirements"] = json!([{"control-id": "ac-1", &name: value.clone()}]);
        root["maps"] = entries.clone();
        let library = library(&[("assessment-results", root)]);
        let filter = AssessmentFilter { control: Some("ac-1"), state: Some("unresolved"), component: Some("a"), ..AssessmentFilter::default() };
        ask(&library, &filter);
        for kind in KINDS {
            let all = ask(&library, &AssessmentFilter { kind: Some(kind), ..AssessmentFilter::default() });
            prop_assert_eq!(all.page.items.len(), all.page.total);
        }
    }
}
