//! Tests of objects and references, on documents of all models.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::document::Document;
use crate::document::model::Model;
use crate::json::any::any_json;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::library::view::LibraryView;
use crate::objects::object::Object;

fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// One document of each model, which refer to each other.
fn documents() -> Vec<(String, Value)> {
    let metadata = |title: &str| {
        json!({"title": title, "version": "1",
            "roles": [{"id": "owner", "title": format!("Owner of {title}")}],
            "parties": [{"uuid": uuid(900), "type": "person", "name": "Ada"}],
            "locations": [{"uuid": uuid(901), "title": "Vault"}],
            "responsible-parties": [{"role-id": "owner", "party-uuids": [uuid(900)]}]})
    };
    let catalog = json!({"catalog": {"uuid": uuid(1), "metadata": metadata("Catalog"),
        "groups": [{"id": "ac", "title": "Access", "controls": [{
            "id": "ac-2", "title": "Accounts", "props": [{"name": "label", "value": "AC-2"}],
            "params": [{"id": "ac-2_prm_1", "label": "period"}],
            "links": [{"href": format!("#{}", uuid(10)), "rel": "reference"}],
            "parts": [{"id": "ac-2_smt", "name": "statement", "parts": [
                {"id": "ac-2_smt.a", "name": "item",
                 "prose": "Review each {{ insert: param, ac-2_prm_1 }}, see [the guide](#ac-2_gdn)."}]},
                {"id": "ac-2_gdn", "name": "guidance", "prose": "Guide."}],
        }]}],
        "back-matter": {"resources": [{"uuid": uuid(10), "title": "Handbook"}]}}});
    let profile = json!({"profile": {"uuid": uuid(2), "metadata": metadata("Profile"),
        "imports": [{"href": "catalog.json", "include-controls": [{"with-ids": ["ac-2"]}]}],
        "modify": {"set-parameters": [{"param-id": "ac-2_prm_1", "values": ["week"]}]}}});
    let mapping = json!({"mapping-collection": {"uuid": uuid(3), "metadata": metadata("Mapping"),
        "mappings": [{"uuid": uuid(30), "source-resource": {"type": "catalog", "href": "catalog.json"},
            "target-resource": {"type": "catalog", "href": "elsewhere.json"},
            "maps": [{"uuid": uuid(31), "relationship": "equal-to",
                "sources": [{"type": "control", "id-ref": "ac-2"}],
                "targets": [{"type": "control", "id-ref": "a.5"}]}]}]}});
    let components = json!({"component-definition": {"uuid": uuid(4), "metadata": metadata("Components"),
        "components": [{"uuid": uuid(40), "type": "software", "title": "Directory", "description": "d",
            "responsible-roles": [{"role-id": "owner"}],
            "control-implementations": [{"uuid": uuid(41), "source": "catalog.json", "description": "d",
                "implemented-requirements": [{"uuid": uuid(42), "control-id": "ac-2", "description": "d"}]}]}],
        "capabilities": [{"uuid": uuid(43), "name": "Login", "description": "d",
            "incorporates-components": [{"component-uuid": uuid(40), "description": "d"}]}]}});
    let plan = json!({"system-security-plan": {"uuid": uuid(5), "metadata": metadata("Plan"),
        "import-profile": {"href": format!("#{}", uuid(59))},
        "system-characteristics": {"system-ids": [{"id": "sys-1"}], "system-name": "S"},
        "system-implementation": {
            "leveraged-authorizations": [{"uuid": uuid(50), "title": "Cloud", "party-uuid": uuid(900)}],
            "users": [{"uuid": uuid(51), "title": "Admin", "role-ids": ["owner"]}],
            "components": [{"uuid": uuid(52), "type": "system", "title": "Cloud machines",
                "props": [{"name": "leveraged-authorization-uuid", "value": uuid(50)}]}],
            "inventory-items": [{"uuid": uuid(53), "description": "A machine.",
                "implemented-components": [{"component-uuid": uuid(52)}]}]},
        "control-implementation": {"implemented-requirements": [{"uuid": uuid(54), "control-id": "ac-2",
            "statements": [{"statement-id": "ac-2_smt.a", "uuid": uuid(55),
                "by-components": [{"uuid": uuid(56), "component-uuid": uuid(52), "description": "By it."}]}]}]},
        "back-matter": {"resources": [{"uuid": uuid(59), "rlinks": [{"href": "profile.json"}]}]}}});
    let assessment = json!({"assessment-plan": {"uuid": uuid(6), "metadata": metadata("Assessment plan"),
        "import-ssp": {"href": "plan.json"},
        "tasks": [{"uuid": uuid(60), "type": "action", "title": "Interview",
            "associated-activities": [{"activity-uuid": uuid(61)}]}],
        "local-definitions": {"activities": [{"uuid": uuid(61), "title": "Ask", "description": "d"}]}}});
    let results = json!({"assessment-results": {"uuid": uuid(7), "metadata": metadata("Results"),
        "import-ap": {"href": "assessment.json"},
        "results": [{"uuid": uuid(70), "title": "Run", "description": "d",
            "observations": [{"uuid": uuid(71), "description": "Seen.",
                "origins": [{"actors": [{"type": "party", "actor-uuid": uuid(900)}]}],
                "subjects": [{"type": "component", "subject-uuid": uuid(52)}]}],
            "risks": [{"uuid": uuid(72), "title": "Theft", "description": "d", "status": "open"}],
            "findings": [{"uuid": uuid(73), "title": "Shared", "description": "d",
                "target": {"type": "statement-id", "target-id": "ac-2_smt.a",
                           "status": {"state": "not-satisfied"}},
                "implementation-statement-uuid": uuid(55),
                "related-observations": [{"observation-uuid": uuid(71)}],
                "related-risks": [{"risk-uuid": uuid(72).to_uppercase()}]}]}]}});
    let poam = json!({"plan-of-action-and-milestones": {"uuid": uuid(8), "metadata": metadata("Actions"),
        "import-ssp": {"href": "plan.json"}, "system-id": {"id": "sys-1"},
        "poam-items": [{"uuid": uuid(80), "title": "Split", "description": "d",
            "related-findings": [{"finding-uuid": uuid(73)}],
            "related-risks": [{"risk-uuid": uuid(72)}, {"risk-uuid": uuid(999)}]}]}});
    let all = [
        ("catalog", catalog),
        ("profile", profile),
        ("mapping", mapping),
        ("components", components),
        ("plan", plan),
        ("assessment", assessment),
        ("results", results),
        ("actions", poam),
    ];
    all.map(|(name, value)| (format!("{name}.json"), value))
        .into()
}

