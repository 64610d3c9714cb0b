//! What is written for one catalog does not cover another.

use serde_json::{Value, json};

use super::{covered, levels, library_of_files, uuid};
use crate::implementations::coverage::claims::Standing;
use crate::implementations::implementation::ImplementationFilter;
use crate::implementations::page::implementations;
use crate::implementations::source::imported_profile;
use crate::library::Library;

const REV_4: usize = 0;
const REV_5: usize = 1;
const LOW_5: usize = 2;
const OVERLAY_5: usize = 3;
const RESOLVED_5: usize = 4;
const COMPONENT: usize = 5;

/// Two revisions of a framework, and what is made from the second: a profile, a profile of that,
/// and a resolved catalog. A component claims `ac-1` for `source`.
fn claimed_for(source: &Value, resources: &Value) -> Library {
    let catalog = |version: &str| {
        json!({"controls": [{"id": "ac-1"}],
        "metadata": {"title": "Framework", "version": version, "last-modified": "2026-01-01T00:00:00Z"}})
    };
    let profile = |href: &str| json!({"imports": [{"href": href, "include-all": {}}]});
    let mut resolved = catalog("5 LOW");
    resolved["metadata"]["links"] = json!([{"href": "low_profile.xml", "rel": "source-profile"}]);
    let mut implementation = json!({"implemented-requirements": [
        {"uuid": "r", "control-id": "ac-1", "description": "d",
         "props": [{"name": "implementation-status", "value": "implemented"}]}]});
    if !source.is_null() {
        implementation["source"] = source.clone();
    }
    let component =
        json!({"uuid": "c", "title": "Product", "control-implementations": [implementation]});
    library_of_files(&[
        (
            "nist.gov/rev4/json/rev4_catalog.json",
            "catalog",
            catalog("4"),
        ),
        (
            "nist.gov/rev5/json/rev5_catalog.json",
            "catalog",
            catalog("5"),
        ),
        (
            "nist.gov/rev5/json/low_profile.json",
            "profile",
            profile("rev5_catalog.json"),
        ),
        (
            "own/overlay.json",
            "profile",
            profile("../nist.gov/rev5/json/low_profile.json"),
        ),
        ("nist.gov/rev5/json/low_resolved.json", "catalog", resolved),
        (
            "own/component.json",
            "component-definition",
            json!({"components": [component], "back-matter": {"resources": resources}}),
        ),
    ])
}

fn standing(library: &Library, profile: usize, filter: ImplementationFilter<'_>) -> Standing {
    covered(library, profile, filter, |coverage| {
        let [claim] = &coverage.claims[..] else {
            panic!("{:?}", coverage.claims);
        };
        assert_eq!(
            (claim.requirements, claim.controls, claim.selected),
            (1, 1, 1)
        );
        let level = if claim.standing.counts() {
            "implemented"
        } else {
            "missing"
        };
        assert_eq!(levels(&coverage), [format!("ac-1 {level}")]);
        assert_eq!(
            coverage.controls[0].not_counted,
            usize::from(!claim.standing.counts())
        );
        claim.standing
    })
}

#[test]
fn a_source_counts_for_the_catalog_behind_it() {
    let resources = json!([
        {"uuid": "res-5", "title": "Rev 5", "rlinks": [
            {"href": "https://example.org/main/nist.gov/rev5/json/rev5_catalog.xml"}]},
        {"uuid": "res-4", "rlinks": [{"href": "../nist.gov/rev4/json/rev4_catalog.json"}]},
    ]);
    for (source, expected) in [
        (
            json!("../nist.gov/rev5/json/rev5_catalog.json"),
            Standing::Matches,
        ),
        (
            json!("https://raw.example.org/x/v1.0.0/nist.gov/rev5/json/rev5_catalog.json"),
            Standing::Matches,
        ),
        (
            json!("https://example.org/x/blob/main/nist.gov/rev5/xml/../json/rev5_catalog.xml"),
            Standing::Matches,
        ),
        (json!(uuid(REV_5)), Standing::Matches),
        (
            json!(format!("urn:uuid:{}", uuid(REV_5))),
            Standing::Matches,
        ),
        (json!(format!("#{}", uuid(REV_5))), Standing::Matches),
        (json!("#res-5"), Standing::Matches),
        (
            json!("../nist.gov/rev5/json/low_profile.json"),
            Standing::Matches,
        ),
        (json!("overlay.json"), Standing::Matches),
        (json!(uuid(RESOLVED_5)), Standing::Matches),
        (json!("#res-4"), Standing::OtherCatalog),
        (json!(uuid(REV_4)), Standing::OtherCatalog),
        (
            json!("https://example.org/framework/rev6_catalog.json"),
            Standing::NotLoaded,
        ),
        (json!("REPLACE_ME"), Standing::NotLoaded),
        (json!(uuid(COMPONENT)), Standing::NotLoaded),
        (json!(""), Standing::NoSource),
        (Value::Null, Standing::NoSource),
    ] {
        let library = claimed_for(&source, &resources);
        for profile in [LOW_5, OVERLAY_5] {
            let found = standing(&library, profile, ImplementationFilter::default());
            assert_eq!(found, expected, "{source}");
            if !expected.counts() {
                let any = ImplementationFilter {
                    any_source: true,
                    ..ImplementationFilter::default()
                };
                assert_eq!(
                    standing(&library, profile, any),
                    Standing::Assumed,
                    "{source}"
                );
            }
        }
    }
}

