use std::collections::HashSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::document::Document;
use crate::document::model::Model;
use crate::library::Library;
use crate::library::listing::limits::Limits;
use crate::library::listing::{Listing, LoadError};
use crate::library::naming::Unnamed;
use crate::library::view::LibraryView;
use crate::search::Query;

const ONE: &str = r#"{"catalog":{"uuid":"00000000-0000-4000-8000-000000000001",
    "metadata":{"title":"One"},"controls":[{"id":"ac-1","title":"Policy"}]}}"#;
const TWO: &str = r#"{"catalog":{"uuid":"00000000-0000-4000-8000-000000000002",
    "metadata":{"title":"Two"},"controls":[{"id":"AC-01"},{"id":"ac-2"}]}}"#;
const PLAN: &str = r#"{"system-security-plan":{"uuid":"00000000-0000-4000-8000-000000000003",
    "metadata":{"title":"Secret plan"},"control-implementation":{"implemented-requirements":[
    {"uuid":"u","control-id":"ac-1","description":"policy policy policy"}]}}}"#;

fn loaded(files: &[(&str, &str)], built_in: &[(&str, &str)]) -> Library {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        fs::write(directory.path().join(name), text).expect("written");
    }
    Library::load(built_in, Some(directory.path()), Limits::default()).expect("loads")
}

fn reloaded(library: &Library, directory: &Path, limits: Limits) -> Library {
    let listing = Listing::of(directory, limits).expect("a directory");
    library.reload(&[("plan", PLAN)], &listing, &HashSet::new(), limits)
}

fn titles(view: &LibraryView<'_>) -> Vec<String> {
    view.documents().map(|d| d.info().title.clone()).collect()
}

#[test]
fn good_documents_are_served_and_bad_ones_reported() {
    let library = loaded(
        &[
            ("b.json", TWO),
            ("a.json", "{"),
            ("c.json", TWO),
            ("d.json", ONE),
        ],
        &[("one", ONE), ("plan", PLAN)],
    );
    assert_eq!(
        titles(&library.view(|_| true)),
        ["Two", "One", "Secret plan"]
    );
    let problems: Vec<_> = library
        .problems()
        .iter()
        .map(|p| format!("{}: {}", p.file, p.message))
        .collect();
    assert_eq!(
        problems,
        ["a.json: not JSON: EOF while parsing an object at line 1 column 1",]
    );
}

#[test]
fn a_control_in_several_documents_is_found_in_each_in_their_order() {
    let library = loaded(&[("x.json", TWO)], &[("one", ONE)]);
    let view = library.view(|_| true);
    let found = |reference| -> Vec<_> {
        let controls = view.find_controls(reference).into_iter();
        controls
            .map(|c| (c.document().info().title.as_str(), c.id()))
            .collect()
    };
    assert_eq!(found("AC-1"), [("Two", "AC-01"), ("One", "ac-1")]);
    assert_eq!(found("ac-2"), [("Two", "ac-2")]);
}

#[test]
fn a_number_alone_is_found_where_no_document_has_it_and_none_numbers_another_control_so() {
    let catalog = |number: u32, ids: [&str; 2]| {
        let controls = ids.map(|id| format!(r#"{{"id": "{id}"}}"#)).join(",");
        format!(
            r#"{{"catalog": {{"uuid": "00000000-0000-4000-8000-{number:012}",
                "metadata": {{"title": "T"}}, "controls": [{controls}]}}}}"#
        )
    };
    let cis = catalog(11, ["cisc-6.3", "cisc-6.4"]);
    let copy = catalog(12, ["CISC-6.3", "cisc-6.5"]);
    let plain = catalog(13, ["6.3", "6.6"]);
    let other = catalog(14, ["pci-6.4", "pci-6.7"]);
    let library = loaded(
        &[("1.json", &cis), ("2.json", &copy), ("4.json", &other)],
        &[],
    );
    let view = library.view(|_| true);
    let ids = |view: &LibraryView<'_>, number| -> Vec<String> {
        let found = view.find_controls(number).into_iter();
        found.map(|control| control.id().to_owned()).collect()
    };
    assert_eq!(ids(&view, "6.3"), ["cisc-6.3", "CISC-6.3"]);
    assert_eq!(ids(&view, "6.4"), [""; 0], "of CIS or of PCI");
    assert_eq!(ids(&view, "6.7"), ["pci-6.7"]);
    let library = loaded(&[("1.json", &cis), ("3.json", &plain)], &[]);
    assert_eq!(ids(&library.view(|_| true), "6.3"), ["6.3"]);
}