fn library() -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, value) in documents() {
        std::fs::write(directory.path().join(name), value.to_string()).expect("written");
    }
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert!(library.problems().is_empty(), "{:?}", library.problems());
    library
}

/// `KIND ID via MEMBER` of what refers to the only object with an id.
fn referring(view: &LibraryView<'_>, id: &str, document: usize) -> Vec<String> {
    let document = view.document(&uuid(document)).expect("loaded");
    let object = document.find_objects(id)[0];
    let mut found: Vec<_> = view
        .references_to(object)
        .iter()
        .map(|r| format!("{} {} via {}", r.from.kind(), r.from.id(), r.via))
        .collect();
    found.sort();
    found
}

#[test]
fn everything_with_an_id_is_found_with_its_kind_and_title() {
    let library = library();
    let view = library.view(|_| true);
    for (id, kind, title) in [
        (uuid(1), "document", "Catalog"),
        ("ac".to_owned(), "group", "Access"),
        ("ac-2".to_owned(), "control", "Accounts"),
        ("AC-02".to_owned(), "control", "Accounts"),
        ("AC-2_PRM_1".to_owned(), "parameter", ""),
        ("ac-2_smt.a".to_owned(), "part", "item"),
        (uuid(10), "resource", "Handbook"),
        (format!("#{}", uuid(10)), "resource", "Handbook"),
        (uuid(30), "mapping-set", ""),
        (uuid(31), "mapping", ""),
        (uuid(40), "component", "Directory"),
        (uuid(41), "control-implementation", "d"),
        (uuid(42), "implemented-requirement", "ac-2"),
        (uuid(43), "capability", "Login"),
        (uuid(50), "leveraged-authorization", "Cloud"),
        (uuid(51), "user", "Admin"),
        (uuid(53), "inventory-item", "A machine."),
        (uuid(55), "statement", "ac-2_smt.a"),
        (uuid(56), "by-component", "By it."),
        (uuid(60), "task", "Interview"),
        (uuid(61), "activity", "Ask"),
        (uuid(70), "result", "Run"),
        (uuid(71), "observation", "Seen."),
        (uuid(72), "risk", "Theft"),
        (uuid(73), "finding", "Shared"),
        (uuid(80), "poam-item", "Split"),
    ] {
        let found = view.find_objects(&id);
        let found: Vec<_> = found.iter().map(|o| (o.kind(), o.title())).collect();
        assert_eq!(found, [(kind.to_owned(), title.to_owned())], "{id}");
    }
    for (id, kind, times) in [
        (uuid(900), "party", Model::ALL.len()),
        (uuid(901), "location", Model::ALL.len()),
        ("owner".to_owned(), "role", Model::ALL.len()),
        ("sys-1".to_owned(), "system-id", 2),
    ] {
        let found = view.find_objects(&id);
        assert!(found.iter().all(|object| object.kind() == kind), "{id}");
        assert_eq!(found.len(), times, "{id}");
    }
    let place = view.find_objects("ac-2_smt.a")[0];
    let around = std::iter::successors(place.outer(), |object| object.outer());
    let around: Vec<_> = around.map(Object::id).collect();
    assert_eq!(around, ["ac-2_smt", "ac-2", "ac", &uuid(1)]);
}

