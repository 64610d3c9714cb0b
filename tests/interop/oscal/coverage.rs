//! What public documents implement, compared with a count of their JSON by a script of its own.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use oscal_documents::{
    Coverage, ImplementationFilter, Library, Limits, Model, Standing, coverage,
    coverage_of_catalog, implementations, resolve_profile,
};
use serde::Deserialize;

use super::CATALOG;
use crate::environment;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/interop/python/count_implementations.py"
);

const REV4_LOW: &str = "NIST_SP-800-53_rev4_LOW-baseline_profile.json";
const REV5_LOW: &str = "NIST_SP-800-53_rev5_LOW-baseline_profile.json";

/// What the script counts in a document.
#[derive(Deserialize)]
struct Counted {
    rows: usize,
    covered: Vec<String>,
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn each_document_implements_what_its_json_says() {
    let (Some(field), Some(nist)) = (
        environment::field_documents(),
        environment::nist_documents(),
    ) else {
        return;
    };
    let catalog = nist.join(CATALOG);
    let counted = counted(&field, &catalog);
    let library = Library::load(&[], Some(&field), Limits::default()).expect("a folder");
    let view = library.view(|_| true);
    let catalog = fs::read_to_string(catalog).expect("readable");
    let catalog = Library::load(&[(CATALOG, &catalog)], None, Limits::default()).expect("loads");
    let catalog = catalog.view(|_| true);
    let catalog = catalog.documents().next().expect("the catalog");
    let (mut compared, mut rows, mut wrong) = (0, 0, Vec::new());
    for document in view.documents() {
        let Some(counted) = counted.get(document.file()) else {
            continue;
        };
        let filter = ImplementationFilter {
            document: Some(&document.info().id),
            any_source: true,
            ..ImplementationFilter::default()
        };
        let found = implementations(&view, filter, 0, 0).total;
        let covered = covered(&coverage_of_catalog(&view, catalog, filter));
        compared += 1;
        rows += found;
        if (found, &covered) != (counted.rows, &counted.covered) {
            let file = document.file();
            let (rows, of_json) = (counted.rows, &counted.covered);
            wrong.push(format!(
                "{file}: {found} {covered:?}, JSON: {rows} {of_json:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        compared > 50 && rows > 1000,
        "{compared} documents, {rows} implementations"
    );
}

/// CivicActions' components are written for revision 4, a few of them for revision 5 as well.
#[test]
#[ignore = "interop: run scripts/interop"]
fn components_for_revision_4_do_not_cover_revision_5() {
    let (Some(field), Some(nist)) = (
        environment::field_documents(),
        environment::nist_documents(),
    ) else {
        return;
    };
    let components = field.join("CivicActions+oscal-component-definitions");
    let rev4 = field
        .join("usnistgov+oscal-content/json/usnistgov+oscal-content/nist.gov/SP800-53/rev4/json");
    let mut files = Vec::new();
    texts(&components, "", &mut files);
    let claimed = claimed(&files);
    let rev5 = nist.as_path();
    // The archive has only the short form of this catalog.
    for (folder, revision, stored, name) in [
        (
            &*rev4,
            "rev4",
            "NIST_SP-800-53_rev4_catalog-min.json",
            "NIST_SP-800-53_rev4_catalog.json",
        ),
        (&*rev4, "rev4", REV4_LOW, REV4_LOW),
        (rev5, "rev5", CATALOG, CATALOG),
        (rev5, "rev5", REV5_LOW, REV5_LOW),
    ] {
        let text = fs::read_to_string(folder.join(stored)).expect("readable");
        files.push((format!("nist.gov/SP800-53/{revision}/json/{name}"), text));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let library = Library::load(&files, None, Limits::default()).expect("loads");
    let view = library.view(|_| true);
    for (revision, name) in [("rev4", REV4_LOW), ("rev5", REV5_LOW)] {
        let mut documents = view.documents();
        let profile = documents.find(|document| document.file().ends_with(name));
        let profile = profile.unwrap_or_else(|| panic!("no {name}"));
        let baseline = resolve_profile(&view, profile, None).expect("resolves");
        let filter = ImplementationFilter::default();
        let coverage = coverage(&view, baseline.controls.iter().cloned(), filter);
        let selected = coverage.controls.iter();
        let mut expected: Vec<_> = selected
            .map(|control| control.control.id().to_owned())
            .collect();
        let all = expected.len();
        expected.retain(|id| claimed[revision].contains(id));
        expected.sort();
        assert_eq!(covered(&coverage), expected, "{revision}");
        assert!(!expected.is_empty() && expected.len() < all, "{revision}");
        let others = coverage.claims.iter();
        let others: Vec<_> = others.filter(|claim| !claim.standing.counts()).collect();
        let standings: Vec<_> = others.iter().map(|claim| claim.standing).collect();
        assert_eq!(
            standings,
            [Standing::OtherCatalog],
            "{revision}: {others:?}"
        );
    }
}

/// The ids of the covered controls, sorted.
fn covered(coverage: &Coverage<'_>) -> Vec<String> {
    let controls = coverage.controls.iter();
    let covered = controls.filter(|control| control.level.is_covered());
    let mut ids: Vec<_> = covered
        .map(|control| control.control.id().to_owned())
        .collect();
    ids.sort();
    ids
}

/// The ids of the controls that component definitions claim, by the revision in their source.
fn claimed(files: &[(String, String)]) -> BTreeMap<&'static str, Vec<String>> {
    let mut claimed = BTreeMap::from([("rev4", Vec::new()), ("rev5", Vec::new())]);
    for (_, text) in files {
        let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let root = &json[Model::ComponentDefinition.root_key()];
        let implementations = list(&root["components"])
            .iter()
            .flat_map(|component| list(&component["control-implementations"]));
        for implementation in implementations {
            let source = implementation["source"].as_str().expect("a source");
            let revision = if source.contains("/rev4/") {
                "rev4"
            } else {
                "rev5"
            };
            let requirements = list(&implementation["implemented-requirements"]).iter();
            let ids = requirements.filter_map(|requirement| requirement["control-id"].as_str());
            let known = claimed.entry(revision).or_default();
            known.extend(ids.map(str::to_lowercase));
        }
    }
    claimed
}

fn list(value: &serde_json::Value) -> &[serde_json::Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn counted(folder: &Path, catalog: &Path) -> BTreeMap<String, Counted> {
    let output = Command::new("python3")
        .arg(SCRIPT)
        .args([folder, catalog])
        .output()
        .expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The JSON files below a folder, with `prefix` before their names.
fn texts(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            texts(&path, prefix, files);
        } else if name.ends_with(".json") && !name.contains("-min.") {
            let text = fs::read_to_string(&path).expect("readable");
            files.push((format!("{prefix}{name}"), text));
        }
    }
}
