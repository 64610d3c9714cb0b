//! Mapping collections of the field are counted and looked up against a count of their JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use oscal_documents::{Document, Library, Limits, MappingFilter, control_key, find_maps};
use serde_json::Value;

use crate::environment;

/// The collections of the field, each with its JSON. Each is parsed anew, so that one that shares
/// its uuid with another counts too.
fn collections(folder: &Path, found: &mut Vec<(String, Value)>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collections(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Ok(text) = fs::read_to_string(&path)
            && text.contains("\"mapping-collection\"")
            && let Ok(value) = serde_json::from_str::<Value>(&text)
            && value["mapping-collection"].is_object()
        {
            found.push((path.display().to_string(), value));
        }
    }
}

/// The relationship and the ids on both sides of each map.
fn maps(collection: &Value) -> Vec<(String, [Vec<String>; 2])> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ids = |value: &Value| -> Vec<String> {
        let items = list(value);
        items
            .iter()
            .filter_map(|item| item["id-ref"].as_str().map(str::to_owned))
            .collect()
    };
    let mappings = list(&collection["mapping-collection"]["mappings"]);
    let maps = mappings.iter().flat_map(|mapping| list(&mapping["maps"]));
    maps.map(|map| {
        let relationship = map["relationship"].as_str().expect("a word").to_owned();
        (relationship, [ids(&map["sources"]), ids(&map["targets"])])
    })
    .collect()
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn all_maps_of_the_field_are_read_and_found_from_both_sides() {
    let Some(folder) = environment::field_documents() else {
        return;
    };
    let mut found = Vec::new();
    collections(&folder, &mut found);
    let mut total = 0;
    for (file, json) in &found {
        let text = json.to_string();
        Document::parse(file.clone(), text.clone(), false).expect("a document");
        let documents = [(file.as_str(), text.as_str())];
        let library = Library::load(&documents, None, Limits::default()).expect("loads");
        let view = library.view(|_| true);
        let counted = maps(json);
        let all = find_maps(&view, MappingFilter::default(), 0, usize::MAX);
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for (relationship, _) in &counted {
            *expected.entry(relationship.clone()).or_default() += 1;
        }
        let told = all
            .relationships
            .iter()
            .map(|(relationship, n)| (relationship.to_string(), *n));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "{file}");
        assert_eq!(
            (all.maps.total, all.unreadable),
            (counted.len(), 0),
            "{file}"
        );
        total += counted.len();

        let ids: BTreeSet<&String> = counted.iter().flat_map(|(_, ids)| ids).flatten().collect();
        for id in ids.into_iter().step_by(7) {
            let filter = MappingFilter {
                control: Some(id),
                ..MappingFilter::default()
            };
            let found = find_maps(&view, filter, 0, usize::MAX);
            // A control is meant by its parts, too; an id with an underscore may be such a part.
            let names = |ids: &Vec<String>| {
                ids.iter().any(|other| {
                    let owner = other
                        .split_once('_')
                        .map_or(other.as_str(), |(owner, _)| owner);
                    let key = control_key(id);
                    control_key(other) == key || control_key(owner) == key
                })
            };
            let (mut expected, mut inverted) = (0, 0);
            for (_, [sources, targets]) in &counted {
                let from_source = names(sources);
                expected += usize::from(from_source || names(targets));
                inverted += usize::from(!from_source && names(targets));
            }
            let backward = found.maps.items.iter().filter(|map| map.inverted).count();
            assert_eq!(
                (found.maps.total, backward),
                (expected, inverted),
                "{file}: {id}"
            );
        }
    }
    assert!(
        found.len() >= 7 && total >= 1_300,
        "{} files, {total} maps",
        found.len()
    );
}