#[test]
fn references_are_found_in_both_directions() {
    let library = library();
    let view = library.view(|_| true);
    let id = uuid;
    for (object, document, expected) in [
        (id(10), 1, vec!["control ac-2 via href".to_owned()]),
        (
            "ac-2_prm_1".to_owned(),
            1,
            vec![
                format!("document {} via param-id", id(2)),
                "part ac-2_smt.a via insert".to_owned(),
            ],
        ),
        (
            "ac-2_gdn".to_owned(),
            1,
            vec!["part ac-2_smt.a via link".to_owned()],
        ),
        (
            "ac-2_smt.a".to_owned(),
            1,
            vec![
                format!("finding {} via target-id", id(73)),
                format!("statement {} via statement-id", id(55)),
            ],
        ),
        (
            id(52),
            5,
            vec![
                format!("by-component {} via component-uuid", id(56)),
                format!("inventory-item {} via component-uuid", id(53)),
                format!("observation {} via subject-uuid", id(71)),
            ],
        ),
        (
            id(50),
            5,
            vec![format!(
                "component {} via leveraged-authorization-uuid",
                id(52)
            )],
        ),
        (
            id(72),
            7,
            vec![
                format!("finding {} via risk-uuid", id(73)),
                format!("poam-item {} via risk-uuid", id(80)),
            ],
        ),
        (
            "owner".to_owned(),
            5,
            vec![
                format!("document {} via role-id", id(5)),
                format!("user {} via role-ids", id(51)),
            ],
        ),
        // Each document means its own party.
        (
            id(900),
            7,
            vec![
                format!("document {} via party-uuids", id(7)),
                format!("observation {} via actor-uuid", id(71)),
            ],
        ),
        (
            id(5),
            5,
            vec![
                format!("document {} via import-ssp", id(6)),
                format!("document {} via import-ssp", id(8)),
            ],
        ),
        (
            id(2),
            2,
            vec![format!("document {} via import-profile", id(5))],
        ),
        (
            id(1),
            1,
            vec![
                format!("document {} via imports", id(2)),
                format!("document {} via source-resource", id(3)),
                format!("document {} via source", id(4)),
            ],
        ),
        (id(60), 6, vec![]),
    ] {
        assert_eq!(referring(&view, &object, document), expected, "{object}");
    }
    let control = view.find_objects("ac-2")[0];
    let of_control: Vec<_> = view
        .references_to(control)
        .into_iter()
        .map(|r| format!("{} {}", r.from.kind(), r.via))
        .collect();
    assert_eq!(
        of_control,
        [
            "implemented-requirement control-id",
            "mapping id-ref",
            "implemented-requirement control-id",
            "document with-ids",
        ]
    );

    let item = view.find_objects(&id(80))[0];
    let made: Vec<_> = view
        .references_from(item)
        .into_iter()
        .map(|r| (r.via, r.to.first().map(|object| object.title())))
        .collect();
    assert_eq!(
        made,
        [
            ("finding-uuid".to_owned(), Some("Shared".to_owned())),
            ("risk-uuid".to_owned(), Some("Theft".to_owned())),
            ("risk-uuid".to_owned(), None),
        ]
    );
    let plan = view.find_objects(&id(5))[0];
    let imported = &view.references_from(plan)[0];
    assert_eq!(imported.via, "import-profile");
    assert_eq!(imported.to[0].title(), "Profile");
}