#[test]
fn hidden_documents_are_as_good_as_absent() {
    let with = loaded(&[], &[("one", ONE), ("plan", PLAN)]);
    let without = loaded(&[], &[("one", ONE)]);
    let with = with.view(|info| info.model != Model::SystemSecurityPlan);
    let without = without.view(|_| true);
    assert_eq!(titles(&with), titles(&without));
    assert!(
        with.document("00000000-0000-4000-8000-000000000003")
            .is_none()
    );
    for text in ["policy", "ac-1", "secret", "AC-1 policy", ""] {
        let query = Query {
            text,
            ..Query::default()
        };
        assert_eq!(with.search(&query), without.search(&query), "{text}");
    }
}

#[test]
fn all_files_together_are_limited() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("a.json"), ONE).expect("written");
    fs::write(directory.path().join("b.json"), TWO).expect("written");
    let limits = Limits {
        total_bytes: ONE.len() as u64 + 10,
        ..Limits::default()
    };
    let library = Library::load(&[], Some(directory.path()), limits).expect("loads");
    assert_eq!(titles(&library.view(|_| true)), ["One"]);
    assert_eq!(
        library.problems()[0].message,
        format!(
            "left out: all files together have more than {} bytes",
            limits.total_bytes
        )
    );
}

#[test]
fn a_broken_file_never_replaces_a_good_document() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let write = |name: &str, text: &str| fs::write(path(name), text).expect("written");
    let reload = |library: &Library| {
        let library = reloaded(library, directory.path(), Limits::default());
        let problems = library.problems().iter();
        let problems: Vec<_> = problems
            .map(|p| format!("{}: {}", p.file, p.message))
            .collect();
        (titles(&library.view(|_| true)), problems, library)
    };
    fs::create_dir(path("sub")).expect("created");
    write("a.json", ONE);
    write("sub/b.json", TWO);
    let library = Library::load(&[("plan", PLAN)], Some(directory.path()), Limits::default());
    let all = ["One", "Two", "Secret plan"];

    write("a.json", &ONE[..ONE.len() / 2]);
    let (served, problems, library) = reload(&library.expect("loads"));
    assert_eq!(served, all, "in their places");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let expected = "a.json: the version loaded earlier is served, because the file is now \
                    unusable: not JSON: EOF";
    assert!(problems[0].starts_with(expected), "{problems:?}");
    let (served, again, library) = reload(&library);
    assert_eq!((served, again), (all.map(str::to_owned).to_vec(), problems));

    fs::rename(path("sub"), path("away")).expect("moved");
    std::os::unix::fs::symlink("/etc", path("sub")).expect("linked");
    fs::remove_dir_all(path("away")).expect("removed");
    let (served, problems, library) = reload(&library);
    assert_eq!(served, all);
    assert!(
        problems
            .concat()
            .contains("sub/b.json: the version loaded earlier"),
        "{problems:?}"
    );

    fs::remove_file(path("sub")).expect("removed");
    write("c.json", &ONE.replace("One", "One, elsewhere"));
    let (served, problems, library) = reload(&library);
    assert_eq!(served, ["One, elsewhere", "Secret plan"]);
    assert!(problems[0].starts_with("a.json: not JSON"), "{problems:?}");

    fs::remove_file(path("a.json")).expect("removed");
    fs::remove_file(path("c.json")).expect("removed");
    let (served, problems, _) = reload(&library);
    assert_eq!((served, problems), (vec!["Secret plan".to_owned()], vec![]));

    let gone = Listing::of(&path("gone"), Limits::default());
    assert!(matches!(gone, Err(LoadError::Missing(_))));
}

#[test]
fn kept_documents_count_as_bytes_of_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).expect("written");
    };
    write("b.json", ONE);
    let library = Library::load(&[], Some(directory.path()), Limits::default());
    write("a.json", TWO);
    let limits = Limits {
        total_bytes: TWO.len() as u64 + 10,
        ..Limits::default()
    };
    let library = reloaded(&library.expect("loads"), directory.path(), limits);
    assert_eq!(titles(&library.view(|_| true)), ["Two", "Secret plan"]);
    assert!(library.problems()[0].message.starts_with("left out"));
}

