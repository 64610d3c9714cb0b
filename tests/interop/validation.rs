//! Validation of NIST's own documents, and of the same documents with one defect; and the same
//! verdicts from the Python package jsonschema.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::Command,
};

use oscal_documents::{Caps, Library, Limits, Schemas, Source, Validation};
use serde_json::{Value, json};

use crate::environment;

/// Larger documents get one mutation of each kind and are not compared: Python takes 10 s for SP
/// 800-53.
const SMALL: usize = 100_000;

#[test]
#[ignore = "interop: run scripts/interop"]
fn nists_documents_are_valid_and_broken_ones_are_rejected_at_the_right_place() {
    let (Some(data), Some(python)) = (
        environment::nist_documents(),
        environment::installed("venv/bin/python"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let cases = folder.path().join("cases.jsonl");
    write_verdicts(&data, Cases::create(&cases));
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/interop/python/compare_jsonschema.py"
    );
    let output = Command::new(python)
        .arg(script)
        .args([data.join("schemas"), cases])
        .output()
        .expect("the script runs");
    let (compared, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{compared}{errors}");
}

/// Validates every document and its mutations, and writes down the results.
fn write_verdicts(data: &Path, mut cases: Cases) {
    let schemas = Schemas::load(&data.join("schemas")).expect("the schemas directory");
    assert_eq!(schemas.problems(), []);
    let mut random = Random(0x05CA1);
    let mut rejected = 0;
    for (file, document) in documents(data) {
        let validation = validate(&schemas, &document);
        assert_eq!(validation.is_valid(), Some(true), "{file}: {validation:#?}");
        let is_small = document.to_string().len() < SMALL;
        if is_small {
            cases.write(&file, &document, &validation);
        }
        for mutation in Mutation::ALL {
            let places = mutation.places(&document);
            let count = match mutation {
                _ if !is_small => 1,
                Mutation::OddText => 40,
                _ => 6,
            };
            for _ in 0..count {
                let Some(place) = random.choice(&places) else {
                    continue;
                };
                let name = format!("{file}: {mutation:?} at {place}");
                let mut broken = document.clone();
                let expected = mutation.apply(&mut broken, place, &mut random);
                let validation = validate(&schemas, &broken);
                if let Some(expected) = expected {
                    let errors = validation.errors.as_ref().expect("schemas");
                    let paths: Vec<_> = errors.items.iter().map(|e| &e.path).collect();
                    assert_eq!(paths, [&expected], "{name}: {errors:#?}");
                    rejected += 1;
                }
                if is_small {
                    cases.write(&name, &broken, &validation);
                }
            }
        }
    }
    assert!(rejected >= 200, "only {rejected} mutations");
}

fn validate(schemas: &Schemas, document: &Value) -> Validation {
    let library = Library::load(&[], None, Limits::default()).expect("nothing to load");
    let view = library.view(|_| true);
    let text = document.to_string();
    let validation = schemas.validate(Source::Text(&text), None, &view, Caps::default());
    validation.expect("not too large")
}

/// The documents with their file names.
fn documents(data: &Path) -> Vec<(String, Value)> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(data).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("text");
            let document = serde_json::from_str(&text).expect("JSON");
            documents.push((name.into_owned(), document));
        }
    }
    documents.sort_by(|a, b| a.0.cmp(&b.0));
    documents
}

#[derive(Debug, Clone, Copy)]
enum Mutation {
    WrongType,
    MissingMember,
    UnknownMember,
    BadPattern,
    BadUuid,
    /// A text that is allowed only in some places: a case for the comparison.
    OddText,
}

impl Mutation {
    const ALL: [Self; 6] = [
        Self::WrongType,
        Self::MissingMember,
        Self::UnknownMember,
        Self::BadPattern,
        Self::BadUuid,
        Self::OddText,
    ];

    /// JSON pointers to the values that can be broken this way.
    fn places(self, document: &Value) -> Vec<String> {
        let mut places = Vec::new();
        walk(document, &mut String::new(), &mut |pointer, value| {
            let name = pointer.rsplit('/').next().unwrap_or_default();
            let is_place = match self {
                Self::WrongType | Self::OddText => value.is_string(),
                Self::UnknownMember => value.is_object(),
                Self::BadPattern => matches!(name, "id" | "name" | "control-id" | "role-id"),
                Self::BadUuid => name == "uuid" || name.ends_with("-uuid"),
                // What NIST's schemas require; but not members with alternatives (`parties`,
                // `imports`), and no uuid in properties.
                Self::MissingMember => match name {
                    "title" | "version" | "last-modified" | "oscal-version" => {
                        pointer.ends_with(&format!("/metadata/{name}"))
                    }
                    "metadata" => pointer.matches('/').count() == 2,
                    "href" => pointer.contains("/links/"),
                    "uuid" => pointer.contains("/resources/") && !pointer.contains("/props/"),
                    "control-id" => true,
                    _ => false,
                },
            };
            if is_place {
                places.push(pointer.to_owned());
            }
        });
        places
    }

    /// Breaks the document at the place. Returns the expected path of the error.
    fn apply(self, document: &mut Value, place: &str, random: &mut Random) -> Option<String> {
        const ODD: [&str; 16] = [
            "",
            " ",
            "a",
            "1",
            "a b",
            "ü",
            "a\nb",
            "#a",
            "%zz",
            "x@y",
            "ü@example.org",
            "a@b@c",
            "http://[",
            "http://example.org/ü",
            "2026-02-30T00:00:00Z",
            "2026-01-31T24:00:00Z",
        ];
        let (parent, name) = place.rsplit_once('/').unwrap_or_default();
        let value = document.pointer_mut(place).expect("the place");
        match self {
            Self::WrongType => *value = json!(true),
            Self::BadPattern => *value = json!(" bad "),
            Self::BadUuid => *value = json!("not-a-uuid"),
            Self::UnknownMember => {
                value["unheard-of"] = json!(1);
                return Some(format!("{place}/unheard-of"));
            }
            Self::MissingMember => {
                let parent_value = document.pointer_mut(parent).expect("the parent");
                parent_value
                    .as_object_mut()
                    .expect("an object")
                    .remove(name);
                return Some(parent.to_owned());
            }
            Self::OddText => {
                *value = json!(random.choice(&ODD).expect("one"));
                return None;
            }
        }
        Some(place.to_owned())
    }
}

fn walk(value: &Value, pointer: &mut String, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    let length = pointer.len();
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => (0..).map(|i: usize| i.to_string()).zip(items).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        pointer.push('/');
        pointer.push_str(&name);
        walk(child, pointer, visit);
        pointer.truncate(length);
    }
}

/// SplitMix64: the same choices in every run.
struct Random(u64);

impl Random {
    fn choice<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let at = usize::try_from(mixed >> 16)
            .ok()?
            .checked_rem(items.len())?;
        items.get(at)
    }
}

/// The file for `compare_jsonschema.py`: one JSON object per line.
struct Cases(BufWriter<File>);

impl Cases {
    fn create(path: &Path) -> Self {
        Self(BufWriter::new(File::create(path).expect("a file to write")))
    }

    fn write(&mut self, name: &str, document: &Value, validation: &Validation) {
        let errors = validation.errors.as_ref().expect("schemas");
        let case = json!({
            "name": name,
            "model": validation.model,
            "valid": validation.is_valid(),
            "paths": errors.items.iter().map(|e| &e.path).collect::<Vec<_>>(),
            "document": document,
        });
        writeln!(self.0, "{case}").expect("written");
    }
}
