//! Every file of the field is served, or refused for a reason that its JSON bears out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use oscal_documents::{Document, Library, Limits, Model};
use serde_json::Value;

use crate::environment;

/// Why a file is no document, judged without the library; `None` if it is one.
fn fault(text: &str) -> Option<&'static str> {
    let Ok(value) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
        return Some("not JSON");
    };
    let roots = Model::ALL.map(Model::root_key);
    let mut found = roots.into_iter().filter(|root| value.get(root).is_some());
    let Some(root) = found.next() else {
        let is_schema = value.get("$schema").is_some() && value.get("definitions").is_some();
        return Some(if is_schema {
            "a JSON schema"
        } else {
            "its root has none of the keys"
        });
    };
    if found.next().is_some() {
        return Some("two OSCAL documents in one file");
    }
    let document = &value[root];
    match document["uuid"].as_str() {
        None => Some("has no uuid"),
        Some(uuid) if !is_uuid(uuid) => Some("is not a UUID"),
        Some(_) if !document["metadata"]["title"].is_string() => Some("has no metadata"),
        Some(_) => None,
    }
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    let is_hex = text.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && is_hex
}

fn json_files(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("Unicode");
        // As in the library, a hidden file is none of the documents.
        if name.starts_with('.') {
            continue;
        }
        let path = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if entry.path().is_dir() {
            json_files(root, &path, files);
        } else if path.ends_with(".json") {
            let text = fs::read(entry.path()).expect("readable");
            files.insert(path, String::from_utf8_lossy(&text).into_owned());
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
#[expect(clippy::print_stdout, reason = "lists what is refused")]
fn every_file_is_served_or_refused_for_a_true_reason() {
    let Some(folder) = environment::field_documents() else {
        return;
    };
    let library = Library::load(&[], Some(&folder), Limits::default()).expect("a folder");
    let view = library.view(|_| true);
    let served: BTreeSet<&str> = view.documents().flat_map(Document::files).collect();
    let mut files = BTreeMap::new();
    json_files(&folder, "", &mut files);
    let (mut reasons, mut wrong) = (BTreeMap::new(), Vec::new());
    for (name, text) in &files {
        let problems = library
            .problems()
            .iter()
            .filter(|problem| problem.file == *name);
        let told: Vec<_> = problems.map(|problem| problem.message.as_str()).collect();
        let is_served = served.contains(name.as_str());
        match fault(text) {
            None if is_served => *reasons.entry("served").or_insert(0) += 1,
            Some(fault) if !is_served && told.iter().any(|told| told.contains(fault)) => {
                println!("{name}: {}", told.join("; "));
                *reasons.entry(fault).or_insert(0) += 1;
            }
            fault => wrong.push(format!(
                "{name}: served: {is_served}, {fault:?}, told {told:?}"
            )),
        }
    }
    println!("{} files: {reasons:?}", files.len());
    println!("{} documents", view.documents().len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reasons["served"] > 200, "{reasons:?}");
    let others: BTreeMap<&str, usize> = ["xml", "yaml", "yml"]
        .map(|extension| {
            let files = served.iter().filter(|file| file.ends_with(extension));
            (extension, files.count())
        })
        .into();
    println!("served in other formats: {others:?}");
    assert!(others["xml"] > 95 && others["yaml"] > 55, "{others:?}");
}
