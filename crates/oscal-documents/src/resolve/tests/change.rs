//! What profiles change, and what the catalog contains.

use super::*;
use crate::resolve::json::text;

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
    let mut warnings = warnings;
    warnings.sort_unstable();
    assert_eq!(
        warnings,
        [
            "sets the parameter `a-1_p` more than once: `nobody`, then `everybody`",
            "sets the parameter `b-1_p`, which belongs only to controls that are not selected",
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
fn constraints_are_part_of_the_text_and_of_the_report() {
    let set = json!([
        {"param-id": "a-1_p", "constraints": [{"description": "two people"}]},
        {"param-id": "b-1_p", "values": ["one"], "constraints": [{"description": "an adult"}],
         "guidelines": [{"prose": "Ask first."}]},
    ]);
    let members = json!({
        "imports": import(json!({"include-controls": [{"with-ids": ["a-1", "b-1"]}]})),
        "modify": {"set-parameters": set},
    });
    let library = library(&[("p.json", members), ("c.json", catalog())]);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    let resolved = resolve_profile(&view, profile, None).expect("resolves");
    let document = resolved.document().expect("a catalog");
    let told = |id: &str| {
        let control = document.control(id).expect(id);
        let view = control.view(&ParamValues::new());
        let param = view.params[0].clone();
        let statement = view.statement().map(str::to_owned);
        (
            statement.unwrap_or_default(),
            param.constraints,
            param.guidelines,
        )
    };
    let of = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let a = "a-1 for [Assignment: who — constraint: two people]".to_owned();
    assert_eq!(told("a-1"), (a, of(&["two people"]), of(&[])));
    let b = (
        "b-1 for one".to_owned(),
        of(&["an adult"]),
        of(&["Ask first."]),
    );
    assert_eq!(told("b-1"), b);
    let changes = &resolved.param_changes;
    assert_eq!(changes[0].old.text("a-1_p"), "[Assignment: who]");
    let new = &changes[0].new;
    assert_eq!(
        new.text("a-1_p"),
        "[Assignment: who — constraint: two people]"
    );
    assert_eq!(changes[1].new.text("b-1_p"), "one");
    assert_eq!(changes[1].new.constraints, ["an adult"]);
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
            "rlinks": [{"href": "../xml/q.xml"}, {"href": "./q.json"}]}]},
    });
    let files = [("p.json", p), ("c.json", catalog()), ("q.json", q)];
    assert_eq!(outcome(&files, None).expect("resolves"), "a-1 !b-1");
    let (catalog, warnings) = resolved_catalog(&files);
    assert_eq!(
        warnings,
        [
            "alters the control `gone`, which is not selected".to_owned(),
            format!(
                "sets the parameter `a-1_p` to `second`, which {} sets to `first`",
                uuid(2)
            ),
        ]
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
            .map(|item| text(item, "id").to_owned() + text(item, "uuid"))
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
