//! Tests of comparisons.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::comparison::catalogs::{ControlChange, compare_catalogs};
use crate::comparison::change::ChangeKind;
use crate::comparison::impact::{WrittenFor, impact};
use crate::comparison::objects::compare_objects;
use crate::document::Document;
use crate::document::samples::{catalog, parsed};
use crate::json::any::any_json;
use crate::library::Library;
use crate::library::listing::limits::Limits;

fn control(id: &str, title: &str, statement: &str) -> Value {
    json!({"id": id, "title": title, "props": [{"name": "label", "value": id.to_uppercase()}],
           "parts": [{"name": "statement", "prose": statement}]})
}

fn groups(access: &[Value], premises: &[Value]) -> Document {
    catalog(json!({"groups": [
        {"id": "ac", "title": "Access", "controls": access},
        {"id": "pe", "title": "Premises", "controls": premises},
    ]}))
}

fn with(mut control: Value, member: &str, value: Value) -> Value {
    control[member] = value;
    control
}

/// `id: kinds` of each change.
fn told(changes: &[ControlChange<'_>]) -> Vec<String> {
    let told = changes.iter().map(|change| {
        let kinds: Vec<_> = change.kinds.iter().map(|kind| kind.name()).collect();
        let id = change
            .control()
            .map(super::super::control::Control::id)
            .unwrap_or_default();
        format!("{id}: {}", kinds.join(" "))
    });
    told.collect()
}

#[test]
fn each_kind_of_change_is_found() {
    let param = |values: Value| json!([{"id": "p", "label": "time", "values": values}]);
    let constrained = json!([{"id": "p2", "label": "time", "props": [
        {"name": "alt-identifier", "value": "p"}],
        "constraints": [{"description": "at least weekly"}]}]);
    let insert = "Count within {{ insert: param, p }}.";
    let old = groups(
        &[
            control("ac-1", "Same", "Same."),
            control("ac-2", "Text", "Count the keys weekly."),
            control("ac-3", "Title", "T."),
            with(
                control("ac-4", "Values", insert),
                "params",
                param(json!(["a day"])),
            ),
            with(
                control("ac-5", "Constraint", insert),
                "params",
                json!([{"id": "p", "label": "time"}]),
            ),
            control("ac-6", "Gone", "Gone."),
            control("ac-7", "To be withdrawn", "W."),
            control("ac-8", "To another group", "G."),
            control("ac-9", "Renumbered", "The very same text."),
            with(
                control("ac-10", "Links", "L."),
                "links",
                json!([{"href": "#ac-1", "rel": "related"}]),
            ),
            with(
                control("ac-11", "Objective", "O."),
                "parts",
                json!([{"name": "objective", "prose": "Determine if it is so."}]),
            ),
        ],
        &[],
    );
    let new = groups(
        &[
            control("ac-1", "Same", "Same."),
            control("ac-2", "Text", "Count the keys daily."),
            control("ac-3", "New title", "T."),
            with(
                control("ac-4", "Values", insert),
                "params",
                param(json!(["an hour"])),
            ),
            with(
                control(
                    "ac-5",
                    "Constraint",
                    "Count within {{ insert: param, p2 }}.",
                ),
                "params",
                constrained,
            ),
            with(
                with(
                    control("ac-7", "To be withdrawn", ""),
                    "props",
                    json!([{"name": "status", "value": "withdrawn"}]),
                ),
                "links",
                json!([{"href": "#ac-1", "rel": "incorporated-into"}]),
            ),
            control("AC-12", "New", "New."),
            control("ac-13", "Renumbered", "The very same text."),
            with(
                control("ac-10", "Links", "L."),
                "links",
                json!([{"href": "#ac-2", "rel": "related"}]),
            ),
            with(
                control("ac-11", "Objective", "O."),
                "parts",
                json!([{"name": "assessment-objective", "prose": "Determine if it is not so."}]),
            ),
        ],
        &[control("ac-8", "To another group", "G.")],
    );
    let comparison = compare_catalogs(&old, &new);
    assert_eq!(
        told(&comparison.changes),
        [
            "ac-2: text",
            "ac-3: title",
            "ac-4: parameters",
            "ac-5: parameters",
            "ac-7: withdrawn",
            "AC-12: added",
            "ac-13: renamed properties",
            "ac-10: links",
            "ac-11: assessment",
            "ac-8: moved",
            "ac-6: removed",
        ]
    );
    let counts = &comparison.counts;
    assert_eq!((counts.old, counts.new), (11, 10));
    assert_eq!((counts.differing, counts.unchanged), (11, 1));
    assert_eq!(counts.kinds[&ChangeKind::Parameters], 2);

    let detail = |at: usize| comparison.changes[at].detail();
    assert_eq!(
        detail(0).texts[0].diff,
        "Count the keys [-weekly.-]{+daily.+}"
    );
    assert_eq!(detail(1).title.as_deref(), Some("[-Title-]{+New title+}"));
    let members = |at: usize| -> Vec<String> {
        let params = detail(at).parameters;
        let members = params[0].members.iter();
        members
            .map(|m| format!("{}: {} > {}", m.name, m.old, m.new))
            .collect()
    };
    assert_eq!(members(2), ["values: a day > an hour"]);
    assert_eq!(members(3), ["constraints:  > at least weekly"]);
    assert_eq!(detail(3).parameters[0].old_id.as_deref(), Some("p"));
    assert_eq!(detail(4).moved_to[0].id, "ac-1");
    let links = detail(7);
    assert_eq!(
        (links.links_removed, links.links_added),
        (
            vec!["related ac-1".to_owned()],
            vec!["related ac-2".to_owned()]
        )
    );
    assert_eq!(
        detail(8).assessment[0].diff,
        "Determine if it is {+not+} so."
    );
    assert_eq!(
        detail(9).moved,
        Some(("ac Access".to_owned(), "pe Premises".to_owned()))
    );
}

#[test]
fn the_same_control_may_be_named_by_its_label() {
    let old = groups(&[control("3.1.1", "Keys", "One.")], &[]);
    let new = groups(
        &[with(
            control("sp_03.01.01", "Locks", "Two."),
            "props",
            json!([{"name": "label", "value": "03.01.01"}]),
        )],
        &[],
    );
    let comparison = compare_catalogs(&old, &new);
    assert_eq!(
        told(&comparison.changes),
        ["sp_03.01.01: renamed title text properties"]
    );
}

#[test]
fn an_enhancement_that_moves_with_its_control_did_not_move() {
    let inner = |id: &str| control(id, "At night", "The same text at night.");
    let old = groups(
        &[with(
            control("ac-2", "Guests", "The same text."),
            "controls",
            json!([inner("ac-2.1")]),
        )],
        &[],
    );
    let new = groups(
        &[with(
            control("ac-3", "Guests", "The same text."),
            "controls",
            json!([inner("ac-3.1")]),
        )],
        &[],
    );
    let comparison = compare_catalogs(&old, &new);
    assert_eq!(
        told(&comparison.changes),
        ["ac-3: renamed properties", "ac-3.1: renamed properties"]
    );
}

fn plan(edit: impl Fn(&mut Value)) -> Document {
    let mut plan = json!({"system-security-plan": {
        "uuid": "00000000-0000-4000-8000-000000000001",
        "metadata": {"title": "Plan", "version": "1", "last-modified": "2026-01-01T00:00:00Z"},
        "import-profile": {"href": "low.json"},
        "system-characteristics": {"system-name": "Shop", "security-sensitivity-level": "low"},
        "system-implementation": {"components": [
            {"uuid": "c-1", "type": "software", "title": "Firewall", "description": "It filters."},
            {"uuid": "c-2", "type": "software", "title": "Mail", "description": "It sends."},
        ]},
        "control-implementation": {"implemented-requirements": [
            {"uuid": "r-1", "control-id": "ac-1", "statements": [{"statement-id": "ac-1_smt.a", "uuid": "s-1",
                "by-components": [{"component-uuid": "c-1", "uuid": "b-1", "description": "Rules are reviewed weekly.",
                    "implementation-status": {"state": "planned"}}]}]},
            {"uuid": "r-2", "control-id": "ac-2"},
        ]},
    }});
    edit(&mut plan["system-security-plan"]);
    parsed(&plan).expect("a plan")
}

#[test]
fn plans_are_compared_object_by_object() {
    let old = plan(|_| ());
    let new = plan(|plan| {
        plan["metadata"]["version"] = json!("2");
        plan["system-characteristics"]["security-sensitivity-level"] = json!("moderate");
        // Another program wrote it: all uuids are new.
        plan["system-implementation"]["components"] = json!([
            {"uuid": "d-1", "type": "software", "title": "Firewall", "description": "It filters."},
            {"uuid": "d-3", "type": "service", "title": "Backup", "description": "It stores."},
        ]);
        let statement =
            &mut plan["control-implementation"]["implemented-requirements"][0]["statements"][0];
        statement["uuid"] = json!("t-1");
        statement["by-components"] = json!([{"component-uuid": "d-1", "uuid": "e-1",
            "description": "Rules are reviewed daily.", "implementation-status": {"state": "implemented"}}]);
        plan["control-implementation"]["implemented-requirements"][0]["uuid"] = json!("q-1");
    });
    let comparison = compare_objects(&old, &new);
    let told: Vec<_> = comparison
        .changes
        .iter()
        .map(|change| {
            format!(
                "{} {}: {}",
                change.kind,
                change.title,
                change.kinds[0].name()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "document Plan: members",
            "component Backup: added",
            "implemented-requirement Plan: ac-1: members",
            "component Mail: removed",
        ]
    );
    assert_eq!(comparison.counts.unchanged, 2, "the firewall and ac-2");
    let detail = |at: usize| -> Vec<String> {
        let changed = comparison.changes[at].detail();
        changed
            .iter()
            .map(|c| format!("{}: {}", c.name, c.diff))
            .collect()
    };
    assert_eq!(
        detail(0),
        ["system-characteristics.security-sensitivity-level: [-low-]{+moderate+}"]
    );
    assert_eq!(
        detail(2),
        [
            "statements[ac-1_smt.a].by-components[Firewall].description: Rules are reviewed [-weekly.-]{+daily.+}",
            "statements[ac-1_smt.a].by-components[Firewall].implementation-status.state: [-planned-]{+implemented+}",
        ]
    );
}

#[test]
fn impact_names_who_implements_changed_controls_of_these_catalogs() {
    let uuid = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    let rules = |number: u32, controls: &[Value]| {
        json!({"catalog": {"uuid": uuid(number), "metadata": {"title": format!("Rules {number}")},
                           "controls": controls}})
    };
    let requirements = |ids: &[&str]| -> Vec<Value> {
        ids.iter()
            .map(|id| json!({"uuid": "r", "control-id": id}))
            .collect()
    };
    let implementation = |source: &str, ids: &[&str]| json!({"uuid": "i", "source": source, "implemented-requirements": requirements(ids)});
    let files = [
        (
            "old.json",
            rules(
                1,
                &[
                    control("ac-1", "Keys", "One."),
                    control("ac-2", "Gone", "G."),
                    control("ac-3", "Same", "S."),
                ],
            ),
        ),
        (
            "new.json",
            rules(
                2,
                &[
                    control("ac-1", "Keys", "Two."),
                    control("ac-3", "Same", "S."),
                ],
            ),
        ),
        ("other.json", rules(3, &[control("ac-1", "Other", "O.")])),
        (
            "profile.json",
            json!({"profile": {"uuid": uuid(4), "metadata": {"title": "Low"},
            "imports": [{"href": "old.json", "include-all": {}}]}}),
        ),
        (
            "components.json",
            json!({"component-definition": {"uuid": uuid(5), "metadata": {"title": "Locks"},
            "components": [
                {"uuid": "c-1", "title": "Door", "control-implementations": [
                    implementation("old.json", &["AC-1", "ac-2"]), implementation("new.json", &["ac-1", "ac-3"])]},
                {"uuid": "c-2", "title": "Window", "control-implementations": [implementation("other.json", &["ac-1"])]},
                {"uuid": "c-3", "title": "Roof", "control-implementations": [implementation("https://example.org/x.json", &["ac-2"])]},
                {"uuid": "c-4", "title": "Wall", "control-implementations": [implementation("old.json", &["ac-3"])]},
            ]}}),
        ),
        (
            "plan.json",
            json!({"system-security-plan": {"uuid": uuid(6), "metadata": {"title": "House"},
            "import-profile": {"href": "profile.json"},
            "control-implementation": {"implemented-requirements": requirements(&["ac-1", "ac-3"])}}}),
        ),
    ];
    let directory = tempfile::tempdir().expect("a directory");
    for (name, document) in &files {
        fs::write(directory.path().join(name), document.to_string()).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    let told = |sensitive: bool| -> Vec<String> {
        let view = library.view(|info| sensitive || info.title != "House");
        let (old, new) = (
            view.document(&uuid(1)).expect("old"),
            view.document(&uuid(2)).expect("new"),
        );
        let impact = impact(&view, &compare_catalogs(old, new), old, new);
        assert_eq!(impact.of_other_catalogs, 1, "the window");
        let told = impact.implementers.iter().map(|one| {
            let edition = match one.written_for {
                WrittenFor::Old => "old",
                WrittenFor::New => "new",
                WrittenFor::Both => "both",
                WrittenFor::Unknown => "unknown",
            };
            format!(
                "{} for {} ({edition}): -{} ~{}",
                one.title,
                one.source,
                one.removed.join("+"),
                one.changed.join("+")
            )
        });
        told.collect()
    };
    let with_plan = [
        "Door for Rules 1 (old): -ac-2 ~AC-1",
        "House for Low (old): - ~ac-1",
        "Door for Rules 2 (new): - ~ac-1",
        "Roof for https://example.org/x.json (unknown): -ac-2 ~",
    ];
    assert_eq!(told(true), with_plan);
    let without: Vec<_> = with_plan
        .into_iter()
        .filter(|line| !line.contains("House"))
        .collect();
    assert_eq!(told(false), without);
}

proptest! {
    #[test]
    fn takes_any_document(one in any_json(), other in any_json(), name in "by-components|statements|props|description|controls|title") {
        let plan = |value: &Value| plan(|plan| {
            plan["control-implementation"]["implemented-requirements"][0][&name] = value.clone();
            plan["x"] = value.clone();
        });
        let (old, new) = (plan(&one), plan(&other));
        let comparison = compare_objects(&old, &new);
        for change in &comparison.changes {
            change.detail();
        }
        prop_assert_eq!(compare_objects(&old, &old).changes.len(), 0);
        let list = |value: &Value| json!({"controls": [{"id": "a-1", "x": value, "props": [], "prose": value}]});
        let (old, new) = (catalog(list(&one)), catalog(list(&other)));
        prop_assert_eq!(compare_catalogs(&old, &new).changes.len(), 0);
    }
}
