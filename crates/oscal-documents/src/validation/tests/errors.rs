//! What the schema does not allow.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::json::any::any_json;

fn errors(document: &Value) -> Vec<String> {
    let validation = validate_text(&schemas(), &document.to_string(), None, Caps::default());
    let errors = validation.errors.expect("a schema").items.into_iter();
    errors
        .map(|error| format!("{} {} [{}]", error.path, error.message, error.rule))
        .collect()
}

#[test]
fn errors_name_place_cause_and_mend() {
    let cases = [
        (json!({"uuid": UUID}), None),
        (json!({"uuid": UUID, "mail": "jörg@example.org"}), None),
        (
            json!({"uuid": "x"}),
            Some(
                "/catalog/uuid `x` is not a UUID of version 4 or 5, such as 11111111-2222-4000-8000-333333333333 [UUIDDatatype/pattern]",
            ),
        ),
        (
            json!({}),
            Some("/catalog `uuid` is missing; required: `uuid` [catalog/required]"),
        ),
        (
            json!({"uuid": UUID, "contrls": 1}),
            Some(
                "/catalog/contrls `contrls` is not a known member; did you mean `controls`? [catalog/additionalProperties]",
            ),
        ),
        (
            json!({"uuid": UUID, "groups": {}}),
            Some("/catalog/groups must be an array; it is an object [catalog/type]"),
        ),
        (
            json!({"uuid": UUID, "groups": []}),
            Some("/catalog/groups is empty; leave it out or add an item [catalog/minItems]"),
        ),
        (
            json!({"uuid": UUID, "date": "2026-02-30T00:00:00Z"}),
            Some(
                "/catalog/date `2026-02-30T00:00:00Z` does not match `date-time` [catalog/format]",
            ),
        ),
        (
            json!({"uuid": UUID, "count": 0}),
            Some("/catalog/count `0` is less than 1 [catalog/minimum]"),
        ),
        (
            json!({"uuid": UUID, "controls": [{"id": "a", "kind": "sytem"}]}),
            Some(
                "/catalog/controls/0/kind `sytem` is not one of `system`, `common`; did you mean `system`? [control/enum]",
            ),
        ),
        (
            json!({"uuid": UUID, "controls": [{"id": "a", "rel": " "}]}),
            Some(
                "/catalog/controls/0/rel ` ` is not a token: a letter or `_`, then letters, digits, `.`, `-` and `_` [TokenDatatype/pattern]",
            ),
        ),
        (
            json!({"uuid": UUID, "groups": [{"title": "g", "groups": [{"title": "h", "controls": [{"id": "1"}]}]}]}),
            Some(
                "/catalog/groups/0/groups/0/controls/0/id `1` is not a token: a letter or `_`, then letters, digits, `.`, `-` and `_` [TokenDatatype/pattern]",
            ),
        ),
        (
            json!({"uuid": UUID, "groups": [{"title": "g", "groups": [{"title": "h"}], "controls": [{"id": "a"}]}]}),
            Some(
                "/catalog/groups/0/controls `controls` is not allowed beside `groups`; use only one of them [group/additionalProperties]",
            ),
        ),
    ];
    for (document, expected) in cases {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(
            errors(&json!({"catalog": document})),
            expected,
            "{document}"
        );
    }
}

#[test]
fn errors_are_in_document_order_and_capped() {
    let controls: Vec<Value> = (0..70).map(|n| json!({"id": n})).collect();
    let text = json!({"catalog": {"controls": controls, "uuid": "x"}}).to_string();
    let validation = validate_text(&schemas(), &text, None, Caps::default());
    let errors = validation.errors.expect("a schema");
    assert_eq!((errors.items.len(), errors.total), (50, 71));
    assert_eq!(errors.items[0].path, "/catalog/controls/0/id");
    assert_eq!(errors.items[49].path, "/catalog/controls/49/id");
}