#[test]
fn only_changed_files_are_read_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).expect("written");
    };
    write("a.json", ONE);
    write("b.json", TWO);
    write("c.json", ONE);
    write("d.json", "{");
    let first = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert_eq!(first.files_read(), 4);
    let again = reloaded(&first, directory.path(), Limits::default());
    assert_eq!(again.files_read(), 0);
    assert_eq!(again.problems(), first.problems());
    let document = |library: &Library, at: usize| library.documents[at].document.clone();
    assert!(document(&first, 1).is(&document(&again, 1)));

    write("b.json", &TWO.replace("Two", "Second"));
    let changed = reloaded(&again, directory.path(), Limits::default());
    assert_eq!(changed.files_read(), 1);
    assert!(document(&first, 0).is(&document(&changed, 0)));
    assert_eq!(
        titles(&changed.view(|_| true)),
        ["One", "Second", "Secret plan"]
    );

    fs::remove_file(directory.path().join("a.json")).expect("removed");
    let moved = reloaded(&changed, directory.path(), Limits::default());
    assert_eq!(moved.files_read(), 0, "the copy is still there");
    assert_eq!(
        titles(&moved.view(|_| true)),
        ["Second", "One", "Secret plan"]
    );
}

#[test]
fn what_is_held_stays_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let write = |name: &str, text: &str| fs::write(path(name), text).expect("written");
    write("a.json", ONE);
    write("b.json", TWO);
    let first = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    fs::remove_file(path("a.json")).expect("removed");
    write("b.json", &TWO.replace("Two", "Second"));
    write("c.json", PLAN);
    let reload = |held: &[&str]| {
        let listing = Listing::of(directory.path(), Limits::default()).expect("a directory");
        let held = held.iter().copied().map(str::to_owned).collect();
        let library = first.reload(&[], &listing, &held, Limits::default());
        assert!(library.is_of(&listing, &held));
        assert_eq!(library.is_of(&listing, &HashSet::new()), held.is_empty());
        titles(&library.view(|_| true))
    };
    assert_eq!(reload(&["a.json", "b.json", "c.json"]), ["One", "Two"]);
    assert_eq!(reload(&["b.json"]), ["Two", "Secret plan"]);
    assert_eq!(reload(&["a.json"]), ["One", "Second", "Secret plan"]);
    assert_eq!(reload(&[]), ["Second", "Secret plan"]);
}

#[test]
fn copies_are_one_document_with_all_its_names() {
    let pretty = format!(
        "{:#}",
        serde_json::from_str::<serde_json::Value>(ONE).expect("JSON")
    );
    let files = [
        ("b.json", ONE),
        ("a-min.json", ONE),
        ("c.json", &pretty),
        ("d.json", TWO),
    ];
    let library = loaded(&files, &[("one", ONE)]);
    assert_eq!(library.problems(), []);
    let view = library.view(|_| true);
    let files: Vec<Vec<_>> = view
        .documents()
        .map(|document| document.files().collect())
        .collect();
    assert_eq!(
        files,
        [
            vec!["a-min.json", "b.json", "c.json", "one"],
            vec!["d.json"]
        ]
    );
    assert!(!view.documents().next().expect("a document").info().built_in);
}

#[test]
fn all_documents_of_a_uuid_are_served_and_the_newest_one_keeps_it() {
    let uuid = "00000000-0000-4000-8000-000000000001";
    let revision = |title: &str, version: &str, modified: &str| {
        format!(
            r#"{{"catalog":{{"uuid":"{}","metadata":{{"title":"{title}","version":"{version}",
                "last-modified":"{modified}"}}}}}}"#,
            uuid.to_uppercase()
        )
    };
    let (may, june) = ("2026-05-01T00:00:00Z", "2026-05-31T22:00:00-04:00");
    let texts = [
        revision("first", "1.9", may),
        revision("second", "1.10", may),
        revision("third", "1.2", june),
        revision("another", "1.2", june),
        revision("undated", "9", ""),
    ];
    let files = ["1.json", "2.json", "3.json", "4.json", "5.json"];
    let files: Vec<_> = files
        .into_iter()
        .zip(texts.iter().map(String::as_str))
        .collect();
    let library = loaded(&files, &[]);
    assert_eq!(library.problems(), []);
    let view = library.view(|_| true);
    let ids: Vec<_> = view
        .documents()
        .map(|document| document.info().id.as_str())
        .collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 5, "{ids:?}");
    for document in view.documents() {
        let info = document.info();
        let (is_bare, superseded) = match info.title.as_str() {
            "third" => (true, false),
            "another" => (false, false),
            _ => (false, true),
        };
        assert_eq!(info.id == uuid, is_bare, "{info:?}");
        assert!(is_bare || (info.id.len() == uuid.len() + 7 && info.id.starts_with(uuid)));
        assert_eq!(
            info.superseded_by.as_deref(),
            superseded.then_some(uuid),
            "{info:?}"
        );
        let found = view.document(&info.id).expect("found by id");
        assert!(found.is(document));
    }
    // The ids depend on the content, not on the names or the order of the files.
    let moved: Vec<_> = files[..2]
        .iter()
        .rev()
        .chain(&files[2..])
        .copied()
        .collect();
    let again = loaded(&[moved[0], moved[1], moved[2], moved[4]], &[]);
    let id_of_first = |library: &Library| {
        let view = library.view(|_| true);
        let found = view
            .documents()
            .find(|document| document.info().title == "first");
        found.expect("served").info().id.clone()
    };
    assert_eq!(id_of_first(&library), id_of_first(&again));
}

