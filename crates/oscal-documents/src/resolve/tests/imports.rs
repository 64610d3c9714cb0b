//! What imports refer to.

use super::*;

#[test]
fn imports_that_are_not_loaded_are_named() {
    let p = |href: &str| {
        (
            "p.json",
            json!({"imports": [{"href": href, "include-all": {}}]}),
        )
    };
    let one = json!({"controls": [{"id": "x", "title": "X"}]});
    let files = |href: &str| vec![p(href), ("c.json", one.clone())];
    for href in [
        "c.json",
        "https://example.org/c.json?x#y",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "#00000000-0000-4000-8000-000000000001",
        "other/%63.xml",
    ] {
        assert_eq!(outcome(&files(href), None).expect(href), "x", "{href}");
    }
    for (href, message) in [
        ("gone.json", "no document has the file name `gone.json`"),
        ("#gone", "the profile has no such resource"),
        ("/", "does not say where it is"),
    ] {
        let error = outcome(&files(href), None).expect_err(href).to_string();
        assert!(
            error.contains(message) && error.contains("p.json"),
            "{error}"
        );
        assert_eq!(outcome(&files(href), Some(&uuid(1))).expect(href), "x");
    }
    let error = outcome(&files("c.json"), Some("gone")).expect_err("unknown");
    assert!(matches!(error, ResolveError::UnknownFallback(_)));
}

#[test]
fn hidden_documents_are_not_imported() {
    let p = json!({"imports": import(json!({"include-all": {}}))});
    let library = library(&[("p.json", p), ("c.json", catalog())]);
    let view = library.view(|info| info.title != "c.json");
    let profile = view.document(&uuid(0)).expect("the profile");
    let error = resolve_profile(&view, profile, None)
        .err()
        .expect("an error");
    assert!(
        matches!(error, ResolveError::ImportNotFound { .. }),
        "{error}"
    );
}

#[test]
fn circles_are_errors() {
    let p = |href: &str| json!({"imports": [{"href": href, "include-all": {}}]});
    let error = outcome(
        &[
            ("p.json", p("q.json")),
            ("q.json", p("r.json")),
            ("r.json", p("q.json")),
        ],
        None,
    );
    let error = error.expect_err("a circle").to_string();
    assert!(
        error.contains("`q.json` (00000000-0000-4000-8000-000000000001) imports `r.json`"),
        "{error}"
    );
    let own = outcome(&[("p.json", p("p.json"))], None);
    assert!(matches!(own, Err(ResolveError::Cycle(_))));
}
