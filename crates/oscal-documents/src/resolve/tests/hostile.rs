//! Profiles that are wrong or malicious.

use proptest::prelude::*;

use super::*;
use crate::json::any::any_json;
use crate::resolve::json;

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
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let catalog = outcome(&[("c.json", catalog())], None);
    assert!(matches!(catalog, Err(ResolveError::NotAProfile { .. })));
}

#[test]
fn a_change_that_cannot_be_made_costs_no_other_one() {
    let alter = |alter: Value| json!({"alters": [alter]});
    for (modify, expected) in [
        (
            json!({"set-parameters": [{"param-id": "a", "values": [], "select": {}}]}),
            "leaves the parameter `a` as it is: both values and select",
        ),
        (
            json!({"set-parameters": [{"param-id": "a", "value": "x"}]}),
            "leaves the parameter `a` as it is, for its change is not OSCAL 1.2: unknown field `value`",
        ),
        (
            alter(json!({"control-id": "a-1", "adds": [{"position": "beside"}]})),
            "leaves the control `a-1` as it is, for its change is not OSCAL 1.2: unknown variant `beside`",
        ),
        (
            alter(json!({"control-id": "a-1", "removes": [{"by-item-name": "mapping"}]})),
            "unknown variant `mapping`",
        ),
        (
            alter(
                json!({"control-id": "a-1", "adds": [{"by-id": "a-1_s", "params": [{"id": "x"}]}]}),
            ),
            "leaves out an addition to `a-1`: parameters cannot be added to a part",
        ),
        (
            alter(
                json!({"control-id": "a-1", "adds": [{"by-id": "a-1_s", "position": "after", "title": "x"}]}),
            ),
            "a title cannot be added beside",
        ),
    ] {
        let mut modify = modify;
        let good = json!([{"control-id": "a-2", "adds": [{"title": "New"}]}]);
        json::unite_member(
            modify.as_object_mut().expect("an object"),
            "alters".to_owned(),
            good.as_array().cloned().unwrap_or_default(),
        );
        let members = json!({"imports": import(json!({"include-all": {}})), "modify": modify});
        let (catalog, warnings) = resolved_catalog(&[("p.json", members), ("c.json", catalog())]);
        assert!(
            warnings.iter().any(|w| w.contains(expected)),
            "{warnings:?}"
        );
        assert_eq!(catalog["controls"][2]["title"], "New", "{expected}");
    }
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

/// Values for directives, right and wrong.
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
        any_json(),
    ]
}

/// A profile that uses every directive.
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

/// Puts a value somewhere into a tree: `path` chooses the branches.
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
