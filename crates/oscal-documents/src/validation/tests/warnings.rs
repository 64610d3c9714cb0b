//! What the schema allows but looks wrong.

use serde_json::json;

use super::*;

#[test]
fn without_schemas_there_are_warnings_and_a_hint() {
    let text = json!({"catalog": {
        "uuid": UUID,
        "params": [{"id": "p", "links": [{"href": "#nowhere"}, {"href": "#c"}]}, {"id": "q"}],
        "controls": [
            {"id": "c", "title": "{{ insert: param, p }}{{ insert: param, r }}"},
            {"id": "c", "props": [{"uuid": UUID.to_uppercase()}], "role-id": "admin"},
        ],
    }});
    let validation = validate_text(
        &Schemas::default(),
        &text.to_string(),
        None,
        Caps::default(),
    );
    assert_eq!(validation.is_valid(), None);
    let hint = validation.errors.expect_err("no schema").to_string();
    assert!(hint.contains("`--schemas-dir`"), "{hint}");
    let warnings = validation.warnings.items.iter();
    let warnings: Vec<_> = warnings
        .map(|w| (w.rule.as_str(), w.path.as_str()))
        .collect();
    assert_eq!(
        warnings,
        [
            ("dangling-reference", "/catalog/params/0/links/0/href"),
            ("unused-parameter", "/catalog/params/1/id"),
            ("unknown-parameter", "/catalog/controls/0/title"),
            ("duplicate-id", "/catalog/controls/1/id"),
            ("dangling-reference", "/catalog/controls/1/role-id"),
            ("duplicate-uuid", "/catalog/controls/1/props/0/uuid"),
        ]
    );
}

#[test]
fn plans_are_checked_against_the_catalogs_that_they_use() {
    let catalog = json!({"catalog": {
        "uuid": UUID, "metadata": {"title": "C"},
        "controls": [{"id": "a-1", "parts": [{"id": "a-1_smt", "name": "statement"}],
            "params": [{"id": "p"}]}],
    }});
    let directory = directory(&[("c.json", catalog.to_string())]);
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    let plan = |first: &str| {
        json!({"system-security-plan": {
            "components": [{"uuid": UUID}],
            "requirements": [
                {"control-id": first, "statement-id": "a-1_smt", "component-uuid": UUID},
                {"control-id": "a-9", "statement-id": "a-1_gdn", "component-uuid": "gone"},
                {"param-id": "p", "text": "{{ insert: param, q }}"},
            ],
        }})
    };
    let rules = |plan: Value, visible| {
        let view = library.view(|_| visible);
        let text = plan.to_string();
        let schemas = Schemas::default();
        let validation = schemas.validate(Source::Text(&text), None, &view, Caps::default());
        let warnings = validation.expect("small").warnings.items.into_iter();
        warnings.map(|warning| warning.rule).collect::<Vec<_>>()
    };
    assert_eq!(
        rules(plan("a-1"), true),
        [
            "unknown-control",
            "unknown-statement",
            "dangling-reference",
            "unknown-parameter"
        ]
    );
    assert_eq!(rules(plan("other-1"), true), ["dangling-reference"]);
    assert_eq!(rules(plan("a-1"), false), ["dangling-reference"]);
}

#[test]
fn components_of_imported_definitions_are_known() {
    let uuid = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    let definition = |n: usize, members: Value| {
        let mut root = json!({"uuid": uuid(n), "metadata": {"title": format!("D{n}")},
            "components": [{"uuid": uuid(10 + n), "title": "C"}]});
        for (name, value) in members.as_object().into_iter().flatten() {
            root[name] = value.clone();
        }
        json!({ "component-definition": root }).to_string()
    };
    let import = |href: &str| json!({"import-component-definitions": [{"href": href}]});
    let files = [
        ("one.json", definition(1, import("two.json"))),
        ("two.json", definition(2, import("one.json"))),
    ];
    let directory = directory(&files);
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    let view = library.view(|_| true);
    let rules = |href: &str, component: usize| {
        let mut members = import(href);
        members["capabilities"] = json!([{"uuid": uuid(99), "name": "c", "description": "",
            "incorporates-components": [{"component-uuid": uuid(component), "description": ""}]}]);
        let text = definition(3, members);
        let schemas = Schemas::default();
        let validation = schemas.validate(Source::Text(&text), None, &view, Caps::default());
        let warnings = validation.expect("small").warnings.items.into_iter();
        warnings.map(|warning| warning.rule).collect::<Vec<_>>()
    };
    for known in [11, 12, 13] {
        assert!(rules("one.json", known).is_empty(), "{known}");
    }
    assert_eq!(rules("one.json", 14), ["dangling-reference"]);
    assert!(
        rules("gone.json", 14).is_empty(),
        "it may be in what is not loaded"
    );
}
