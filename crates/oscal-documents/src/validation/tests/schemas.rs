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
fn a_document_is_checked_against_the_schema_of_its_own_version() {
    let of_version = |version: &str, member: &str| {
        let mut schema = catalog_schema();
        schema["$id"] = json!(format!("http://example.org/ns/{version}/catalog.json"));
        schema["definitions"]["t-t:catalog"]["properties"][member] = json!({});
        schema["definitions"]["t-t:catalog"]["properties"]["metadata"] = json!({});
        schema.to_string()
    };
    let directory = directory(&[
        ("a.json", of_version("1.1.0", "newer")),
        ("b.json", of_version("1.0.4", "old")),
        ("c.json", of_version("1.10.0", "newest")),
    ]);
    let schemas = Schemas::load(directory.path()).expect("a directory");
    assert_eq!(schemas.problems(), []);
    let newest = schemas.models()[0].schema_version.clone();
    assert_eq!(newest.as_deref(), Some("1.10.0"));
    for (version, checked_by, member) in [
        ("1.0.4", "1.0.4", "old"),
        ("v1.0.2", "1.0.4", "old"),
        ("1.1.0", "1.1.0", "newer"),
        ("1.1.3", "1.10.0", "newest"),
        ("2.0.0", "1.10.0", "newest"),
        ("x", "1.10.0", "newest"),
    ] {
        let text = json!({"catalog": {
            "uuid": UUID, "metadata": {"oscal-version": version}, (member): 1}});
        let validation = validate_text(&schemas, &text.to_string(), None, Caps::default());
        assert_eq!(validation.is_valid(), Some(true), "{validation:?}");
        assert_eq!(validation.schema_version.as_deref(), Some(checked_by));
        assert_eq!(validation.oscal_version.as_deref(), Some(version));
    }
}

#[test]
fn the_combine_method_that_nists_schema_lacks_is_allowed() {
    let combine = json!({"type": "object", "additionalProperties": false});
    let merge = json!({"type": "object", "properties": {"combine": combine}});
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "http://example.org/ns/1.2.3/profile.json",
        "type": "object",
        "properties": {"profile": {"type": "object", "properties": {
            "merge": {"anyOf": [merge, {"type": "string"}]}}}},
        "required": ["profile"],
    });
    let directory = directory(&[("p.json", schema.to_string())]);
    let schemas = Schemas::load(directory.path()).expect("a directory");
    let verdict = |combine: Value| {
        let text = json!({"profile": {"merge": {"combine": combine}}}).to_string();
        validate_text(&schemas, &text, None, Caps::default()).is_valid()
    };
    for method in ["keep", "merge", "use-first"] {
        assert_eq!(verdict(json!({"method": method})), Some(true), "{method}");
    }
    assert_eq!(verdict(json!({"method": "best"})), Some(false));
    assert_eq!(verdict(json!({"methods": "keep"})), Some(false));
    let raw = schemas.raw(Model::Profile, None).expect("a schema");
    assert_eq!(*raw, schema, "as published");
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
