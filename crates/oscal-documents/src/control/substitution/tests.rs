use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::document::samples::document_with_params;

fn values(values: &[(&str, &[&str])]) -> ParamValues {
    values
        .iter()
        .map(|(id, values)| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            ((*id).to_owned(), values)
        })
        .collect()
}

fn filled(params: &Value, values: &ParamValues, prose: &str) -> String {
    let document = document_with_params(params);
    Renderer::new(&document, values, &Budget::for_item()).filled(prose)
}

#[test]
fn inserts_become_what_is_known() {
    let params = json!([
        {"id": "mechanism", "label": "automated mechanisms"},
        {"id": "set", "label": "period", "values": ["24 hours", "at {{insert:param,mechanism}}"]},
        {"id": "bare"},
        {"id": "or", "select": {"how-many": "one-or-more", "choice": [
            "lock after {{ insert: param, mechanism }} ", "warn"]}},
        {"id": "xor", "select": {"how-many": "one", "choice": ["a", "b"]}},
        {"id": "any", "select": {"choice": ["a"]}},
        {"id": "new_odp", "label": "x", "props": [{"name": "alt-identifier", "value": "old_prm"}]},
        {"id": "both", "label": "people", "props": [
            {"name": "aggregates", "value": "new_odp"},
            {"name": "aggregates", "value": "bare"},
            {"name": "aggregates", "value": "gone"}]},
        {"id": "loop", "label": "see {{ insert: param, pool }}"},
        {"id": "pool", "values": ["see {{ insert: param, loop }}"]},
    ]);
    let none = ParamValues::new();
    for (prose, expected) in [
        (
            "Use {{ insert: param, mechanism }}.",
            "Use [Assignment: automated mechanisms].",
        ),
        (
            "{{insert:param,mechanism}}",
            "[Assignment: automated mechanisms]",
        ),
        (
            "{{  insert : param ,\n mechanism  }}",
            "[Assignment: automated mechanisms]",
        ),
        (
            "{{ xor }} ; {{ any }} .",
            "[Selection (one): a; b]; [Selection: a].",
        ),
        ("{{ mechanism }}", "[Assignment: automated mechanisms]"),
        (
            "{{ insert: param, set }}",
            "24 hours, at [Assignment: automated mechanisms]",
        ),
        ("{{ insert: param, bare }}", "[Assignment: bare]"),
        (
            "{{ insert: param, or }}",
            "[Selection (one or more): lock after [Assignment: automated mechanisms]; warn]",
        ),
        ("{{ insert: param, xor }}", "[Selection (one): a; b]"),
        ("{{ insert: param, any }}", "[Selection: a]"),
        ("{{ insert: param, both }}", "[Assignment: people]"),
        ("{{ insert: param, gone }}", "[unknown parameter: gone]"),
        (
            "{{ gone }} {{ }} {{ a b }} }} {{",
            "{{ gone }} {{ }} {{ a b }} }} {{",
        ),
        ("{{ {{ insert: param, bare }}", "{{ [Assignment: bare]"),
        (
            "{{ insert: param, loop }}",
            "[Assignment: see see [circular parameter: loop]]",
        ),
    ] {
        assert_eq!(filled(&params, &none, prose), expected, "{prose}");
    }

    let set = values(&[
        ("set", &["a week"]),
        ("or", &["warn"]),
        ("old_prm", &["admins"]),
        ("foreign", &["y"]),
        ("mechanism", &[]),
    ]);
    for (prose, expected) in [
        ("{{ insert: param, set }}", "a week"),
        ("{{ insert: param, or }}", "warn"),
        ("{{ insert: param, new_odp }}", "admins"),
        ("{{ insert: param, both }}", "admins, [Assignment: bare]"),
        ("{{ insert: param, foreign }}", "y"),
        (
            "{{ insert: param, mechanism }}",
            "[Assignment: automated mechanisms]",
        ),
    ] {
        assert_eq!(filled(&params, &set, prose), expected, "{prose}");
    }
}

