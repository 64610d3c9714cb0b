//! Resolved baselines equal those published by NIST.

use oscal_documents::{Caps, Document, Library, Limits, Model, Schemas, Source, resolve_profile};
use serde_json::json;

use super::{Nist, content};
use crate::support::tool_call;

/// The controls of NIST's baselines.
const BASELINES: [(&str, usize); 3] = [("LOW", 149), ("MODERATE", 287), ("HIGH", 370)];

#[test]
#[ignore = "interop: run scripts/interop"]
fn baselines_have_nists_controls_in_nists_order() {
    let Some(nist) = Nist::load() else {
        return;
    };
    for (baseline, count) in BASELINES {
        let profile = &nist.profile(baseline).info().id;
        let pages: Vec<_> = (0..count)
            .step_by(100)
            .map(|offset| {
                tool_call(
                    "resolve_profile",
                    &json!({"profile": profile, "offset": offset}),
                )
            })
            .collect();
        let mut ids = Vec::new();
        for answer in nist.answers(&pages) {
            let page = &content(&answer)["controls"];
            assert_eq!(page["total"], count, "{baseline}");
            assert_eq!(content(&answer)["not_found"], json!([]), "{baseline}");
            for control in page["items"].as_array().expect("controls") {
                ids.push(control["id"].as_str().expect("an id").to_owned());
            }
        }
        assert_eq!(ids.len(), count, "{baseline}");
        if baseline != "HIGH" {
            let published = nist.document(&format!(
                "NIST_SP-800-53_rev5_{baseline}-baseline-resolved-profile_catalog.json"
            ));
            assert_eq!(ids, control_ids(published), "{baseline}");
        }
    }
}

#[test]
#[ignore = "interop: run scripts/interop"]
fn resolved_catalogs_are_valid_and_have_the_same_controls() {
    let Some(nist) = Nist::load() else {
        return;
    };
    let schemas = Schemas::load(&nist.folder.join("schemas")).expect("a folder");
    let nothing = Library::load(&[], None, Limits::default()).expect("nothing to load");
    let view = nist.library.view(|_| true);
    for baseline in ["LOW", "MODERATE", "HIGH", "PRIVACY"] {
        let resolved = resolve_profile(&view, nist.profile(baseline), None).expect(baseline);
        let catalog = resolved.catalog().expect(baseline);
        let validation = schemas
            .validate(
                Source::Text(&catalog),
                Some(Model::Catalog),
                &nothing.view(|_| true),
                Caps::default(),
            )
            .expect("not too large");
        assert_eq!(
            validation.is_valid(),
            Some(true),
            "{baseline}: {:#?}",
            validation.errors
        );
        let listed: Vec<_> = resolved
            .controls
            .iter()
            .map(|listed| listed.control.id())
            .collect();
        let document = resolved.document().expect(baseline);
        assert_eq!(listed, control_ids(&document), "{baseline}");
    }
}

fn control_ids(catalog: &Document) -> Vec<&str> {
    catalog
        .controls()
        .map(oscal_documents::Control::id)
        .collect()
}
