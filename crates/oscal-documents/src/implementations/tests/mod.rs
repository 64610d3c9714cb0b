//! Tests of implementations and their coverage.

mod alternatives;
mod customers;
mod sources;
mod states;

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::implementations::coverage::counts::CoverageCounts;
use crate::implementations::coverage::coverage;
use crate::implementations::coverage::covered::Coverage;
use crate::implementations::implementation::{ImplementationFilter, ImplementationKind};
use crate::implementations::level::CoverageLevel;
use crate::implementations::page::implementations;
use crate::implementations::requirement::Requirement;
use crate::json::any::any_json;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::resolve::resolved::resolve_profile;

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn library(documents: &[(&str, Value)]) -> Library {
    let files: Vec<_> = (0..)
        .map(|number| format!("{number}.json"))
        .take(documents.len())
        .collect();
    let named = files.iter().zip(documents);
    let named: Vec<_> = named
        .map(|(file, (model, members))| (file.as_str(), *model, members.clone()))
        .collect();
    library_of_files(&named)
}

/// Files with a model and its members. Their uuids are numbered from 0; their title is the model.
fn library_of_files(documents: &[(&str, &str, Value)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (number, (name, model, members)) in documents.iter().enumerate() {
        let mut root = json!({"uuid": uuid(number), "metadata": {"title": model}});
        for (name, value) in members.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        let file = directory.path().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, json!({ *model: root }).to_string()).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

/// How far the baseline of the profile with this number is covered.
fn covered<T>(
    library: &Library,
    profile: usize,
    filter: ImplementationFilter<'_>,
    read: impl FnOnce(Coverage<'_>) -> T,
) -> T {
    let view = library.view(|_| true);
    let profile = view.document(&uuid(profile)).expect("the profile");
    let baseline = resolve_profile(&view, profile, None).expect("resolves");
    read(coverage(&view, baseline.controls.iter().cloned(), filter))
}

/// The controls with their levels.
fn levels(coverage: &Coverage<'_>) -> Vec<String> {
    let controls = coverage.controls.iter();
    controls
        .map(|c| format!("{} {}", c.control.id(), c.level))
        .collect()
}

fn catalog() -> Value {
    let control = |id: &str| json!({"id": id, "title": id, "params": [{"id": format!("{id}_p"), "label": "who"}]});
    let mut ac_2 = control("ac-2");
    ac_2["controls"] = json!([control("ac-2.1")]);
    json!({"controls": [control("ac-1"), ac_2, control("ac-3"), control("ac-4"), control("ac-5"), control("ac-6"), control("ac-7")]})
}

fn components() -> Value {
    let status = |status: &str| json!([{"name": "implementation-status", "value": status}]);
    json!({
        "components": [{
            "uuid": "c-1", "type": "software", "title": "Database Engine", "control-implementations": [{
                "set-parameters": [{"param-id": "ac-1_p", "values": ["all"]}],
                "implemented-requirements": [
                    {"uuid": "r-1", "control-id": "ac-1", "props": status("implemented"),
                     "description": "For {{ insert: param, ac-1_p }} and {{ insert: param, ac-2_p }}.",
                     "statements": [{"statement-id": "ac-1_smt.a", "description": "Part a."}]},
                    {"uuid": "r-2", "control-id": "AC-2", "description": "Stated."},
                    {"uuid": "r-3", "control-id": "ac-3", "description": 7},
                    {"uuid": "r-4", "control-id": "ac-4", "description": "Later.", "props": status("planned")},
                ],
            }],
        }],
        "capabilities": [{"uuid": "k-1", "name": "Access", "control-implementations": [{
            "implemented-requirements": [{"uuid": "r-5", "control-id": "ac-4", "description": "Half.", "props": status("partial")}],
        }]}],
    })
}

fn plan() -> Value {
    let by = |component: &str, state: &str| {
        json!({"component-uuid": component, "uuid": "b", "description": format!("By {component} for {{{{ insert: param, ac-6_p }}}}."),
               "implementation-status": {"state": state},
               "set-parameters": [{"param-id": "ac-6_p", "values": [component]}]})
    };
    json!({
        "system-implementation": {"components": [{"uuid": "s-1", "type": "policy", "title": "Policy"}]},
        "control-implementation": {"implemented-requirements": [
            {"uuid": "q-1", "control-id": "ac-5", "by-components": [by("s-1", "not-applicable")]},
            {"uuid": "q-2", "control-id": "ac-6", "by-components": [by("s-1", "planned"), by("s-2", "implemented")],
             "statements": [{"statement-id": "ac-6_smt", "by-components": [by("s-2", "partial")]}]},
            {"uuid": "q-3", "control-id": "ac-7"},
        ]},
    })
}

fn all() -> Library {
    let profile = json!({"imports": [{"href": "0.json", "include-all": {}}]});
    library(&[
        ("catalog", catalog()),
        ("component-definition", components()),
        ("system-security-plan", plan()),
        ("profile", profile),
    ])
}

/// Requirements and components of the implementations that match the filter.
fn listed(filter: ImplementationFilter<'_>) -> Vec<String> {
    let library = all();
    let page = implementations(&library.view(|_| true), filter, 0, 100);
    assert_eq!(page.items.len(), page.total);
    let items = page.items.iter();
    let mut listed: Vec<_> = items
        .map(|item| {
            let component = item.component.as_ref().map_or("", |c| c.uuid.as_str());
            format!("{} {component}", item.requirement)
        })
        .collect();
    listed.sort();
    listed
}

#[test]
fn filters_restrict() {
    let none = ImplementationFilter::default();
    let everything = [
        "q-1 s-1", "q-2 s-1", "q-2 s-2", "q-3 ", "r-1 c-1", "r-2 c-1", "r-3 c-1", "r-4 c-1",
        "r-5 k-1",
    ];
    assert_eq!(listed(none), everything);
    for control in ["ac-2", "AC-02", "AC 2"] {
        let filter = ImplementationFilter {
            control: Some(control),
            ..none
        };
        assert_eq!(listed(filter), ["r-2 c-1"], "{control}");
    }
    for (component, expected) in [
        ("engine", vec!["r-1 c-1", "r-2 c-1", "r-3 c-1", "r-4 c-1"]),
        ("ACCESS", vec!["r-5 k-1"]),
        ("S-2", vec!["q-2 s-2"]),
    ] {
        let filter = ImplementationFilter {
            component: Some(component),
            ..none
        };
        assert_eq!(listed(filter), expected, "{component}");
    }
    let filter = ImplementationFilter {
        kind: Some(ImplementationKind::Capability),
        ..none
    };
    assert_eq!(listed(filter), ["r-5 k-1"]);
    let filter = ImplementationFilter {
        document: Some(&uuid(2)),
        control: Some("ac-7"),
        ..none
    };
    assert_eq!(listed(filter), ["q-3 "]);
    let filter = ImplementationFilter {
        control: Some("ac-2.1"),
        ..none
    };
    assert!(
        listed(filter).is_empty(),
        "an enhancement is a control of its own"
    );
}

#[test]
fn what_is_said_for_a_component_is_read_and_filled_in() {
    let library = all();
    let view = library.view(|_| true);
    let one = |control, at: usize| {
        let filter = ImplementationFilter {
            control: Some(control),
            ..ImplementationFilter::default()
        };
        implementations(&view, filter, at, 1).items.remove(0)
    };
    let requirement = one("ac-1", 0);
    assert_eq!(
        requirement.text,
        "For all and [unknown parameter: ac-2_p]."
            .replace("[unknown parameter: ac-2_p]", "[Assignment: who]")
    );
    assert_eq!(requirement.statements[0].text, "Part a.");
    assert_eq!(requirement.status.as_deref(), Some("implemented"));
    let component = requirement.component.expect("a component");
    assert_eq!(component.component_type.as_deref(), Some("software"));

    let second = one("ac-6", 1);
    assert_eq!(second.text, "By s-2 for s-2.");
    assert_eq!(second.status.as_deref(), Some("implemented"));
    assert_eq!(second.statements.len(), 1);
    assert_eq!(second.statements[0].status.as_deref(), Some("partial"));
    assert_eq!(second.component.map(|c| c.title).as_deref(), Some(""));
    let first = one("ac-6", 0);
    assert_eq!(
        (first.text.as_str(), first.statements.len()),
        ("By s-1 for s-1.", 0)
    );
    assert_eq!(first.component.map(|c| c.title).as_deref(), Some("Policy"));
}

#[test]
fn coverage_is_what_a_plan_says_or_the_best_that_components_say() {
    let library = all();
    let view = library.view(|_| true);
    let profile = view.document(&uuid(3)).expect("the profile");
    let baseline = resolve_profile(&view, profile, None).expect("resolves");
    let coverage = coverage(
        &view,
        baseline.controls.iter().cloned(),
        ImplementationFilter::default(),
    );
    let levels: Vec<_> = coverage
        .controls
        .iter()
        .map(|c| (c.control.id(), c.level))
        .collect();
    assert_eq!(
        levels,
        [
            ("ac-1", CoverageLevel::Implemented),
            ("ac-2", CoverageLevel::Stated),
            ("ac-2.1", CoverageLevel::Missing),
            ("ac-3", CoverageLevel::Missing),
            ("ac-4", CoverageLevel::Partial),
            ("ac-5", CoverageLevel::NotApplicable),
            ("ac-6", CoverageLevel::Partial),
            ("ac-7", CoverageLevel::Missing),
        ]
    );
    let gaps: Vec<_> = coverage.gaps().map(|c| c.control.id()).collect();
    assert_eq!(gaps, ["ac-2.1", "ac-3", "ac-4", "ac-6", "ac-7"]);
    let counts = coverage.counts;
    assert_eq!((counts.total, counts.missing, counts.gaps()), (8, 3, 5));
    assert!((counts.percent(counts.missing) - 37.5).abs() < f64::EPSILON);
    assert!((counts.percent_of_applicable(counts.covered()) - 28.6).abs() < f64::EPSILON);
    assert!((CoverageCounts::default().percent(0) - 0.0).abs() < f64::EPSILON);
}

#[test]
fn statuses_of_statements_come_to_one() {
    let status = |states: &[&str]| {
        let statements: Vec<_> = states
            .iter()
            .map(|state| json!({"statement-id": "s", "by-components": [{"component-uuid": "c", "description": "d",
                "implementation-status": {"state": state}}]}))
            .collect();
        let read: Requirement =
            serde_json::from_value(json!({"statements": statements})).expect("a requirement");
        read.share_of(Some("c")).status()
    };
    assert_eq!(status(&["planned", "planned"]).as_deref(), Some("planned"));
    assert_eq!(
        status(&["implemented", "planned"]).as_deref(),
        Some("partial")
    );
    assert_eq!(status(&[]), None);
}

proptest! {
    #[test]
    fn takes_any_requirement(value in any_json(), name in "by-components|statements|description|props|set-parameters") {
        let with = |value: &Value| json!({"uuid": "r", "control-id": "ac-1", &name: value.clone()});
        let requirements = json!([with(&value), with(&json!([value.clone()]))]);
        let library = library(&[
            ("catalog", catalog()),
            ("component-definition", json!({"components": [{"uuid": "c", "control-implementations": [{"implemented-requirements": requirements.clone()}]}]})),
            ("system-security-plan", json!({"control-implementation": {"implemented-requirements": requirements}})),
        ]);
        let page = implementations(&library.view(|_| true), ImplementationFilter::default(), 0, 10);
        prop_assert_eq!(page.items.len(), page.total);
    }
}
