//! Documents that publishers give in several formats: read from XML and YAML, they say what the
//! published JSON says.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use oscal_documents::{Caps, Format, Library, Schemas, Source, to_json, to_yaml};
use serde_json::Value;

use crate::environment;

/// Pairs that differ because their publishers changed only one of them: the end of the file's name,
/// and what differs. `docs/formats.md` has the same table.
const CHANGED: [(&str, &str); 3] = [
    (
        "blossom_admin_member_ssp.xml",
        "a later revision than the JSON, with another party and other roles",
    ),
    (
        "blossom_moderate_profile_resolved_to_catalog.xml",
        "resolved at another time: its own uuid and time, and absolute links",
    ),
    (
        "yaml/ssp/aws_leveraged_authorization_ssp.yaml",
        "has none of the 192 descriptions `TBD` of the JSON",
    ),
];

/// How a value of one format may differ from that of another. The first that fits counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// White space in prose.
    Space,
    /// The time of the same moment is written differently.
    Time,
    /// Links to a file and media types name the document's own format.
    FormatNames,
    /// A backslash in code, where Markdown has no escapes.
    Escape,
    /// Anything else.
    Other,
}

fn judged(converted: &Value, published: &Value) -> Difference {
    let (Value::String(one), Value::String(other)) = (converted, published) else {
        return Difference::Other;
    };
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    let moment = |text: &str| {
        let text = text.replace(".000000", "").replace("-00:00", "Z");
        text.ends_with('Z').then_some(text)
    };
    let same_format = |text: &str| {
        ["yaml", "yml", "json"]
            .iter()
            .fold(dense(text), |text, name| text.replace(name, "xml"))
    };
    let plain = |text: &str| dense(text).replace('\\', "");
    if dense(one) == dense(other) {
        Difference::Space
    } else if moment(one).is_some() && moment(one) == moment(other) {
        Difference::Time
    } else if same_format(one) == same_format(other) {
        Difference::FormatNames
    } else if plain(one) == plain(other) {
        Difference::Escape
    } else {
        Difference::Other
    }
}

/// The places where two values differ.
fn compare(one: &Value, other: &Value, path: &str, found: &mut Vec<(Difference, String)>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one
                .keys()
                .chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                let [one, other] =
                    [one, other].map(|object| object.get(name).unwrap_or(&Value::Null));
                compare(one, other, &format!("{path}/{name}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                compare(one, other, &format!("{path}/{at}"), found);
            }
        }
        _ if one == other => {}
        _ => {
            let shown = format!("{path}: {one:.80} / {other:.80}");
            found.push((judged(one, other), shown));
        }
    }
}

/// The XML and YAML files with a JSON file of the same name in the folder `json` beside theirs.
fn pairs(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let extension = path.extension().and_then(|extension| extension.to_str());
            let Some(format @ ("xml" | "yaml" | "yml")) = extension else {
                continue;
            };
            let json = path.with_extension("json");
            let json = json
                .to_string_lossy()
                .replace(&format!("/{format}/"), "/json/");
            if Path::new(&json).exists() {
                found.push((path, json.into()));
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("text");
    let format = Format::of_file(&path.to_string_lossy()).expect("a format");
    let json = to_json(&text, format).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(json.trim_start_matches('\u{feff}')).expect("JSON")
}

#[test]
#[ignore = "interop: run scripts/interop"]
#[expect(clippy::print_stdout, reason = "lists the differences")]
fn xml_and_yaml_say_what_their_json_twins_say() {
    let (Some(folder), Some(nist)) = (
        environment::field_documents(),
        environment::nist_documents(),
    ) else {
        return;
    };
    let schemas = Schemas::load(&nist.join("schemas")).expect("schemas");
    let library = Library::default();
    let view = library.view(|_| true);
    let errors = |value: &Value| {
        let found = schemas.validate(Source::Tree(value), None, &view, Caps::default());
        found
            .expect("not too large")
            .errors
            .expect("a schema")
            .total
    };
    let pairs = pairs(&folder);
    let (mut totals, mut wrong) = (BTreeMap::new(), Vec::new());
    for (path, json) in &pairs {
        let (converted, published) = (read(path), read(json));
        let name = path.to_string_lossy();
        let mut found = Vec::new();
        compare(&converted, &published, "", &mut found);
        for (difference, _) in &found {
            *totals.entry(*difference).or_insert(0) += 1;
        }
        let others = found
            .iter()
            .filter(|(difference, _)| *difference == Difference::Other);
        let others: Vec<_> = others.map(|(_, shown)| shown.as_str()).collect();
        let changed = CHANGED.iter().find(|(end, _)| name.ends_with(end));
        if let Some((end, what)) = changed {
            println!("{end}: {} differences: {what}", found.len());
        } else if !others.is_empty() {
            wrong.push(format!("{name}:\n  {}", others.join("\n  ")));
        }
        let [ours, theirs] = [&converted, &published].map(errors);
        if changed.is_none() && (ours == 0) != (theirs == 0) {
            wrong.push(format!("{name}: {ours} errors, its JSON has {theirs}"));
        }
        let yaml = to_yaml(&converted);
        let again = to_json(&yaml, Format::Yaml).expect("YAML");
        assert_eq!(again, converted.to_string(), "{name}");
    }
    println!("{} pairs: {totals:?}", pairs.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(pairs.len() > 120, "{}", pairs.len());
}
