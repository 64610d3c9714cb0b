//! Loading schemas, and their outlines.

use serde_json::json;

use super::*;

#[test]
fn schemas_are_known_by_their_content() {
    let mut remote = catalog_schema();
    remote["properties"] = json!({"profile": {"$ref": "http://127.0.0.1:9/x.json"}});
    let mut draft = catalog_schema();
    draft["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    let directory = directory(&[
        ("a.json", catalog_schema().to_string()),
        ("b.json", catalog_schema().to_string()),
        ("c.json", json!({"catalog": {}}).to_string()),
        ("d.json", "{".to_owned()),
        ("e.json", draft.to_string()),
        ("f.json", remote.to_string()),
        ("g.json", json!({"$schema": "x", "oneOf": []}).to_string()),
    ]);
    let schemas = Schemas::load(directory.path()).expect("a directory");
    let problems = schemas
        .problems()
        .iter()
        .map(|p| format!("{}: {}", p.file, p.message));
    let expected = [
        "b.json: left out: `a.json` is also a schema of catalog",
        "c.json: not the JSON schema of an OSCAL model; remove it",
        "d.json: not JSON: EOF while parsing an object at line 1 column 1",
        "e.json: not JSON Schema draft 7, which NIST's schemas use; replace it",
    ];
    assert_eq!(problems.collect::<Vec<_>>(), expected);
    let versions = schemas
        .models()
        .into_iter()
        .map(|model| model.schema_version);
    assert_eq!(versions.flatten().collect::<Vec<_>>(), ["1.2.3", "1.2.3"]);
    let validation = validate_text(&schemas, r#"{"profile":{}}"#, None, Caps::default());
    let error = validation.errors.expect_err("remote").to_string();
    assert!(
        error.starts_with("the schema in `f.json` cannot be used"),
        "{error}"
    );
    let validation = validate_text(&schemas, r#"{"assessment-plan":{}}"#, None, Caps::default());
    assert_eq!(
        validation.errors,
        Err(NoSchema::OfModel(Model::AssessmentPlan))
    );
    let gone = Schemas::load(&directory.path().join("gone")).expect_err("missing");
    assert!(gone.to_string().contains("the schemas directory"), "{gone}");
}

#[test]
fn outlines_show_what_a_definition_consists_of() {
    let schemas = schemas();
    let outline = schemas
        .outline(Model::Catalog, None, None)
        .expect("a schema");
    assert_eq!(outline.shape.description, "Controls, i.e. requirements.");
    let outline = serde_json::to_value(outline).expect("JSON");
    let member = |name: &str| {
        let members = outline["members"].as_array().expect("members").iter();
        members
            .clone()
            .find(|m| m["name"] == name)
            .expect("a member")
            .clone()
    };
    assert_eq!(
        member("uuid"),
        json!({"name": "uuid", "required": true, "type": "uuid"})
    );
    assert_eq!(member("roles")["definition"], "roles");
    let groups = member("groups");
    assert_eq!(groups["type"], "array of object");
    assert_eq!(groups["definition"], "group");
    assert_eq!(groups["either"], json!([["groups"], ["controls"]]));
    let title = &groups["members"][1];
    assert_eq!(
        (&title["name"], &title["required"]),
        (&json!("title"), &json!(true))
    );
    let control = &member("controls")["members"];
    assert_eq!(control[1]["values"], json!(["system", "common"]));
    assert_eq!(control[2]["usual_values"], json!(["reference"]));
    assert_eq!(
        control[3],
        json!({
            "name": "controls", "required": false, "type": "array of object",
            "definition": "control", "min_items": 1,
        })
    );
}

#[test]
fn definitions_are_found_in_any_usual_writing() {
    let schemas = schemas();
    let named = |name| schemas.outline(Model::Catalog, Some(name), Some(1));
    for name in [
        "control",
        "Controls",
        "t-t:control",
        "assembly_oscal-catalog_control",
    ] {
        assert_eq!(named(name).expect(name).definition, "control", "{name}");
    }
    assert_eq!(named("role").expect("in place").definition, "roles");
    let error = named("contrl").expect_err("unknown").to_string();
    assert!(error.ends_with("did you mean `control`?"), "{error}");
    let raw = schemas
        .raw(Model::Catalog, Some("token-datatype"))
        .expect("defined");
    assert_eq!(raw["type"], "string");
    assert!(schemas.raw(Model::Profile, None).is_err());
}