#[test]
fn unknown_ids_have_near_matches_among_what_may_be_seen() {
    let library = library();
    let near = |view: &LibraryView<'_>, id: &str| -> Vec<String> {
        let near = view.similar_objects(id, 3);
        near.into_iter().map(Object::id).collect()
    };
    let all = library.view(|_| true);
    // The statement of the plan has the part's id as its title.
    assert_eq!(
        near(&all, "ac-2_sm"),
        ["ac-2_smt".to_owned(), "ac-2_smt.a".to_owned(), uuid(55)]
    );
    assert_eq!(near(&all, "theft"), [uuid(72)]);
    assert_eq!(near(&all, &uuid(73).replacen('0', "x", 1))[0], uuid(73));
    assert!(near(&all, "").is_empty());
    let public = library.view(|info| info.model.layer() == "control");
    assert!(near(&public, "theft").is_empty());
    assert!(public.find_objects(&uuid(72)).is_empty());
    let control = public.find_objects("ac-2")[0];
    let kinds = public.references_to(control).into_iter();
    let kinds: Vec<_> = kinds.map(|reference| reference.from.kind()).collect();
    assert_eq!(kinds, ["mapping", "document"]);
}

#[test]
fn content_fits_and_says_what_is_left_out() {
    let library = library();
    let view = library.view(|_| true);
    let plan = view.find_objects(&uuid(5))[0].content(4_000);
    assert_eq!(plan.members["metadata"]["title"], "Plan");
    assert_eq!(plan.left_out["system-implementation"], 4);
    assert!(!plan.members.contains_key("control-implementation"));
    let part = view.find_objects("ac-2_smt.a")[0].content(30);
    let prose = part.members["prose"].as_str().expect("text");
    assert!(prose.starts_with("Rev") && prose.ends_with('…'), "{prose}");
    let component = view.find_objects(&uuid(40))[0].content(150);
    assert_eq!(component.left_out["control-implementations"], 1);
}

proptest! {
    #[test]
    fn takes_any_document(value in any_json(), name in "results|components|metadata|back-matter|maps|props") {
        let mut root = json!({"uuid": uuid(1), "metadata": {"title": "t"}});
        root["x"] = json!([{"uuid": "a", &name: value.clone()}, {"id": "a", "props": [value.clone()]}]);
        root[&name] = if name == "metadata" { json!({"title": "t", "x": value}) } else { json!([value]) };
        let text = json!({"assessment-results": root}).to_string();
        if let Ok(document) = Document::parse("x", text, false) {
            for object in document.find_objects("a") {
                object.title();
                object.kind();
                object.content(20);
            }
            prop_assert_eq!(document.find_objects(&uuid(1))[0].is_document(), true);
        }
    }
}
