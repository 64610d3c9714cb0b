//! FedRAMP's documents are told from those of others, and break few of FedRAMP's own value sets.

use std::collections::{BTreeMap, BTreeSet};

use oscal_documents::{Caps, Library, Limits, Schemas, Source};

use crate::environment;

const FEDRAMP: &str = "GSA+fedramp-automation/";

/// Publishers without a document of FedRAMP's.
const OTHERS: [&str; 3] = [
    "usnistgov+oscal-content/",
    "aws-samples+cccs-oscal-samples/",
    "BSI-Bund+",
];

/// What FedRAMP's own baselines and templates break: the value set and the value.
const BROKEN: [(&str, &str); 6] = [
    ("fedramp-media-type", "application/oscal+json"),
    ("fedramp-media-type", "application/oscal.catalog+json"),
    ("fedramp-media-type", "application/oscal.catalog+yaml"),
    ("fedramp-media-type", "image/jepg"),
    ("fedramp-media-type", "text/json"),
    ("fedramp-user-sensitivity-level", "high"),
];

#[test]
#[ignore = "interop: run scripts/interop"]
#[expect(clippy::print_stdout, reason = "lists what the documents break")]
fn fedramps_documents_are_recognised_and_others_are_not() {
    let Some(folder) = environment::field_documents() else {
        return;
    };
    let library = Library::load(&[], Some(&folder), Limits::default()).expect("a folder");
    let view = library.view(|_| true);
    let schemas = Schemas::default();
    let caps = Caps {
        constraints: usize::MAX,
        ..Caps::default()
    };
    let mut broken: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let (mut recognised, mut wrong) = (0, Vec::new());
    for document in view.documents() {
        let file = document.file();
        let found = schemas.validate(Source::Document(document), None, &view, caps);
        let found = found.expect("small enough").fedramp;
        let is_of = |publisher: &str| file.starts_with(publisher);
        match &found {
            None if file.starts_with(FEDRAMP) => wrong.push(file),
            Some(_) if OTHERS.iter().any(|other| is_of(other)) => wrong.push(file),
            Some(_) => recognised += 1,
            None => {}
        }
        for finding in found
            .into_iter()
            .flat_map(|found| found.values.findings.items)
        {
            let value = finding.message.split('`').nth(1).unwrap_or_default();
            let places = broken.entry((finding.rule, value.to_owned())).or_default();
            places.push(format!("{file} {}", finding.path));
        }
    }
    for ((rule, value), places) in &broken {
        println!("{rule} `{value}`: {}, first {}", places.len(), places[0]);
    }
    println!("{recognised} documents are FedRAMP's");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(recognised >= 30, "{recognised}");
    let is_fedramps = |places: &Vec<String>| places.iter().any(|place| place.starts_with(FEDRAMP));
    let own = broken.iter().filter(|(_, places)| is_fedramps(places));
    let own: BTreeSet<_> = own
        .map(|((rule, value), _)| (&rule[..], &value[..]))
        .collect();
    assert_eq!(own, BTreeSet::from(BROKEN));
}