#[test]
fn a_thousand_documents_of_one_uuid_are_read_once_each() {
    let directory = tempfile::tempdir().expect("a directory");
    for number in 0..1_000 {
        let text = ONE.replace("One", &format!("Title {}", number / 2));
        fs::write(directory.path().join(format!("{number}.json")), text).expect("written");
    }
    let first = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
    assert_eq!(first.documents.len(), 500, "each has a copy");
    let ids: HashSet<_> = first
        .documents
        .iter()
        .map(|d| &d.document.info().id)
        .collect();
    assert_eq!(ids.len(), 500);
    fs::write(directory.path().join("7.json"), ONE).expect("written");
    let next = reloaded(&first, directory.path(), Limits::default());
    assert_eq!(
        (next.files_read(), next.documents.len()),
        (1, 502),
        "and the plan"
    );
}

#[test]
fn what_is_left_out_of_a_document_is_a_problem() {
    let text = TWO.replace(
        r#"{"id":"ac-2"}"#,
        r#"{"id":"ac-2","params":[{"id":7},{"id":"p"}]}"#,
    );
    let library = loaded(&[("a.json", &text), ("b.json", &text)], &[]);
    assert_eq!(titles(&library.view(|_| true)), ["Two"]);
    let [problem] = library.problems() else {
        panic!("{:?}", library.problems());
    };
    assert_eq!(problem.file, "a.json");
    assert!(
        problem
            .message
            .starts_with("params of control `ac-2`: invalid type"),
        "{problem:?}"
    );
}

#[test]
fn documents_are_named_by_title_and_file() {
    let profile = r#"{"profile":{"uuid":"00000000-0000-4000-8000-000000000009",
        "metadata":{"title":"Two, the baseline","version":"2.0"}}}"#;
    let old = TWO.replace(
        r#""title":"Two""#,
        r#""title":"Two","last-modified":"2020-01-01""#,
    );
    let new = TWO.replace(
        r#""title":"Two""#,
        r#""title":"Two","last-modified":"2021-01-01""#,
    );
    let library = loaded(
        &[
            ("old.json", &old),
            ("new.json", &new),
            ("p-1.json", profile),
            ("ssp.json", PLAN),
        ],
        &[],
    );
    let all = library.view(|_| true);
    let public = library.view(|info| info.model != Model::SystemSecurityPlan);
    let named = |view: &LibraryView<'_>, name: &str, models: &[Model]| match view
        .named(name, models)
    {
        Ok(document) => document.file().to_owned(),
        Err(Unnamed::Unknown(near)) => {
            format!(
                "-{}",
                near.iter().map(|d| d.file()).collect::<Vec<_>>().join(" ")
            )
        }
        Err(Unnamed::Ambiguous(candidates, total)) => format!("{} of {total}", candidates.len()),
    };
    for (name, expected) in [
        ("00000000-0000-4000-8000-000000000002", "new.json"),
        ("urn:uuid:00000000-0000-4000-8000-000000000009", "p-1.json"),
        ("00000000-0000-4000-8000-00000000000", "3 of 3"),
        ("two", "new.json"),
        ("OLD.json", "old.json"),
        ("p-1", "p-1.json"),
        ("baseline", "p-1.json"),
        ("Two, the baseline 2.0", "p-1.json"),
        ("baselin for two", "-p-1.json new.json old.json"),
        ("secret plan", "ssp.json"),
        ("", "-"),
        ("…", "-"),
    ] {
        assert_eq!(named(&all, name, &[]), expected, "{name}");
    }
    assert_eq!(named(&all, "two", &[Model::Profile]), "p-1.json");
    assert_eq!(named(&public, "secret plan", &[]), "-");
    assert_eq!(named(&public, "ssp.json", &[]), "-");
}

