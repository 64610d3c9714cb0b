//! What is a profile's own: titles, labels, groups; and what several profiles disagree about.

use super::*;

/// Resolves the first of these files, and shows its controls and warnings.
fn shown(files: &[(&str, Value)]) -> (Vec<String>, Vec<String>) {
    let library = library(files);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let resolved = resolve_profile(&view, profile, None).expect("resolves");
    let controls = resolved.controls.iter().map(|selected| {
        let groups = selected.groups();
        let titles: Vec<_> = groups.into_iter().map(|(_, title)| title).collect();
        format!(
            "{} {} {}{} in {}",
            selected.control.id(),
            selected.label().unwrap_or("-"),
            selected.title(),
            if selected.is_withdrawn() {
                " (withdrawn)"
            } else {
                ""
            },
            titles.join(" < "),
        )
    });
    let warnings = resolved.warnings.iter().map(|w| w.message.clone());
    (controls.collect(), warnings.collect())
}

#[test]
fn a_baseline_has_its_own_titles_labels_and_groups() {
    let alter = json!([{"control-id": "a-1", "removes": [{"by-name": "label"}], "adds": [
        {"title": "Keys \\& locks", "props": [{"name": "label", "value": "K-1"}]}]}]);
    let members = |merge: Value| {
        json!({
            "imports": import(json!({"include-controls": [{"with-ids": ["a-1", "b-1"]}]})),
            "merge": merge, "modify": {"alters": alter},
        })
    };
    let custom = json!({"custom": {"groups": [{"id": "g", "title": "Doors", "groups": [
        {"title": "Front", "insert-controls": [{"include-all": {}}]}]}]}});
    for (merge, a, b) in [
        (json!({"as-is": true}), "Group a", "Group b"),
        (json!({"flat": {}}), "Group a", "Group b"),
        (custom, "Front < Doors", "Front < Doors"),
    ] {
        let files = [("p.json", members(merge)), ("c.json", catalog())];
        let (controls, warnings) = shown(&files);
        assert!(warnings.is_empty(), "{warnings:?}");
        let expected = [
            format!("a-1 K-1 Keys & locks in {a}"),
            format!("b-1 b-1 B-1 in {b}"),
        ];
        assert_eq!(controls, expected);
    }
}

#[test]
fn withdrawn_controls_are_flagged() {
    let mut catalog = catalog();
    let status = json!([{"name": "status", "value": "withdrawn"}]);
    catalog["groups"][0]["controls"][1]["props"] = status;
    let members = json!({"imports": import(json!({"include-all": {}}))});
    let (controls, warnings) = shown(&[("p.json", members), ("c.json", catalog)]);
    assert_eq!(controls[4], "a-2 - A-2 (withdrawn) in Group a");
    assert_eq!(warnings, ["selects withdrawn controls: `a-2`"]);
}

#[test]
fn what_profiles_set_differently_is_told() {
    let setting = |value: &str| {
        json!({"imports": import(json!({"include-controls": [{"with-ids": ["a-1"]}]})),
            "modify": {"set-parameters": [{"param-id": "a-1_p", "values": [value]}]}})
    };
    let merging = |method: &str| {
        json!({
            "imports": [{"href": "q.json", "include-all": {}}, {"href": "r.json", "include-all": {}}],
            "merge": {"combine": {"method": method}},
        })
    };
    for (method, second, warned) in [
        ("merge", "y", true),
        ("use-first", "y", true),
        ("merge", "x", false),
        ("use-first", "x", false),
    ] {
        let files = [
            ("p.json", merging(method)),
            ("c.json", catalog()),
            ("q.json", setting("x")),
            ("r.json", setting(second)),
        ];
        let (_, warnings) = shown(&files);
        let expected =
            "sets the parameter `a-1_p` to `y`; another import comes first, with `x`".to_owned();
        let expected = if warned { vec![expected] } else { Vec::new() };
        assert_eq!(warnings, expected, "{method}");
        let (resolved, _) = resolved_catalog(&files);
        assert_eq!(resolved["controls"][0]["params"][0]["values"], json!(["x"]));
    }
}

#[test]
fn groups_that_clash_are_told() {
    let other = |title: &str| json!({"groups": [{"id": "a", "title": title, "controls": [{"id": "a-9", "title": "Nine"}]}]});
    let members = json!({
        "imports": [{"href": "c.json", "include-all": {}}, {"href": "c2.json", "include-all": {}}],
        "merge": {"as-is": true},
    });
    for (title, warnings) in [("Group a", 0), ("Another", 1)] {
        let files = [
            ("p.json", members.clone()),
            ("c.json", catalog()),
            ("c2.json", other(title)),
        ];
        let (controls, told) = shown(&files);
        assert_eq!(controls.len(), 7);
        assert_eq!(told.len(), warnings, "{told:?}");
        for message in told {
            assert!(
                message.contains("groups with the id `a` become one: the title of"),
                "{message}"
            );
        }
    }
}