#[test]
fn what_is_no_document_is_an_error_without_a_schema() {
    let deep = "[".repeat(200);
    for (text, model, expected) in [
        ("{\"a\":1,\n\"a\":2}", None, "written twice at line 2"),
        ("{\"catalog\":", None, "not JSON: EOF while parsing"),
        (deep.as_str(), None, "nested deeper than 100 levels"),
        ("[]", None, "is not a JSON object"),
        (
            "{}",
            None,
            "none of the members that hold an OSCAL document: `catalog`",
        ),
        (r#"{"catalogue":{}}"#, None, "did you mean `catalog`?"),
        (
            "{}",
            Some(Model::Profile),
            "`profile`, the member that holds the document, is missing",
        ),
    ] {
        let validation = validate_text(&Schemas::default(), text, model, Caps::default());
        let errors = validation.errors.expect("no schema needed");
        assert!(
            errors.items[0].message.contains(expected),
            "{text}: {errors:?}"
        );
    }
    let text = json!({"catalog": {"uuid": UUID}}).to_string();
    let validation = validate_text(&schemas(), &text, Some(Model::Profile), Caps::default());
    let errors = validation.errors.expect("a schema");
    assert_eq!(
        errors.items[0].message,
        "is a catalog, not a profile; the rest is checked as a catalog"
    );
    assert_eq!(errors.total, 1);
}

#[test]
fn content_has_limits() {
    let schemas = schemas();
    let library = Library::load(&[], None, Limits::default()).expect("nothing to load");
    let view = library.view(|_| true);
    let caps = Caps {
        text_bytes: 10,
        ..Caps::default()
    };
    let validate = |text: &str, caps| schemas.validate(Source::Text(text), None, &view, caps);
    assert_eq!(
        validate(&" ".repeat(11), caps),
        Err(TooLarge::Bytes {
            given: 11,
            limit: 10
        })
    );
    // A few megabytes that become hundreds as trees, both as text and as a tree sent by a client.
    for text in [r#"{"":0},"#.repeat(300_000), "0,".repeat(2_000_000)] {
        let text = format!("[{}0]", text);
        let error = validate(&text, Caps::default()).expect_err("too many values");
        assert!(matches!(error, TooLarge::Tree { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("at most 128 MiB are used; split it")
        );
        let tree: Value = serde_json::from_str(&text).expect("JSON");
        let sent = schemas.validate(Source::Tree(&tree), None, &view, Caps::default());
        assert!(matches!(sent, Err(TooLarge::Tree { .. })), "{sent:?}");
    }
}

/// Catalogs, most of them almost valid.
fn any_catalog() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!("a")),
        Just(json!("system")),
        Just(json!(UUID)),
        Just(json!(" ")),
        Just(json!(1)),
    ];
    let name = prop::sample::select(vec![
        "id", "title", "kind", "rel", "controls", "groups", "params", "uuid", "count", "x",
    ]);
    let value = scalar.prop_recursive(5, 40, 4, move |inner| {
        let object = prop::collection::btree_map(name.clone(), inner.clone(), 0..4);
        let object = object.prop_map(|members| json!(members));
        prop_oneof![
            object.clone(),
            prop::collection::vec(object, 0..3).prop_map(Value::from)
        ]
    });
    (value, any_json()).prop_map(|(catalog, other)| json!({"catalog": catalog, "other": other}))
}

proptest! {
    #[test]
    fn takes_any_text(text in r#"[\[\]{}:,"a\\u0-9 .eE+-]{0,60}|\PC{0,40}"#) {
        validate_text(&Schemas::default(), &text, None, Caps::default());
    }

    #[test]
    fn every_rejection_is_explained_and_no_valid_document_has_errors(
        mut document in any_catalog(),
        keep_other in any::<bool>(),
        cap in 1_usize..5,
    ) {
        if !keep_other {
            document.as_object_mut().expect("an object").remove("other");
        }
        let schemas = schemas();
        let schema = schemas.schema(Model::Catalog).expect("loaded");
        let compiled = schema.compiled().expect("compiles");
        let found = explain(schema, compiled, &document, cap);
        prop_assert_eq!(found.total == 0, compiled.validator.is_valid(&document));
        prop_assert!(found.items.len() == found.total.min(cap));
        for finding in found.items {
            prop_assert!(document.pointer(&finding.path).is_some(), "{:?}", finding);
        }
    }
}
