//! Tests of whole resolutions.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::files::Limits;
use super::super::library::Library;
use super::*;

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A library of files with these members of catalogs (`c*.json`) and profiles (other names). The
/// number of the file makes its uuid.
fn library(files: &[(&str, Value)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (number, (file, members)) in files.iter().enumerate() {
        let model = if file.starts_with('c') {
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
        fs::write(directory.path().join(file), text).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

/// Groups a and b with controls a-1 (and a-1.1, a-1.2 within it), a-2, b-1 and a loose one.
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

/// Resolves a profile with these members that imports the catalog; ids of the controls.
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

/// What the resolved catalog is, parsed by the loader.
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
    assert_eq!(kept.warnings.len(), 1);
    assert!(matches!(
        kept.document(),
        Err(ResolveError::Duplicate { .. })
    ));
}

#[test]
fn parameters_are_set_and_reported() {
    let set = json!([
        {"param-id": "a-1_p", "values": ["nobody"], "label": "whom", "constraints": [{"description": "c"}]},
        {"param-id": "a-1_p", "values": ["everybody"]},
        {"param-id": "b-1_p", "values": ["x"]},
        {"param-id": "nothing", "values": ["x"]},
    ]);
    let members = json!({
        "imports": import(json!({"include-controls": [{"with-ids": ["a-1"]}]})),
        "modify": {"set-parameters": set},
    });
    let library = library(&[("p.json", members), ("c.json", catalog())]);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let resolved = resolve_profile(&view, profile, None).expect("resolves");
    let [change] = &resolved.param_changes[..] else {
        panic!("{:?}", resolved.param_changes);
    };
    assert_eq!(
        (change.param.as_str(), change.control.as_deref()),
        ("a-1_p", Some("a-1"))
    );
    assert_eq!(change.old.label.as_deref(), Some("who"));
    assert_eq!(change.new.values, ["everybody"]);
    assert_eq!(change.other, ["constraints"]);
    let warnings: Vec<_> = resolved
        .warnings
        .iter()
        .map(|w| w.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "sets the parameter `b-1_p`, which only controls have that are not selected",
            "sets the parameter `nothing`, which is unknown",
        ]
    );
    let expected = "a-1 for everybody";
    let document = resolved.document().expect("a catalog");
    let view_of = |control: Option<Control<'_>>, values: &ParamValues| {
        control.and_then(|control| control.view(values).statement().map(str::to_owned))
    };
    let statement = view_of(document.control("a-1"), &ParamValues::new());
    assert_eq!(statement.as_deref(), Some(expected));
    let values = resolved.param_values();
    let statement = view_of(Some(resolved.controls[0].control), &values);
    assert_eq!(statement.as_deref(), Some(expected));
}

#[test]
fn profiles_import_profiles_and_change_what_those_changed() {
    let q = json!({
        "imports": [{"href": "c.json", "include-controls": [{"with-ids": ["a-1", "a-2"]}]}],
        "merge": {"as-is": true},
        "modify": {
            "set-parameters": [{"param-id": "a-1_p", "values": ["first"]}],
            "alters": [{"control-id": "a-1", "removes": [{"by-item-name": "prop"}],
                "adds": [{"parts": [{"id": "new", "name": "guidance"}]}]}],
        },
    });
    let p = json!({
        "imports": [{"href": "#00000000-0000-4000-8000-00000000000a", "include-controls": [{"with-ids": ["a-1", "b-1"]}]}],
        "modify": {
            "set-parameters": [{"param-id": "a-1_p", "values": ["second"]}],
            "alters": [{"control-id": "a-1", "adds": [{"by-id": "new", "props": [{"name": "n", "value": "v"}]}]},
                       {"control-id": "gone"}],
        },
        "back-matter": {"resources": [{"uuid": "00000000-0000-4000-8000-00000000000a",
            "rlinks": [{"href": "../xml/q.xml"}, {"href": "../json/q.json"}]}]},
    });
    let files = [("p.json", p), ("c.json", catalog()), ("q.json", q)];
    assert_eq!(outcome(&files, None).expect("resolves"), "a-1 !b-1");
    let (catalog, warnings) = resolved_catalog(&files);
    assert_eq!(
        warnings,
        ["alters the control `gone`, which is not selected"]
    );
    let control = &catalog["controls"][0];
    assert_eq!(control["params"][0]["values"], json!(["second"]));
    assert!(control.get("props").is_none());
    assert_eq!(control["parts"][1]["props"][0]["name"], "n");
}

#[test]
fn parameters_and_resources_are_there_if_they_are_referred_to() {
    let resource = |n: usize, keep: bool| {
        let props = if keep {
            json!([{"name": "keep", "value": "always"}])
        } else {
            json!([])
        };
        json!({"uuid": uuid(100 + n), "props": props})
    };
    let c = json!({
        "params": [{"id": "top"}, {"id": "unused"}],
        "groups": [
            {"id": "a", "title": "A", "params": [{"id": "in-a"}, {"id": "nested", "label": "{{ insert: param, top }}"}],
             "controls": [{"id": "a-1", "title": "t", "links": [{"href": format!("#{}", uuid(101))}],
                "parts": [{"name": "s", "prose": format!("{{{{ insert: param, nested }}}} {{{{ insert: param, z_p }}}} [x](#{})", uuid(102))}]}]},
            {"id": "z", "title": "Z", "controls": [{"id": "z-1", "title": "t", "params": [{"id": "z_p"}]}]},
        ],
        "back-matter": {"resources": [resource(4, true), resource(1, false), resource(2, false), resource(3, false)]},
    });
    let p = |merge: Value| {
        json!({
            "imports": import(json!({"include-controls": [{"with-ids": ["a-1"]}]})),
            "merge": merge,
            "modify": {"set-parameters": [{"param-id": "top", "values": ["set"]}, {"param-id": "nested", "usage": "u"}]},
        })
    };
    let of = |merge: Value| resolved_catalog(&[("p.json", p(merge)), ("c.json", c.clone())]).0;
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items
            .map(|item| json::text(item, "id").to_owned() + json::text(item, "uuid"))
            .collect()
    };
    let as_is = of(json!({"as-is": true}));
    assert_eq!(names(&as_is["groups"][0]["params"]), ["nested"]);
    assert_eq!(as_is["groups"][0]["params"][0]["usage"], "u");
    let mut top = names(&as_is["params"]);
    top.sort();
    assert_eq!(top, ["top", "z_p"]);
    assert_eq!(
        names(&as_is["back-matter"]["resources"]),
        [uuid(104), uuid(101), uuid(102)]
    );
    assert_eq!(names(&of(json!({"flat": {}}))["params"]).len(), 3);
    let custom = of(
        json!({"custom": {"groups": [{"title": "G", "insert-controls": [{"include-all": {}}]}]}}),
    );
    assert_eq!(names(&custom["groups"][0]["params"]).len(), 3);
    assert!(custom.get("params").is_none());
}

