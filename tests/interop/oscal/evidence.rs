//! What `doctor --fips-evidence` writes, judged by NIST's schema and constraints.

use oscal_documents::{Caps, Library, Limits, Model, Schemas, Source};

use crate::{
    environment,
    support::{run, stdout},
};

#[test]
#[ignore = "interop: run scripts/interop"]
fn the_list_of_cryptographic_modules_is_a_valid_component_definition() {
    let Some(nist) = environment::nist_documents() else {
        return;
    };
    let schemas = Schemas::load(&nist.join("schemas")).expect("the schemas");
    let text = stdout(&run(&["doctor", "--fips-evidence"], &[]));
    let library = Library::load(&[], None, Limits::default()).expect("nothing to load");
    let view = library.view(|_| true);
    let model = Some(Model::ComponentDefinition);
    let judged = schemas
        .validate(Source::Text(&text), model, &view, Caps::default())
        .expect("not too large");
    assert_eq!(judged.is_valid(), Some(true), "{judged:#?}\n{text}");
    assert!(text.contains("AWS-LC"), "{text}");
}