#[test]
fn constraints_and_the_words_of_odps_are_told() {
    let params = json!([
        {"id": "when", "label": "frequency", "constraints": [
            {"description": "at least\nevery 30 days"}, {"tests": [{"expression": "x < 31"}]}]},
        {"id": "set", "values": ["weekly"], "constraints": [{"description": "every 30 days"}]},
        {"id": "or", "select": {"choice": ["a", "b"]}, "constraints": [{"description": "not b"}]},
        {"id": "a-1_odp", "label": "roles", "constraints": [{"description": "at least {{ when }}"}]},
        {"id": "a-2_odp", "label": "organization-defined staff"},
        {"id": "both", "label": "people", "props": [
            {"name": "aggregates", "value": "a-1_odp"}, {"name": "aggregates", "value": "a-2_odp"}]},
        {"id": "own", "label": "people", "constraints": [{"description": "all"}],
         "props": [{"name": "aggregates", "value": "a-1_odp"}]},
        {"id": "marked", "label": "events of [K-1 \\[a\\]](#k-1)", "guidelines": 7},
        {"id": "path", "values": ["C:\\[x]"]},
    ]);
    let when = "frequency — constraint: at least every 30 days; x < 31";
    let roles = format!(
        "[Assignment: organization-defined roles — constraint: at least [Assignment: {when}]]"
    );
    for (id, expected) in [
        ("when", format!("[Assignment: {when}]")),
        ("set", "weekly".to_owned()),
        ("or", "[Selection: a; b — constraint: not b]".to_owned()),
        ("a-1_odp", roles.clone()),
        (
            "a-2_odp",
            "[Assignment: organization-defined staff]".to_owned(),
        ),
        (
            "both",
            format!("{roles}, [Assignment: organization-defined staff]"),
        ),
        ("own", "[Assignment: people — constraint: all]".to_owned()),
        ("marked", "[Assignment: events of K-1 [a]]".to_owned()),
        ("path", r"C:\[x]".to_owned()),
    ] {
        let prose = format!("{{{{ insert: param, {id} }}}}");
        assert_eq!(
            filled(&params, &ParamValues::new(), &prose),
            expected,
            "{id}"
        );
    }
}

#[test]
fn parameters_that_multiply_each_other_are_bounded() {
    let choices = |next: usize| vec![format!("{{{{ insert: param, p{next} }}}}"); 100];
    let params: Vec<Value> = (0..20)
        .map(|n| json!({"id": format!("p{n}"), "select": {"choice": choices(n + 1)}}))
        .collect();
    let document = document_with_params(&Value::from(params));
    let none = ParamValues::new();
    let text = Renderer::new(&document, &none, &Budget::new(10_000)).filled("{{ p0 }} and more");
    assert!(text.len() <= 10_000 + '…'.len_utf8());
    assert_eq!(text.matches('…').count(), 1, "{text}");
}

proptest! {
    #[test]
    fn takes_any_text(prose in "[{}a-c :,insertparam\u{e9}]{0,60}") {
        filled(&json!([{"id": "a"}, {"id": "b", "label": "{{ a }}"}]), &ParamValues::new(), &prose);
    }

    #[test]
    fn never_exceeds_the_budget(
        nested in prop::collection::vec((0_usize..6, 0_usize..6), 6),
        budget in 0_usize..300,
    ) {
        let params: Vec<Value> = nested
            .iter()
            .enumerate()
            .map(|(n, (a, b))| json!({
                "id": format!("p{n}"),
                "select": {"choice": [
                    format!("{{{{ insert: param, p{a} }}}}"),
                    format!("é{{{{ p{b} }}}}"),
                ]},
            }))
            .collect();
        let document = document_with_params(&Value::from(params));
        let none = ParamValues::new();
        let text = Renderer::new(&document, &none, &Budget::new(budget)).filled("é{{ insert: param, p0 }}é");
        prop_assert!(text.len() <= budget + '…'.len_utf8());
    }

    #[test]
    fn text_without_inserts_and_markup_stays(prose in r"[^{}\\\[]{0,60}") {
        prop_assert_eq!(filled(&json!([]), &ParamValues::new(), &prose), prose);
    }
}