#[test]
fn imports_that_are_not_loaded_are_named() {
    let p = |href: &str| {
        (
            "p.json",
            json!({"imports": [{"href": href, "include-all": {}}]}),
        )
    };
    let one = json!({"controls": [{"id": "x", "title": "X"}]});
    let files = |href: &str| vec![p(href), ("c.json", one.clone())];
    for href in [
        "c.json",
        "https://example.org/c.json?x#y",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "#00000000-0000-4000-8000-000000000001",
        "other/%63.xml",
    ] {
        assert_eq!(outcome(&files(href), None).expect(href), "x", "{href}");
    }
    for (href, message) in [
        ("gone.json", "no document has the file name `gone.json`"),
        ("#gone", "the profile has no such resource"),
        ("/", "does not say where it is"),
    ] {
        let error = outcome(&files(href), None).expect_err(href).to_string();
        assert!(
            error.contains(message) && error.contains("p.json"),
            "{error}"
        );
        assert_eq!(outcome(&files(href), Some(&uuid(1))).expect(href), "x");
    }
    let error = outcome(&files("c.json"), Some("gone")).expect_err("unknown");
    assert!(matches!(error, ResolveError::UnknownFallback(_)));
}

#[test]
fn hidden_documents_are_not_imported() {
    let p = json!({"imports": import(json!({"include-all": {}}))});
    let library = library(&[("p.json", p), ("c.json", catalog())]);
    let view = library.view(|info| info.title != "c.json");
    let profile = view.document(&uuid(0)).expect("the profile");
    let error = resolve_profile(&view, profile, None)
        .err()
        .expect("an error");
    assert!(
        matches!(error, ResolveError::ImportNotFound { .. }),
        "{error}"
    );
}