#[test]
fn a_uuid_is_shared_by_models_and_a_hidden_one_is_not_felt() {
    let uuid = "00000000-0000-4000-8000-000000000001";
    let plan = PLAN.replace("000000000003", "000000000001");
    // Whichever file name comes first.
    for plan_file in ["a.json", "c.json"] {
        let library = loaded(&[(plan_file, plan.as_str()), ("b.json", ONE)], &[]);
        assert_eq!(library.problems(), []);
        let all = library.view(|_| true);
        let title = |view: &LibraryView<'_>, id: &str| {
            view.document(id)
                .map(|document| document.info().title.clone())
        };
        assert_eq!(title(&all, uuid).as_deref(), Some("One"));
        let plan_id = format!("{uuid}.system-security-plan");
        assert_eq!(title(&all, &plan_id).as_deref(), Some("Secret plan"));
        let some = library.view(|info| info.model != Model::SystemSecurityPlan);
        let without = loaded(&[("b.json", ONE)], &[]);
        let without = without.view(|_| true);
        assert_eq!(title(&some, &plan_id), None);
        assert!(
            some.documents()
                .map(Document::info)
                .eq(without.documents().map(Document::info))
        );
    }
}

proptest! {
    #[test]
    fn takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("x.json"), bytes).expect("written");
        let library = Library::load(&[], Some(directory.path()), Limits::default()).expect("loads");
        prop_assert_eq!(library.problems().len(), 1);
    }
}

#[test]
fn documents_in_other_formats_are_served_and_twins_are_one_document() {
    const UUID: &str = "00000000-0000-4000-8000-00000000000";
    let json = format!(
        r#"{{"catalog":{{"uuid":"{UUID}4","metadata":{{"title":"Four","version":"1.10"}},
           "controls":[{{"id":"a","parts":[{{"name":"statement","prose":"Say \\\"a\\\".\n\nOr b."}}]}}]}}}}"#
    );
    let xml = |number: u32, prose: &str| {
        format!(
            "<?xml version='1.0'?>
             <catalog xmlns='http://csrc.nist.gov/ns/oscal/1.0' uuid='{UUID}{number}'>
               <metadata><title>Four</title><version>1.10</version></metadata>
               <control id='a'><part name='statement'>{prose}</part></control>
             </catalog>"
        )
    };
    let yaml = format!(
        "catalog:
  uuid: {UUID}4
  metadata: {{title: Four, version: 1.10}}
  controls:
  - id: a
    parts:
    - name: statement
      prose: |
        Say \\\"a\\\".

        Or b."
    );
    let library = loaded(
        &[
            ("four.json", &json),
            ("four.xml", &xml(4, "<p>Say \"a\".</p>\n<p>Or b.</p>")),
            ("four.yaml", &yaml),
            ("five.XML", &xml(5, "<p>x</p>")),
            ("other.xml", &xml(4, "<p>Something else.</p>")),
            ("pom.xml", "<project xmlns='urn:x'/>"),
            ("compose.yml", "services:\n  web: 1\n"),
            ("torn.xml", "<catalog"),
        ],
        &[],
    );
    let view = library.view(|_| true);
    let files: Vec<Vec<_>> = view.documents().map(|d| d.files().collect()).collect();
    assert_eq!(
        files,
        [
            vec!["five.XML"],
            vec!["four.json", "four.xml", "four.yaml"],
            vec!["other.xml"]
        ]
    );
    let other = view.documents().last().expect("a document").info();
    assert_eq!(other.superseded_by, Some(format!("{UUID}4")));
    let found = view.named("four", &[]).expect("one");
    assert_eq!(found.info().version, "1.10");
    let problems: Vec<_> = (library.problems().iter())
        .map(|problem| format!("{}: {:.60}", problem.file, problem.message))
        .collect();
    assert_eq!(
        problems,
        [
            "compose.yml: not an OSCAL document: its root has none of the keys catalog",
            "pom.xml: XML that cannot be read: line 1, column 1: not OSCAL: the ro",
            "torn.xml: XML that cannot be read: line 1, column 1: not well-formed: ",
        ]
    );
}

#[test]
fn profiles_import_catalogs_in_other_formats() {
    let catalog = ONE.replace('\n', " ");
    let profile = "<profile xmlns='http://csrc.nist.gov/ns/oscal/1.0' \
         uuid='00000000-0000-4000-8000-000000000009'><metadata><title>P</title></metadata>\
         <import href='one.xml'><include-all/></import></profile>";
    // JSON is YAML, too.
    let library = loaded(&[("one.yaml", &catalog), ("p.xml", profile)], &[]);
    let view = library.view(|_| true);
    let profile = view.named("p.xml", &[]).expect("the profile");
    let resolved =
        crate::resolve::resolved::resolve_profile(&view, profile, None).expect("resolves");
    assert_eq!(resolved.controls.len(), 1);
}