#[test]
fn an_implementation_names_its_source_and_the_control_in_it() {
    let library = claimed_for(&json!(uuid(REV_4)), &json!([]));
    let view = library.view(|_| true);
    let page = implementations(&view, ImplementationFilter::default(), 0, 10);
    let source = page.items[0].source.as_ref().expect("a source");
    assert_eq!(source.document.as_deref(), Some(uuid(REV_4).as_str()));
    assert_eq!(source.document_version.as_deref(), Some("4"));

    let resources = json!([{"uuid": "res-9", "title": "Revision 9"}]);
    let library = claimed_for(&json!("#res-9"), &resources);
    let page = implementations(
        &library.view(|_| true),
        ImplementationFilter::default(),
        0,
        10,
    );
    let source = page.items[0].source.as_ref().expect("a source");
    assert_eq!(
        (source.resource.as_deref(), source.document.as_ref()),
        (Some("Revision 9"), None)
    );
    assert!(source.problem.is_some());
}

/// A copy with a uuid of its own, as in a workspace of trestle, is the same catalog; another
/// version of it is not.
#[test]
fn a_copy_of_a_catalog_is_the_same_catalog() {
    let catalog = |version: &str| {
        json!({"controls": [{"id": "ac-1"}],
        "metadata": {"title": "Framework", "version": version, "last-modified": "2026-01-01T00:00:00Z"}})
    };
    let component = json!({"components": [{"uuid": "c", "title": "Product", "control-implementations": [
        {"source": uuid(0), "implemented-requirements": [
            {"uuid": "r", "control-id": "ac-1", "description": "d",
             "props": [{"name": "implementation-status", "value": "implemented"}]}]}]}]});
    for (version, expected) in [("5", Standing::Matches), ("5.1", Standing::OtherCatalog)] {
        let library = library_of_files(&[
            ("a.json", "catalog", catalog("5")),
            ("b.json", "catalog", catalog(version)),
            (
                "p.json",
                "profile",
                json!({"imports": [{"href": "b.json", "include-all": {}}]}),
            ),
            ("c.json", "component-definition", component.clone()),
        ]);
        assert_eq!(
            standing(&library, 2, ImplementationFilter::default()),
            expected,
            "{version}"
        );
    }
}

#[test]
fn a_plan_is_written_for_the_profile_that_it_imports() {
    let plan = |href: &Value| {
        let mut plan = json!({"control-implementation": {"implemented-requirements": [
            {"uuid": "r", "control-id": "ac-1",
             "props": [{"name": "implementation-status", "value": "implemented"}]}]}});
        if !href.is_null() {
            plan["import-profile"] = json!({"href": href});
        }
        library_of_files(&[
            (
                "rev4.json",
                "catalog",
                json!({"controls": [{"id": "ac-1"}]}),
            ),
            (
                "rev5.json",
                "catalog",
                json!({"controls": [{"id": "ac-1"}]}),
            ),
            (
                "low4.json",
                "profile",
                json!({"imports": [{"href": "rev4.json", "include-all": {}}]}),
            ),
            (
                "low5.json",
                "profile",
                json!({"imports": [{"href": "rev5.json", "include-all": {}}]}),
            ),
            ("plan.json", "system-security-plan", plan),
        ])
    };
    let document = uuid(4);
    let named = ImplementationFilter {
        document: Some(&document),
        ..ImplementationFilter::default()
    };
    for (href, alone, with_plan_named, imported) in [
        (
            json!("low5.json"),
            Standing::Matches,
            Standing::Matches,
            Ok(uuid(3)),
        ),
        (
            json!("low4.json"),
            Standing::OtherCatalog,
            Standing::OtherCatalog,
            Ok(uuid(2)),
        ),
        (
            json!("rev5.json"),
            Standing::Matches,
            Standing::Matches,
            Ok(uuid(1)),
        ),
        (
            json!("gone.json"),
            Standing::NotLoaded,
            Standing::Assumed,
            Err("`gone.json`"),
        ),
        (
            Value::Null,
            Standing::NoSource,
            Standing::NoSource,
            Err("no import-profile"),
        ),
    ] {
        let library = plan(&href);
        assert_eq!(
            standing(&library, 3, ImplementationFilter::default()),
            alone,
            "{href}"
        );
        assert_eq!(standing(&library, 3, named), with_plan_named, "{href}");
        let view = library.view(|_| true);
        let found = imported_profile(&view, view.document(&document).expect("the plan"));
        match (found, imported) {
            (Ok(found), Ok(id)) => assert_eq!(found.document.info().id, id),
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (found, imported) => panic!("{href}: {found:?} {imported:?}"),
        }
    }
    let library = plan(&Value::Null);
    let view = library.view(|_| true);
    let catalog = view.document(&uuid(0)).expect("the catalog");
    let error = imported_profile(&view, catalog).expect_err("not a plan");
    assert!(error.to_string().contains("is a catalog"), "{error}");
}
