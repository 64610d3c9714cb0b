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
        "%63.xml",
        "../../other/c.json",
    ] {
        assert_eq!(outcome(&files(href), None).expect(href), "x", "{href}");
    }
    for (href, message) in [
        ("gone.json", "no document has the file name `gone.json`"),
        ("#gone", "the importing document has no such resource"),
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
        error.contains("`q.json` 1 (00000000-0000-4000-8000-000000000001) imports `r.json`"),
        "{error}"
    );
    let own = outcome(&[("p.json", p("p.json"))], None);
    assert!(matches!(own, Err(ResolveError::Cycle(_))));
}

/// What a profile imports, given the files and its hrefs: the title of the document, `~` before it
/// if only its path ends alike and `?` if it is a guess, or the candidates.
fn located(importer: &str, hrefs: &[&str], files: &[&str]) -> String {
    let links: Vec<_> = hrefs.iter().map(|href| json!({"href": href})).collect();
    let profile = json!({
        "imports": [{"href": "#r", "include-all": {}}],
        "back-matter": {"resources": [{"uuid": "r", "rlinks": links}]},
    });
    let mut all = vec![(importer, profile)];
    all.extend(files.iter().enumerate().map(|(number, file)| {
        let id = format!("x-{number}");
        (*file, json!({"controls": [{"id": id, "title": file}]}))
    }));
    let library = library(&all);
    let view = library.view(|_| true);
    let profile = view.document(&uuid(0)).expect("the profile");
    match resolve_profile(&view, profile, None) {
        Ok(resolved) => {
            let mark = match (resolved.guesses.len(), resolved.warnings.len()) {
                (0, 0) => "",
                (0, _) => "~",
                _ => "?",
            };
            format!("{mark}{}", resolved.controls[0].control.title())
        }
        Err(ResolveError::ImportAmbiguous { candidates, .. }) => {
            let found = candidates.split('`').skip(1).step_by(2);
            format!("!{}", found.collect::<Vec<_>>().join(" "))
        }
        Err(ResolveError::ImportNotFound { .. }) => "-".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn imports_are_found_by_their_place() {
    let nist = "catalogs/nist/catalog.json";
    let other = "catalogs/other/catalog.json";
    let profile = "profiles/p/profile.json";
    for (importer, hrefs, files, expected) in [
        // The workspace, whichever directory it is in.
        (
            profile,
            &["trestle://catalogs/nist/catalog.json"][..],
            &[other, nist][..],
            nist,
        ),
        (
            "w/profiles/p/profile.json",
            &["trestle://catalogs/nist/catalog.json"],
            &[nist, "w/catalogs/nist/catalog.json"],
            "w/catalogs/nist/catalog.json",
        ),
        (
            profile,
            &["catalogs/nist/catalog.json"],
            &[other, nist],
            nist,
        ),
        (
            profile,
            &["../../catalogs/nist/catalog.json"],
            &[other, nist],
            nist,
        ),
        // A workspace elsewhere, if there is only one.
        (
            profile,
            &["trestle://catalogs/nist/catalog.json"],
            &[other, "w/catalogs/nist/catalog.json"],
            "~w/catalogs/nist/catalog.json",
        ),
        (
            profile,
            &["trestle://catalogs/nist/catalog.json"],
            &[
                "v/catalogs/nist/catalog.json",
                "w/catalogs/nist/catalog.json",
            ],
            "!v/catalogs/nist/catalog.json w/catalogs/nist/catalog.json",
        ),
        // The same file name is nothing.
        (
            profile,
            &["trestle://catalogs/nist/catalog.json"],
            &[other],
            "!catalogs/other/catalog.json",
        ),
        (
            profile,
            &["../nist/catalog.json"],
            &["nist/x.json", "catalog.json"],
            "!catalog.json",
        ),
        (
            "profile.json",
            &["trestle://catalogs/nist/controls.json"],
            &["controls.json"],
            "!controls.json",
        ),
        (
            "profile.json",
            &["trestle://catalogs/nist/gone.json"],
            &["controls.json"],
            "-",
        ),
        // The end of the path, the longest and then the nearest one.
        (
            "b/p.json",
            &["https://example.org/v1/rev5/json/controls.json"],
            &["x/rev4/json/controls.json", "x/rev5/json/controls.json"],
            "~x/rev5/json/controls.json",
        ),
        (
            "b/p.json",
            &["https://example.org/rev5/controls.json"],
            &["a/rev5/controls.json", "b/rev5/controls.json"],
            "~b/rev5/controls.json",
        ),
        (
            "p.json",
            &["https://example.org/rev5/controls.json"],
            &["a/rev5/controls.json", "b/rev5/controls.json"],
            "!a/rev5/controls.json b/rev5/controls.json",
        ),
        // A file name that says something, if it is the only one or beside the profile.
        (
            "a/p.json",
            &["controls.json"],
            &["x/controls.json"],
            "?x/controls.json",
        ),
        (
            "a/p.json",
            &["../../../x/controls.json"],
            &["a/controls.json", "b/controls.json"],
            "?a/controls.json",
        ),
        (
            "a/p.json",
            &["controls.json"],
            &["x/controls.json", "y/controls.json"],
            "!x/controls.json y/controls.json",
        ),
        // Other forms of the same document.
        (
            "a/json/p.json",
            &["../xml/controls.xml"],
            &["a/json/controls.json", "controls.json"],
            "a/json/controls.json",
        ),
        (
            "p.json",
            &["controls.json"],
            &["controls-min.json", "x/controls.json"],
            "controls-min.json",
        ),
        (
            "p.json",
            &["gone.xml", "controls.yaml", "z/controls.json"],
            &["controls.json"],
            "controls.json",
        ),
    ] {
        let seen = located(importer, hrefs, files);
        assert_eq!(seen, expected, "{importer} imports {hrefs:?} of {files:?}");
    }
}

#[test]
fn a_file_is_preferred_to_a_uuid_and_a_copy_to_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let write =
        |file: &str, text: String| fs::write(directory.path().join(file), text).expect("written");
    // All have the same uuid: a catalog, its revision, and the profile.
    let catalog = |version: &str, control: &str| {
        json!({"catalog": {"uuid": uuid(1), "metadata": {"title": "C", "version": version},
            "controls": [{"id": control, "title": "X"}]}})
    };
    let profile = |number: usize, href: &str| {
        let profile = json!({"profile": {"uuid": uuid(number), "metadata": {"title": href},
            "imports": [{"href": href, "include-all": {}}]}});
        write(&format!("p{number}.json"), profile.to_string());
    };
    write("a-min.json", catalog("1", "old").to_string());
    write("a.json", format!("{:#}", catalog("1", "old")));
    write("b.json", catalog("2", "new").to_string());
    profile(1, "a.json");
    profile(2, "b.json");
    profile(3, &format!("urn:uuid:{}", uuid(1)));
    profile(4, "a-min.json");
    let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert_eq!(library.problems(), []);
    let view = library.view(|_| true);
    for (file, expected) in [
        ("p1.json", "old"),
        ("p2.json", "new"),
        ("p3.json", "new"),
        ("p4.json", "old"),
    ] {
        let profile = view.documents().find(|document| document.file() == file);
        let resolved = resolve_profile(&view, profile.expect("loaded"), None).expect("resolves");
        assert_eq!(resolved.controls[0].control.id(), expected, "{file}");
        assert!(resolved.warnings.is_empty(), "{:?}", resolved.warnings);
    }
}