#[test]
fn circles_are_errors() {
    let p = |href: &str| json!({"imports": [{"href": href, "include-all": {}}]});
    let error = outcome(
        &[
            ("p.json", p("q.json")),
            ("q.json", p("r.json")),
            ("r.json", p("q.json")),
        ],
        None,
    );
    let error = error.expect_err("a circle").to_string();
    assert!(
        error.contains("`q.json` (00000000-0000-4000-8000-000000000001) imports `r.json`"),
        "{error}"
    );
    let own = outcome(&[("p.json", p("p.json"))], None);
    assert!(matches!(own, Err(ResolveError::Cycle(_))));
}

#[test]
fn unsupported_and_contradictory_directives_are_errors() {
    let all = json!({"href": "c.json", "include-all": {}});
    let with = |members: Value| {
        let mut profile = json!({"imports": [all]});
        for (name, value) in members.as_object().into_iter().flatten() {
            profile[name] = value.clone();
        }
        ids(profile)
    };
    let alter = |alter: Value| with(json!({"modify": {"alters": [alter]}}));
    for (message, expected) in [
        (with(json!({"imports": []})), "has no imports"),
        (
            with(json!({"imports": [{"href": "c.json", "include": {}}]})),
            "unknown field `include`",
        ),
        (
            with(
                json!({"imports": [{"href": "c.json", "include-all": {}, "include-controls": []}]}),
            ),
            "both include-all and include-controls",
        ),
        (
            with(json!({"merge": {"as-is": true, "flat": {}}})),
            "more than one of flat, as-is and custom",
        ),
        (
            with(json!({"merge": {"combine": {"method": "best"}}})),
            "unknown variant `best`",
        ),
        (
            with(json!({"merge": {"custom": {"insert-controls": [{"order": "random"}]}}})),
            "unknown variant `random`",
        ),
        (
            with(
                json!({"modify": {"set-parameters": [{"param-id": "a", "values": [], "select": {}}]}}),
            ),
            "both values and select",
        ),
        (
            alter(json!({"control-id": "a-1", "adds": [{"position": "beside"}]})),
            "unknown variant `beside`",
        ),
        (
            alter(json!({"control-id": "a-1", "removes": [{"by-item-name": "mapping"}]})),
            "unknown variant `mapping`",
        ),
        (
            alter(
                json!({"control-id": "a-1", "adds": [{"by-id": "a-1_s", "params": [{"id": "x"}]}]}),
            ),
            "parameters cannot be added to a part",
        ),
        (
            alter(
                json!({"control-id": "a-1", "adds": [{"by-id": "a-1_s", "position": "after", "title": "x"}]}),
            ),
            "title is added beside",
        ),
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let catalog = outcome(&[("c.json", catalog())], None);
    assert!(matches!(catalog, Err(ResolveError::NotAProfile { .. })));
}

#[test]
fn the_uuid_is_the_same_until_something_changes() {
    let p = json!({"imports": import(json!({"include-all": {}}))});
    let of = |catalog: Value| {
        resolved_catalog(&[("p.json", p.clone()), ("c.json", catalog)]).0["uuid"].clone()
    };
    let mut changed = catalog();
    changed["metadata"] = json!({"title": "c", "version": "2"});
    assert_eq!(of(catalog()), of(catalog()));
    assert_ne!(of(catalog()), of(changed));
}

#[test]
fn profiles_that_multiply_each_other_are_bounded() {
    let name = |n: usize| format!("q{n}.json");
    // Each level imports both profiles of the level below, which change everything.
    let level = |n: usize, side: usize| {
        let hrefs = if n == 0 {
            vec!["c.json".to_owned()]
        } else {
            vec![name(2 * n - 2), name(2 * n - 1)]
        };
        let imports: Vec<_> = hrefs
            .iter()
            .map(|href| json!({"href": href, "include-all": {}}))
            .collect();
        json!({
            "imports": imports,
            "merge": {"as-is": true, "combine": {"method": "merge"}},
            "modify": {"alters": [{"control-id": "a-1", "adds": [{"props": [{"name": format!("n{n}-{side}"), "value": "v"}]}]}]},
        })
    };
    for levels in [3, 28] {
        let names: Vec<_> = (0..2 * levels).map(name).collect();
        let top = level(levels, 0);
        let mut files = vec![("p.json", top), ("c.json", catalog())];
        for (at, file) in names.iter().enumerate() {
            files.push((file, level(at / 2, at % 2)));
        }
        let outcome = outcome(&files, None);
        assert_eq!(outcome.is_ok(), levels == 3, "{outcome:?}");
    }
    let chain: Vec<_> = (0..40).map(name).collect();
    let next = |n: usize| json!({"imports": [{"href": name(n), "include-all": {}}]});
    let mut files = vec![("p.json", next(0))];
    for (at, file) in chain.iter().enumerate() {
        files.push((file, next(at + 1)));
    }
    assert!(matches!(
        outcome(&files, None),
        Err(ResolveError::TooDeep(_))
    ));
}

/// Values that directives have, right and wrong ones.
fn directive_value() -> impl Strategy<Value = Value> {
    let ids = prop::sample::select(vec![
        "a-1", "a-1.1", "a-1_p", "a-1_s", "b-1", "*", "a-?", "x",
    ]);
    let words = prop::sample::select(vec![
        "yes",
        "keep",
        "merge",
        "use-first",
        "before",
        "after",
        "starting",
        "prop",
        "part",
        "ascending",
    ]);
    prop_oneof![
        ids.prop_map(Value::from),
        words.prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!({})),
        Just(json!([])),
        Just(json!(["a-1", "b-1"])),
        Just(json!([{"id": "a-1_s", "name": "statement", "prose": "{{ insert: param, b-1_p }}"}])),
        super::super::compact::tests::any_json(),
    ]
}

