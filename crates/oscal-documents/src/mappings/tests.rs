//! Tests of mappings, read in both directions, and of coverage through them.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::json::any::any_json;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::mappings::coverage::{
    CoveredFramework, MappedLevel, MappingCoverage, ThroughMapping, mapping_coverage,
};
use crate::mappings::query::{ControlMap, FoundMaps, MappingFilter, find_maps, mapped_frameworks};

const HOUSE: &str = "00000000-0000-4000-8000-000000000001";
const ISO: &str = "00000000-0000-4000-8000-000000000002";
const MAPPING: &str = "00000000-0000-4000-8000-000000000003";

fn library(files: &[(&str, Value)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, document) in files {
        fs::write(directory.path().join(name), document.to_string()).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

fn catalog(uuid: &str, title: &str, controls: &[(&str, &str, &str)]) -> Value {
    let controls: Vec<_> = controls
        .iter()
        .map(|(id, label, title)| {
            json!({"id": id, "title": title, "props": [{"name": "label", "value": label}],
                   "parts": [{"name": "statement", "id": format!("{id}_smt")}]})
        })
        .collect();
    json!({"catalog": {"uuid": uuid, "metadata": {"title": title, "version": "2"}, "controls": controls}})
}

fn house() -> Value {
    let controls = [
        ("h-1", "H-1", "Keys"),
        ("h-2", "H-2", "Guests"),
        ("h-3", "H-3", "Doors"),
    ];
    catalog(HOUSE, "House rules", &controls)
}

fn iso() -> Value {
    let controls = [
        ("iso_5.15", "5.15", "Access control"),
        ("iso_5.16", "5.16", "Identities"),
        ("iso_5.17", "5.17", "Secrets"),
        ("iso_7.1", "7.1", "Perimeters"),
        ("iso_8.1", "8.1", "Devices"),
    ];
    catalog(ISO, "ISO 27001 Annex A", &controls)
}

fn map(relationship: &str, sources: &[&str], targets: &[&str]) -> Value {
    let items = |ids: &[&str]| -> Vec<Value> {
        let kind = |id: &str| {
            if id.contains("_smt") {
                "statement"
            } else {
                "control"
            }
        };
        ids.iter()
            .map(|id| json!({"type": kind(id), "id-ref": id}))
            .collect()
    };
    json!({"uuid": "m", "relationship": relationship, "sources": items(sources), "targets": items(targets)})
}

fn collection(maps: &[Value]) -> Value {
    json!({"mapping-collection": {
        "uuid": MAPPING, "metadata": {"title": "House to ISO"},
        "provenance": {"method": "human", "matching-rationale": "semantic", "status": "draft",
                       "confidence-score": {"percentage": 0.9}},
        "mappings": [{
            "uuid": "x", "status": "complete",
            "source-resource": {"type": "catalog", "href": "house.json"},
            "target-resource": {"type": "catalog", "href": "iso.json"},
            "source-gap-summary": {"uuid": "g", "unmapped-controls": [
                {"with-ids": ["h-9"]}, {"matching": [{"pattern": "z-*"}]}]},
            "maps": maps,
        }],
    }})
}

fn all() -> Library {
    let mut qualified = map("subset-of", &["h-1"], &["iso_5.15", "iso_5.16"]);
    qualified["qualifiers"] = json!([{"subject": "source", "predicate": "has-requirement",
        "category": "restricted", "description": "Only doors.", "remarks": "See 4."}]);
    qualified["confidence-score"] = json!({"category": "high"});
    library(&[
        ("house.json", house()),
        ("iso.json", iso()),
        (
            "mapping.json",
            collection(&[
                qualified,
                map("superset-of", &["h-2"], &["iso_5.17"]),
                map("equal-to", &["h-3", "h-2"], &["iso_7.1"]),
                map("helps-with", &["h-3"], &["iso_5.15"]),
                map("equivalent-to", &["h-1_smt"], &["iso_5.16_smt"]),
            ]),
        ),
    ])
}

fn asked(library: &Library, filter: MappingFilter<'_>) -> FoundMaps {
    find_maps(&library.view(|_| true), filter, 0, 100)
}

/// `from relationship to` of each map.
fn told(found: &FoundMaps) -> Vec<String> {
    let ids = |map: &ControlMap, to: bool| {
        let controls = if to { &map.to } else { &map.from };
        let ids: Vec<_> = controls.iter().map(|control| control.id.as_str()).collect();
        ids.join("+")
    };
    let maps = found.maps.items.iter();
    maps.map(|map| {
        format!(
            "{} {} {}",
            ids(map, false),
            map.relationship,
            ids(map, true)
        )
    })
    .collect()
}

#[test]
fn a_control_is_found_on_either_side_by_any_of_its_names() {
    let library = all();
    let control = |control| MappingFilter {
        control: Some(control),
        ..MappingFilter::default()
    };
    for name in ["h-1", "H-01"] {
        let found = asked(&library, control(name));
        assert_eq!(
            told(&found),
            [
                "h-1 subset-of iso_5.15+iso_5.16",
                "h-1_smt equivalent-to iso_5.16_smt"
            ],
            "{name}"
        );
        assert_eq!(found.mappings[0].to.title, "ISO 27001 Annex A");
        let first = &found.maps.items[0];
        let title = first.to[1]
            .control
            .as_ref()
            .map(|control| control.title.as_str());
        assert_eq!(title, Some("Identities"));
        assert_eq!(first.confidence.as_deref(), Some("high"));
    }
    for name in ["5.15", "iso_5.15"] {
        let found = asked(&library, control(name));
        let expected = [
            "iso_5.15+iso_5.16 superset-of h-1",
            "iso_5.15 helps-with h-3",
        ];
        assert_eq!(told(&found), expected, "{name}");
        assert!(found.maps.items.iter().all(|map| map.inverted));
        assert_eq!(found.mappings[0].to.title, "House rules");
        let [qualifier] = &found.maps.items[0].qualifiers[..] else {
            panic!("{found:?}");
        };
        assert_eq!(qualifier.subject, "target", "the house is the target now");
        assert_eq!(qualifier.description, "Only doors. See 4.");
    }
    let found = asked(&library, control("h-4"));
    assert_eq!((found.maps.total, found.mappings[0].maps), (0, 5));
    assert!(!found.mappings[0].declares_unmapped);
    for unmapped in ["H-9", "z-4"] {
        let found = asked(&library, control(unmapped));
        assert!(found.mappings[0].declares_unmapped, "{unmapped}");
    }
}

#[test]
fn frameworks_are_named_by_words_of_their_title_or_by_id() {
    let library = all();
    for (to, expected) in [
        ("ISO 27001", Some("h-2 superset-of iso_5.17")),
        ("iso.json", Some("h-2 superset-of iso_5.17")),
        (ISO, Some("h-2 superset-of iso_5.17")),
        ("house", Some("iso_5.17 subset-of h-2")),
        ("NIST", None),
        ("", None),
    ] {
        let filter = MappingFilter {
            to: Some(to),
            ..MappingFilter::default()
        };
        let found = asked(&library, filter);
        assert_eq!(told(&found).get(1).map(String::as_str), expected, "{to}");
        assert_eq!(found.maps.total, if expected.is_some() { 5 } else { 0 });
    }
    let filter = MappingFilter {
        relationship: Some("Subset-Of"),
        to: Some("house"),
        ..MappingFilter::default()
    };
    assert_eq!(told(&asked(&library, filter)), ["iso_5.17 subset-of h-2"]);
    let names = mapped_frameworks(&library.view(|_| true));
    let titles: Vec<_> = names.iter().map(|name| name.title.as_str()).collect();
    assert_eq!(titles, ["House rules", "ISO 27001 Annex A"]);
    // What a mapping says of itself goes before the provenance of the collection.
    let origin = &asked(&library, MappingFilter::default()).mappings[0].origin;
    let told = [&origin.method, &origin.status, &origin.confidence];
    assert_eq!(
        told.map(|text| text.as_deref()),
        [Some("human"), Some("complete"), Some("0.9")]
    );
}

#[test]
fn a_map_that_does_not_follow_the_model_hides_no_other() {
    let library = library(&[(
        "mapping.json",
        collection(&[
            json!(7),
            json!({"relationship": {"type": "subset-of"}, "sources": 5,
                   "targets": [{"id-ref": 8.5}, "x"], "qualifiers": {}}),
            map("equal-to", &["h-1"], &["a"]),
        ]),
    )]);
    let found = asked(&library, MappingFilter::default());
    assert_eq!(found.unreadable, 1);
    assert_eq!(told(&found), [" subset-of 8.5", "h-1 equal-to a"]);
    assert_eq!(found.mappings[0].from.title, "house.json");
    assert_eq!(found.mappings[0].from.document, None);
}

/// `id level through` of each control.
fn levels(coverage: &MappingCoverage<'_>) -> Vec<String> {
    let controls = coverage.controls.iter();
    let level = |level| match level {
        MappedLevel::Whole => "whole",
        MappedLevel::Part => "part",
        MappedLevel::Unclear => "unclear",
        MappedLevel::NoRelationship => "no",
        MappedLevel::Unmapped => "unmapped",
    };
    let through = |through| match through {
        ThroughMapping::Covered => "covered",
        ThroughMapping::PartlyCovered => "partly",
        ThroughMapping::NotCovered => "not",
    };
    controls
        .map(|c| format!("{} {} {}", c.id, level(c.level), through(c.through)))
        .collect()
}

#[test]
fn coverage_follows_from_relationships_and_what_is_implemented() {
    let implemented = |controls: &[&str]| {
        let requirements: Vec<_> = controls
            .iter()
            .map(|control| {
                json!({"uuid": "r", "control-id": control, "description": "Done.", "props": [
                    {"name": "implementation-status", "value": "implemented"}]})
            })
            .collect();
        json!({"component-definition": {
            "uuid": "00000000-0000-4000-8000-000000000004", "metadata": {"title": "Locks"},
            "components": [{"uuid": "c", "type": "hardware", "title": "Door", "description": "",
                "control-implementations": [{"uuid": "i", "source": "house.json", "description": "",
                    "implemented-requirements": requirements}]}]}})
    };
    let maps = [
        map("subset-of", &["h-1"], &["iso_5.15", "iso_5.16"]),
        map("superset-of", &["h-2"], &["iso_5.17", "iso_5.16_smt"]),
        map("equal-to", &["h-3", "h-2"], &["iso_7.1"]),
        map("no-relationship", &["h-1"], &["iso_8.1"]),
    ];
    for (done, expected) in [
        (
            vec!["h-1", "h-2"],
            [
                "iso_5.15 part partly",
                "iso_5.16 part partly",
                "iso_5.17 whole covered",
                "iso_7.1 whole partly",
                "iso_8.1 no not",
            ],
        ),
        (
            vec!["h-3", "h-2"],
            [
                "iso_5.15 part not",
                "iso_5.16 part partly",
                "iso_5.17 whole covered",
                "iso_7.1 whole covered",
                "iso_8.1 no not",
            ],
        ),
        (
            vec![],
            [
                "iso_5.15 part not",
                "iso_5.16 part not",
                "iso_5.17 whole not",
                "iso_7.1 whole not",
                "iso_8.1 no not",
            ],
        ),
    ] {
        let library = library(&[
            ("house.json", house()),
            ("iso.json", iso()),
            ("mapping.json", collection(&maps)),
            ("locks.json", implemented(&done)),
        ]);
        let view = library.view(|_| true);
        let document = view.document(ISO).expect("the catalog");
        let iso = CoveredFramework::Loaded(document, document.controls().collect());
        let coverage = mapping_coverage(&view, &iso, None);
        assert_eq!(levels(&coverage), expected, "{done:?}");
        assert_eq!(coverage.has_implementations, !done.is_empty());
        assert!(coverage.is_complete);
        assert_eq!(coverage.through[0].2.title, "House rules");
        // The other direction: 7.1 is equal to h-2 and h-3 together, and 5.15 to more than h-1.
        let document = view.document(HOUSE).expect("the catalog");
        let house = CoveredFramework::Loaded(document, document.controls().collect());
        let coverage = mapping_coverage(&view, &house, Some(MAPPING));
        assert_eq!(
            levels(&coverage),
            ["h-1 whole not", "h-2 whole not", "h-3 whole not"]
        );
    }
}

#[test]
fn of_a_framework_that_is_not_loaded_only_mapped_controls_count() {
    let library = library(&[(
        "mapping.json",
        collection(&[map("subset-of", &["h-1", "h-2_smt.a"], &["iso_5.15"])]),
    )]);
    let view = library.view(|_| true);
    let coverage = mapping_coverage(&view, &CoveredFramework::Named("house"), None);
    assert_eq!(
        levels(&coverage),
        ["h-9 unmapped not", "h-1 whole not", "h-2 part not"]
    );
    assert!(!coverage.is_complete);
    let coverage = mapping_coverage(&view, &CoveredFramework::Named("nobody"), None);
    assert!(coverage.through.is_empty());
}

proptest! {
    #[test]
    fn takes_any_collection(value in any_json(), name in "maps|source-resource|target-resource|source-gap-summary|coverage|status") {
        let mut document = collection(&[value.clone(), map("equal-to", &["h-1"], &["iso_5.15"])]);
        document["mapping-collection"]["mappings"][0][&name] = value;
        let library = library(&[("house.json", house()), ("mapping.json", document)]);
        let view = library.view(|_| true);
        let filter = MappingFilter { control: Some("h-1"), ..MappingFilter::default() };
        let found = find_maps(&view, filter, 0, 10);
        prop_assert_eq!(found.maps.items.len(), found.maps.total);
        mapping_coverage(&view, &CoveredFramework::Named("house"), None);
    }
}
