//! A file of the documents directory: loaded, and each of its controls shown and looked up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oscal_documents::{Document, ParamValues};

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse("fuzz.json", text.to_owned(), false) else {
        return;
    };
    document.value().expect("what is kept is JSON");
    for control in document.controls() {
        let view = control.view(&ParamValues::new());
        document.find_controls(&view.id);
    }
});
