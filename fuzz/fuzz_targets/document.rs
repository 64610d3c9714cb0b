//! The document loader: any text is refused or becomes a document all of whose controls can be
//! shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oscal_mcp_server::oscal::{Document, ParamValues};

fuzz_target!(|text: String| {
    let Ok(document) = Document::parse("fuzz.json", text, false) else {
        return;
    };
    document.value().expect("what was accepted can be parsed");
    for control in document.controls() {
        control.value().expect("a control is JSON");
        control.view(&ParamValues::new());
    }
});
