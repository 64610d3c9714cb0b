//! Comparisons of published catalogs agree with a comparison of their JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use oscal_documents::{ChangeKind, Document, compare_catalogs, compare_objects, word_diff};
use serde_json::Value;

use crate::environment;

/// Each control's JSON, without the controls below it, by id.
fn controls(value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(list)) = members.get("controls") {
                for control in list {
                    let mut own = control.clone();
                    own.as_object_mut().expect("an object").remove("controls");
                    found.insert(control["id"].as_str().expect("an id").to_owned(), own);
                }
            }
            for value in members.values() {
                controls(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| controls(value, found)),
        _ => {}
    }
}

/// All text of a part or parameter, in its order, with white space as one space.
fn text(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            let words: Vec<_> = text.split_whitespace().collect();
            *out += &format!("{}\n", words.join(" "));
        }
        Value::Array(list) => list.iter().for_each(|value| text(value, out)),
        Value::Object(members) => members.values().for_each(|value| text(value, out)),
        _ => {}
    }
}

fn same(one: &Value, other: &Value, member: &str) -> bool {
    let (mut old, mut new) = (String::new(), String::new());
    text(&one[member], &mut old);
    text(&other[member], &mut new);
    old == new
}

fn parsed(path: &Path) -> (Document, BTreeMap<String, Value>) {
    let json = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut found = BTreeMap::new();
    controls(&serde_json::from_str(&json).expect("JSON"), &mut found);
    let name = path.display().to_string();
    (
        Document::parse(name, json, false).expect("a document"),
        found,
    )
}

fn is_withdrawn(control: &Value) -> bool {
    let props = control["props"].as_array();
    let mut props = props.into_iter().flatten();
    props.any(|prop| prop["name"] == "status" && prop["value"] == "withdrawn")
}

/// A file of the field whose path ends so.
fn find(folder: &Path, end: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a directory");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths.into_iter().find_map(|path| match path.is_dir() {
        true => find(&path, end),
        false => path.ends_with(end).then_some(path),
    })
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn published_editions_differ_as_their_json_does() {
    let (Some(nist), Some(field)) = (
        environment::nist_documents(),
        environment::field_documents(),
    ) else {
        return;
    };
    let of_field = |end: &str| find(&field, end).unwrap_or_else(|| panic!("no {end}"));
    let low = nist.join("NIST_SP-800-53_rev5_LOW-baseline-resolved-profile_catalog.json");
    let moderate = nist.join("NIST_SP-800-53_rev5_MODERATE-baseline-resolved-profile_catalog.json");
    let catalog = nist.join("NIST_SP-800-53_rev5_catalog.json");
    let rev_4_low = of_field("NIST_SP-800-53_rev4_LOW-baseline-resolved-profile_catalog.json");
    let rev_4_high = of_field("NIST_SP-800-53_rev4_HIGH-baseline-resolved-profile_catalog.json");
    for (old, new) in [
        (&low, &moderate),
        (&moderate, &low),
        (&low, &catalog),
        (&rev_4_low, &low),
        (&rev_4_low, &rev_4_high),
        (&rev_4_high, &catalog),
    ] {
        let ((old, before), (new, after)) = (parsed(old), parsed(new));
        let (name, comparison) = (format!("{old:?} {new:?}"), compare_catalogs(&old, &new));
        let mut by_id: BTreeMap<&str, &[ChangeKind]> = BTreeMap::new();
        for change in &comparison.changes {
            let control = change.control().expect("a control");
            by_id.insert(control.id(), &change.kinds);
            // Each text that is said to differ has words that do.
            let detail = change.detail();
            for text in detail.texts.iter().chain(&detail.assessment) {
                assert!(
                    text.diff.contains("[-") || text.diff.contains("{+"),
                    "{name}: {text:?}"
                );
            }
        }
        let renamed = comparison
            .counts
            .kinds
            .get(&ChangeKind::Renamed)
            .copied()
            .unwrap_or(0);
        let (ids, new_ids): (BTreeSet<_>, BTreeSet<_>) =
            (before.keys().collect(), after.keys().collect());
        // What is withdrawn already when it comes, or was when it goes, is not a change.
        let only = |one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
            let only = one.iter().filter(|(id, _)| !other.contains_key(*id));
            let in_force = only.filter(|(_, control)| !is_withdrawn(control));
            in_force.count()
        };
        let count = |kind| comparison.counts.kinds.get(&kind).copied().unwrap_or(0);
        assert_eq!(
            count(ChangeKind::Added) + renamed,
            only(&after, &before),
            "{name}"
        );
        assert_eq!(
            count(ChangeKind::Removed) + renamed,
            only(&before, &after),
            "{name}"
        );
        for id in ids.intersection(&new_ids) {
            let (one, other) = (&before[*id], &after[*id]);
            let kinds = by_id.get(id.as_str()).copied().unwrap_or_default();
            let has = |kind| kinds.contains(&kind);
            let title = one["title"] != other["title"];
            assert_eq!(has(ChangeKind::Title), title, "{name}: {id}");
            if same(one, other, "parts") && same(one, other, "params") && same(one, other, "props")
            {
                assert!(
                    !has(ChangeKind::Text) && !has(ChangeKind::Parameters),
                    "{name}: {id}"
                );
            }
            let withdrawn = has(ChangeKind::Withdrawn) || has(ChangeKind::Restored);
            let withdrawn = withdrawn || is_withdrawn(other);
            if !same(one, other, "params") && same(one, other, "parts") && !withdrawn {
                assert!(has(ChangeKind::Parameters), "{name}: {id} {kinds:?}");
            }
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn every_document_of_nist_is_the_same_as_itself() {
    let Some(nist) = environment::nist_documents() else {
        return;
    };
    let mut compared = 0;
    for entry in std::fs::read_dir(nist).expect("a directory") {
        let path = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let Ok(document) = Document::parse(path.display().to_string(), text, false) else {
            continue;
        };
        assert_eq!(
            compare_objects(&document, &document).changes.len(),
            0,
            "{path:?}"
        );
        assert_eq!(
            compare_catalogs(&document, &document).changes.len(),
            0,
            "{path:?}"
        );
        assert_eq!(word_diff(document.json(), document.json()), "");
        compared += 1;
    }
    assert!(compared >= 13, "{compared}");
}
