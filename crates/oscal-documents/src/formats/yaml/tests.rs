//! YAML that is read and written, and YAML that is refused.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::formats::yaml::read::to_json;
use crate::formats::yaml::write::to_yaml;
use crate::json::any::any_json;

fn read(yaml: &str) -> Value {
    let json = to_json(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
    serde_json::from_str(&json).expect(&json)
}

#[test]
fn what_the_models_have_as_text_stays_text() {
    let value = read(
        "catalog:
  metadata:
    title: 7
    version: 1.10
    last-modified: 2026-01-31T08:30:00Z
    props: [{name: yes, value: 0x1F}, {name: no, value: True, remarks: ~}]
  more: [1.10, yes, true, null, 2026-01-31]
",
    );
    assert_eq!(
        value["catalog"],
        json!({
            "metadata": {
                "title": "7", "version": "1.10", "last-modified": "2026-01-31T08:30:00Z",
                "props": [{"name": "yes", "value": "0x1F"},
                          {"name": "no", "value": "True", "remarks": null}],
            },
            "more": [1.1, "yes", true, null, "2026-01-31"],
        })
    );
    let value = read("profile: {merge: {as-is: true}}");
    assert_eq!(value["profile"]["merge"]["as-is"], true);
    let value = read("profile: {merge: {as-is: yes}, uuid: !!int 7, x: !!str 7, y: ! 7}");
    assert_eq!(value["profile"]["merge"]["as-is"], "yes");
    assert_eq!(
        value["profile"],
        json!({"merge": {"as-is": "yes"}, "uuid": 7, "x": "7", "y": "7"})
    );
}

#[test]
fn all_styles_and_aliases_are_read() {
    let value = read(
        "%YAML 1.2
---
# a comment
a: &a
  b: 'it''s'
  c: \"x\\ty\"
d: *a
e: |
  one
   two

  three
f: >-
  folded
  line
g: [*a, &n 1, *n]
7: name
",
    );
    let inner = json!({"b": "it's", "c": "x\ty"});
    assert_eq!(
        value,
        json!({"a": inner, "d": inner, "e": "one\n two\n\nthree\n", "f": "folded line",
               "g": [inner, 1, 1], "7": "name"})
    );
}

#[test]
fn errors_name_the_cause_and_the_place() {
    let mut wrong = Vec::new();
    let deep = "[".repeat(101);
    let deep_aliases: String = (1..60)
        .map(|n| format!("a{n}: &a{n} [[*a{}]]\n", n - 1))
        .collect();
    let deep_aliases = format!("a0: &a0 1\n{deep_aliases}");
    let laughs: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [*a{0},*a{0},*a{0}]\n", n - 1))
        .collect();
    let laughs = format!("a0: &a0 lol\n{laughs}");
    for (yaml, message, line, column) in [
        ("", "no YAML document", 1, 1),
        ("a: b\n---\nc: d", "a second YAML document", 2, 1),
        (
            "a: 1\nb:\n  c: 2\n  c: 3\n",
            "a name that is there twice",
            4,
            3,
        ),
        ("[a]: b", "a name that is not plain text", 1, 1),
        ("a: !include b", "the tag `!include`", 1, 4),
        ("a: !!binary QUJD", "the tag `!!binary`", 1, 4),
        ("a: !!int b", "the tag", 1, 4),
        ("a: .inf", "a number that JSON does not have", 1, 4),
        ("a: *b", "not YAML", 1, 4),
        ("a: &a [*a]", "an alias for what contains it", 1, 8),
        ("a: \"b", "not YAML", 1, 4),
        ("a:\n\t- b", "not YAML", 2, 2),
        (&deep, "nested deeper than 100 levels", 1, 101),
        (&deep_aliases, "nested deeper than 100 levels", 51, 13),
        (&laughs, "aliases for more than 8 MiB", 0, 0),
    ] {
        let error = to_json(yaml).expect_err(yaml);
        let is_right = error.message().contains(message)
            && (line == 0 || (error.line(), error.column()) == (line, column));
        if !is_right {
            wrong.push(format!("{yaml:.100}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn long_names_are_written_with_a_mark() {
    for length in [900, 1_100, 5_000] {
        let value = json!({"a".repeat(length): {"b:".repeat(length): [1]}, "c": "d"});
        assert_eq!(read(&to_yaml(&value)), value, "{length}");
    }
}

#[test]
fn many_names_are_compared() {
    let mut yaml: String = (0..40).map(|n| format!("n{n}: {n}\n")).collect();
    assert_eq!(read(&yaml)["n39"], 39);
    yaml += "n30: 1\n";
    assert!(to_json(&yaml).is_err());
}

/// JSON with the names that the models type, and values of every type.
fn any_oscal() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "catalog", "metadata", "title", "version", "props", "name", "value", "remarks", "controls",
        "x", "",
    ]);
    let text = prop::sample::select(vec![
        "1.10",
        "yes",
        "true",
        "null",
        "~",
        "",
        "a: b",
        "a #b",
        "- a",
        "a\n\nb",
        "a\n",
        "\na",
        " a\nb",
        "a \n b",
        "2026-01-31",
        "0x1F",
        "a\tb",
        "\u{85}",
        "\u{2028}x",
        "\u{feff}",
        "é: ü",
        "|",
        "*a",
        "&a",
        "a\r\nb",
        ".inf",
        "a:",
        "{",
        "a\n \nb",
        "#a",
        "\u{10348}",
        "x\n\t\ny",
        "---",
        "%a",
        "?",
        "a\u{7f}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[ \n\ta:#'-]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 5, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            members.prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(one in any_json(), two in any_oscal()) {
        for value in [one, two] {
            let yaml = to_yaml(&value);
            let json = to_json(&yaml);
            prop_assert_eq!(json.as_deref().ok(), Some(&*value.to_string()), "{}", yaml);
        }
    }

    #[test]
    fn takes_any_text(text in any::<String>(), odd in r"[\-:\[\]{},&*!|>'\x22%@`#?a \n\t1]{0,40}") {
        for text in [text, odd] {
            if let Ok(json) = to_json(&text) {
                prop_assert!(serde_json::from_str::<Value>(&json).is_ok(), "{}", json);
            }
        }
    }
}
