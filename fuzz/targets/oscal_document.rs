//! A file of the documents directory: loads and searches it, then shows and looks up each of its
//! controls.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oscal_documents::{Library, Limits, ParamValues, Query};

fuzz_target!(|text: &str| {
    let library = Library::load(&[("fuzz.json", text)], None, Limits::default())
        .expect("no directory that could fail");
    let view = library.view(|_| true);
    let Some(document) = view.documents().next() else {
        return;
    };
    document.value().expect("what is kept is JSON");
    view.search(&Query {
        text: &document.info().title,
        ..Query::default()
    });
    for control in document.controls() {
        let view = control.view(&ParamValues::new());
        document.find_controls(&view.id);
    }
});
