//! Every control of SP 800-53, including enhancements, is found in every common notation.

use oscal_documents::Query;
use serde_json::{Value, json};

use super::{CONTROLS, Nist, content};
use crate::support::tool_call;

#[test]
#[ignore = "interop: run scripts/interop"]
fn all_controls_are_found_by_id_and_label() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let catalog = nist.catalog();
    assert_eq!(catalog.controls().len(), CONTROLS);
    for control in catalog.controls() {
        let label = control.label().expect("NIST gives labels");
        for writing in usual_writings(control.id())
            .iter()
            .map(String::as_str)
            .chain([label])
        {
            let found: Vec<_> = catalog
                .find_controls(writing)
                .iter()
                .map(|found| found.id())
                .collect();
            assert_eq!(found, [control.id()], "{writing}");
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn all_controls_are_the_first_hit_of_a_search_for_them() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let view = nist.library.view(|_| true);
    for control in nist.catalog().controls() {
        for writing in usual_writings(control.id()) {
            let hits = view.search(&Query {
                text: &writing,
                model: None,
                document: None,
                limit: 1,
            });
            let first = hits.items.first().map(|hit| hit.id.as_str());
            assert_eq!(first, Some(control.id()), "{writing}");
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn all_controls_are_served() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let document = &nist.catalog().info().id;
    let (ids, labels): (Vec<_>, Vec<_>) = nist
        .catalog()
        .controls()
        .map(|control| (control.id(), control.label().expect("NIST gives labels")))
        .unzip();
    let reads = labels.iter().map(|label| {
        tool_call(
            "get_control",
            &json!({"control": label, "document": document}),
        )
    });
    let searches = labels
        .iter()
        .map(|label| tool_call("search", &json!({"query": label, "limit": 1})));
    let answers = nist.answers(&reads.chain(searches).collect::<Vec<_>>());
    let (reads, searches) = answers.split_at(CONTROLS);
    let read: Vec<&Value> = reads.iter().map(|answer| &content(answer)["id"]).collect();
    assert_eq!(read, ids);
    let found: Vec<&Value> = searches
        .iter()
        .map(|answer| &content(answer)["items"][0]["id"])
        .collect();
    assert_eq!(found, ids);
}

/// How people and other tools write `ac-2.1`.
fn usual_writings(id: &str) -> Vec<String> {
    let (base, enhancement) = match id.split_once('.') {
        Some((base, enhancement)) => (base, Some(enhancement)),
        None => (id, None),
    };
    let (family, number) = base.split_once('-').expect("a family and a number");
    let upper = family.to_uppercase();
    match enhancement {
        None => vec![
            id.to_owned(),
            format!("{upper}-{number}"),
            format!("{upper}-{number:0>2}"),
            format!("{upper} {number}"),
        ],
        Some(enhancement) => vec![
            id.to_owned(),
            format!("{upper}-{number}({enhancement})"),
            format!("{upper}-{number} ({enhancement})"),
            format!("{upper}-{number:0>2}({enhancement:0>2})"),
            format!("{family}-{number:0>2}.{enhancement:0>2}"),
        ],
    }
}