/// A profile with everything in it.
fn full_profile() -> Value {
    json!({
        "imports": [
            {"href": "c.json", "include-controls": [{"with-child-controls": "yes", "with-ids": ["a-1"], "matching": [{"pattern": "b-*"}]}],
             "exclude-controls": [{"with-ids": ["a-1.2"]}]},
            {"href": "q.json", "include-all": {}},
        ],
        "merge": {"combine": {"method": "merge"}, "custom": {
            "insert-controls": [{"order": "ascending", "include-all": {}}],
            "groups": [{"id": "g", "title": "G", "params": [{"id": "gp"}], "insert-controls": [{"include-controls": [{"with-ids": ["a-1"]}]}]}],
        }},
        "modify": {
            "set-parameters": [{"param-id": "a-1_p", "values": ["v"], "props": [{"name": "n", "value": "v"}]}],
            "alters": [{"control-id": "a-1", "removes": [{"by-name": "label", "by-item-name": "prop"}],
                "adds": [{"position": "after", "by-id": "a-1_s", "parts": [{"id": "n", "name": "x"}]}]}],
        },
    })
}

/// Puts a value somewhere in a tree: `path` chooses the branches.
fn put(tree: &mut Value, path: &[usize], value: Value) {
    let branches = match tree {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    let (Some(first), true) = (path.first(), branches > 0) else {
        *tree = value;
        return;
    };
    let branch = match tree {
        Value::Array(items) => items.get_mut(first % branches),
        Value::Object(members) => members.values_mut().nth(first % branches),
        _ => None,
    };
    if let Some(branch) = branch {
        put(branch, &path[1..], value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn takes_any_profile(
        changes in prop::collection::vec((prop::collection::vec(0_usize..4, 1..7), directive_value()), 0..4),
        in_source in any::<bool>(),
    ) {
        let mut p = full_profile();
        let mut q = json!({"imports": [{"href": "c.json", "include-all": {}}], "merge": {"as-is": true},
            "modify": full_profile()["modify"]});
        for (path, value) in changes {
            put(if in_source { &mut q } else { &mut p }, &path, value);
        }
        let library = library(&[("p.json", p), ("c.json", catalog()), ("q.json", q)]);
        let view = library.view(|_| true);
        let Some(profile) = view.document(&uuid(0)) else {
            return Ok(());
        };
        if let Ok(resolved) = resolve_profile(&view, profile, None)
            && let Ok(text) = resolved.catalog()
        {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
            if let Ok(document) = resolved.document() {
                for control in document.controls() {
                    control.view(&ParamValues::new());
                }
            }
        }
    }
}
