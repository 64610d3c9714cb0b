//! Tests of whole resolutions.

mod change;
mod hostile;
mod imports;
mod own;

use std::fs;

use serde_json::{Value, json};

use crate::control::Control;
use crate::control::substitution::ParamValues;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::resolve::error::ResolveError;
use crate::resolve::resolved::resolve_profile;

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A library of catalogs (`c*.json`) and profiles (other file names) with these members. The number of
/// the file becomes its uuid.
fn library(files: &[(&str, Value)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (number, (file, members)) in files.iter().enumerate() {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().expect("a directory")).expect("created");
        let name = file.rsplit('/').next().unwrap_or(file);
        let model = if name.starts_with('c') {
            "catalog"
        } else {
            "profile"
        };
        let mut root = json!({
            "uuid": uuid(number),
            "metadata": {"title": file, "last-modified": "2026-01-01T00:00:00Z", "version": "1",
                         "oscal-version": "1.2.0"},
        });
        for (name, value) in members.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        let text = json!({ model: root }).to_string();
        fs::write(path, text).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

/// Groups a and b with controls a-1 (which contains a-1.1 and a-1.2), a-2, b-1 and one without a
/// group.
fn catalog() -> Value {
    let control = |id: &str, children: Value| {
        let prose = format!("{id} for {{{{ insert: param, {id}_p }}}}");
        json!({
            "id": id, "title": id.to_uppercase(),
            "params": [{"id": format!("{id}_p"), "label": "who"}],
            "props": [{"name": "label", "value": id}],
            "parts": [{"id": format!("{id}_s"), "name": "statement", "prose": prose}],
            "controls": children,
        })
    };
    let none = json!([]);
    json!({
        "controls": [control("loose", none.clone())],
        "groups": [
            {"id": "a", "title": "Group a", "controls": [
                control("a-1", json!([control("a-1.1", none.clone()), control("a-1.2", none.clone())])),
                control("a-2", none.clone()),
            ]},
            {"id": "b", "title": "Group b", "controls": [control("b-1", none)]},
        ],
    })
}

fn outcome(files: &[(&str, Value)], fallback: Option<&str>) -> Result<String, ResolveError> {
    let library = library(files);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let resolved = resolve_profile(&view, profile, fallback)?;
    let mut ids = Vec::new();
    for selected in &resolved.controls {
        let mark = if selected.implied { "?" } else { "" };
        ids.push(format!("{}{mark}", selected.control.id()));
    }
    for missing in &resolved.not_found {
        ids.push(format!("!{}", missing.control));
    }
    Ok(ids.join(" "))
}

/// Resolves a profile with these members that imports the catalog. Returns the ids of the controls.
fn ids(members: Value) -> String {
    match outcome(&[("p.json", members), ("c.json", catalog())], None) {
        Ok(ids) => ids,
        Err(error) => error.to_string(),
    }
}

fn import(mut select: Value) -> Value {
    select["href"] = json!("c.json");
    json!([select])
}

/// The resolved catalog, parsed by the loader.
fn resolved_catalog(files: &[(&str, Value)]) -> (Value, Vec<String>) {
    let library = library(files);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let resolved = resolve_profile(&view, profile, None).expect("resolves");
    let document = resolved.document().expect("a catalog");
    let expected: Vec<_> = resolved.controls.iter().map(|c| c.control.id()).collect();
    let ids: Vec<_> = document.controls().map(Control::id).collect();
    assert_eq!(ids, expected);
    let warnings = resolved.warnings.into_iter().map(|warning| warning.message);
    (
        document.value().expect("a tree")["catalog"].clone(),
        warnings.collect(),
    )
}

#[test]
fn controls_are_selected_and_excluded() {
    for (select, expected) in [
        (json!({"include-all": {}}), "loose a-1 a-1.1 a-1.2 a-2 b-1"),
        (json!({}), "loose a-1 a-1.1 a-1.2 a-2 b-1"),
        (
            json!({"include-controls": [{"with-ids": ["b-1", "a-1", "x-1"]}]}),
            "a-1 b-1 !x-1",
        ),
        (
            json!({"include-controls": [{"with-ids": ["a-1"], "with-child-controls": "yes"}]}),
            "a-1 a-1.1 a-1.2",
        ),
        (
            json!({"include-controls": [{"with-ids": ["a-1.2"]}]}),
            "a-1? a-1.2",
        ),
        (
            json!({"include-controls": [{"matching": [{"pattern": "?-1"}]}]}),
            "a-1 b-1",
        ),
        (
            json!({"include-controls": [{"matching": [{"pattern": "a-*.1"}], "with-ids": ["b-1"]}]}),
            "a-1? a-1.1 b-1",
        ),
        (
            json!({"include-all": {}, "exclude-controls": [{"with-ids": ["a-1", "y"]}]}),
            "loose a-1.1 a-1.2 a-2 b-1",
        ),
        (
            json!({"include-all": {}, "exclude-controls": [{"with-ids": ["a-1"], "with-child-controls": "yes"}]}),
            "loose a-2 b-1",
        ),
        (
            json!({"include-controls": [{"with-ids": ["a-2"]}], "exclude-controls": [{"matching": [{"pattern": "a*"}]}]}),
            "",
        ),
    ] {
        assert_eq!(
            ids(json!({"imports": import(select.clone()), "merge": {"as-is": true}})),
            expected,
            "{select}"
        );
    }
}

#[test]
fn the_result_is_structured_as_merge_says() {
    let all = || import(json!({"include-all": {}}));
    let shape = |merge: Value| {
        let members = match merge {
            Value::Null => json!({"imports": all()}),
            merge => json!({"imports": all(), "merge": merge}),
        };
        resolved_catalog(&[("p.json", members), ("c.json", catalog())]).0
    };
    for merge in [
        Value::Null,
        json!({"flat": {}}),
        json!({"as-is": false}),
        json!({"combine": {}}),
    ] {
        let flat = shape(merge);
        assert!(flat.get("groups").is_none());
        assert_eq!(flat["controls"][1]["controls"][0]["id"], "a-1.1");
        assert_eq!(flat["controls"][3]["id"], "b-1");
    }
    let as_is = shape(json!({"as-is": true}));
    assert_eq!(as_is["groups"][0]["title"], "Group a");
    assert_eq!(as_is["groups"][1]["controls"][0]["id"], "b-1");
    assert_eq!(as_is["controls"][0]["id"], "loose");

    let custom = shape(json!({"custom": {
        "insert-controls": [{"include-controls": [{"with-ids": ["b-1"]}]}],
        "groups": [{"id": "g", "title": "New", "props": [{"name": "x", "value": "y"}], "groups": [
            {"title": "Inner", "insert-controls": [
                {"order": "descending", "include-controls": [{"matching": [{"pattern": "a-?"}], "with-child-controls": "yes"}]}]},
            {"title": "Empty"},
        ]}],
    }}));
    assert_eq!(custom["controls"][0]["id"], "b-1");
    let inner = &custom["groups"][0]["groups"];
    assert_eq!(custom["groups"][0]["props"][0]["value"], "y");
    assert_eq!(inner.as_array().map(Vec::len), Some(1));
    assert_eq!(inner[0]["controls"][0]["id"], "a-2");
    assert_eq!(inner[0]["controls"][1]["controls"][1]["id"], "a-1.2");
}

#[test]
fn controls_of_several_imports_are_combined() {
    let plain = json!({"href": "c.json", "include-controls": [{"with-ids": ["a-2", "a-1"]}]});
    let changed = json!({"href": "q.json", "include-all": {}});
    let q = json!({
        "imports": import(json!({"include-controls": [{"with-ids": ["a-1.1", "a-1"]}]})),
        "merge": {"as-is": true},
        "modify": {"alters": [{"control-id": "a-1", "adds": [{"props": [{"name": "n", "value": "v"}]}]}]},
    });
    let files = |imports: Value, method: &str| {
        let merge = json!({"as-is": true, "combine": {"method": method}});
        [
            ("p.json", json!({"imports": imports, "merge": merge})),
            ("c.json", catalog()),
            ("q.json", q.clone()),
        ]
    };
    let has_prop = |catalog: &Value| {
        catalog["groups"][0]["controls"][0]["props"]
            .get(1)
            .is_some()
    };
    for (imports, method, prop) in [
        (json!([plain, changed]), "use-first", false),
        (json!([changed, plain]), "use-first", true),
        (json!([plain, changed]), "merge", true),
    ] {
        let (catalog, warnings) = resolved_catalog(&files(imports, method));
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(has_prop(&catalog), prop, "{method}");
        let group = &catalog["groups"][0]["controls"];
        assert_eq!(group[0]["controls"][0]["id"], "a-1.1");
        assert_eq!(group[1]["id"], "a-2");
    }
    let (kept_once, _) = resolved_catalog(&files(json!([plain, plain]), "keep"));
    assert_eq!(
        kept_once["groups"][0]["controls"].as_array().map(Vec::len),
        Some(2)
    );

    let library = library(&files(json!([plain, changed]), "keep"));
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let kept = resolve_profile(&view, profile, None).expect("resolves");
    let ids: Vec<_> = kept.controls.iter().map(|c| c.control.id()).collect();
    assert_eq!(ids, ["a-1", "a-2", "a-1", "a-1.1"]);
    let [warning] = &kept.warnings[..] else {
        panic!("{:?}", kept.warnings);
    };
    assert!(
        warning.message.contains("in the result 2 times"),
        "{warning:?}"
    );
    let catalog = kept.document().expect("one clash does not hide the others");
    let served: Vec<_> = catalog.controls().map(Control::id).collect();
    assert_eq!(served, ids);
    let first = catalog.control("a-1").expect("the first one");
    assert_eq!(first.enhancements().count(), 0);
    assert_eq!(catalog.find_controls("A-1").len(), 2);
}
