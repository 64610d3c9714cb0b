//! Constraints that hold and constraints that do not.

use serde_json::{Value, json};

use crate::document::model::Model;
use crate::validation::constraints::check;

/// The places and rules of what is found.
fn found(document: &Value, model: Model) -> Vec<String> {
    let constraints = check(document, model, 50);
    assert_eq!(constraints.findings.items.len(), constraints.findings.total);
    let items = constraints.findings.items.into_iter();
    items
        .map(|finding| format!("{} {}", finding.path, finding.rule))
        .collect()
}

const PARTY: &str = "11111111-2222-4000-8000-000000000001";

fn catalog(metadata: Value, control: Value) -> Value {
    json!({"catalog": {"metadata": metadata, "controls": [control]}})
}

fn statement() -> Value {
    json!({"name": "statement"})
}

#[test]
fn references_and_duplicates_are_found() {
    let metadata = json!({
        "roles": [{"id": "creator"}, {"id": "creator"}],
        "parties": [{"uuid": PARTY, "type": "person"}],
        "responsible-parties": [
            {"role-id": "creator", "party-uuids": [PARTY.to_uppercase()]},
            {"role-id": "contact", "party-uuids": ["11111111-2222-4000-8000-000000000009"]},
        ],
        "document-ids": [{"scheme": "urn:x", "identifier": "1"}, {"scheme": "urn:x", "identifier": "2"}],
    });
    let control = json!({"id": "ac-1", "parts": [statement()],
        "links": [{"href": "#ac-1", "rel": "related"}, {"href": "#ac-9", "rel": "related"},
                  {"href": "#ac-9", "rel": "other"}]});
    let (first, second) = (
        "/catalog/metadata/roles/1",
        "/catalog/metadata/responsible-parties/1",
    );
    assert_eq!(
        found(&catalog(metadata, control), Model::Catalog),
        [
            format!("{first} oscal-index-metadata-role-id"),
            format!("{first} oscal-index-metadata-roles"),
            format!("{second} oscal-metadata-responsible-party-index-metadata-role-id"),
            format!("{second}/party-uuids/0 oscal-index-metadata-party-uuid"),
            "/catalog/controls/0/links/1 oscal-catalog-groups-controls-parts".to_owned(),
        ]
    );
}

#[test]
fn values_are_limited_in_oscals_namespace_only() {
    let control = |props: Value| {
        let control = json!({"id": "a", "props": props, "parts": [statement()]});
        found(&catalog(json!({}), control), Model::Catalog)
    };
    assert_eq!(
        control(
            json!([{"name": "label", "value": "A"}, {"name": "status", "value": "withdrawn"},
                       {"name": "x", "ns": "https://example.org", "value": "y"}])
        ),
        [""; 0]
    );
    assert_eq!(
        control(json!([{"name": "lable", "value": "A"}, {"name": "status", "value": "x"}])),
        [
            "/catalog/controls/0/props/0/name oscal-control-prop-name",
            "/catalog/controls/0/props/1/value oscal-control-prop-status-value",
        ]
    );
}

#[test]
fn cardinality_expectations_and_types_are_checked() {
    let metadata = json!({
        "locations": [{"uuid": PARTY}],
        "links": [{"href": "#x", "rel": "reference", "media-type": "text/plain"}],
        "parties": [{"uuid": PARTY, "telephone-numbers": [{"number": "12"}]}],
    });
    let back_matter = json!({"resources": [{"uuid": PARTY, "rlinks": [
        {"href": "a", "hashes": [{"algorithm": "SHA-256", "value": "abc"}]}]}]});
    let mut document = catalog(metadata, json!({"id": "a"}));
    document["catalog"]["back-matter"] = back_matter;
    let found = found(&document, Model::Catalog);
    for expected in [
        "/catalog/controls/0 oscal-catalog-control-require-statement-when-not-withdrawn",
        "/catalog/metadata/locations/0 oscal-metadata-location-title-address-email-address-telephone-cardinality",
        "/catalog/metadata/links/0 oscal-metadata-link-uri-reference-no-media-type",
        "/catalog/metadata/links/0 oscal-metadata-link-reference-index-back-matter-resource",
        "/catalog/metadata/parties/0/telephone-numbers/0 oscal-metadata-telephone-number-regex",
        "/catalog/back-matter/resources/0/rlinks/0/hashes/0 oscal-check-hash-length-SHA2-3-256",
    ] {
        assert!(
            found.iter().any(|found| found == expected),
            "{expected}: {found:#?}"
        );
    }
}

#[test]
fn findings_beyond_the_cap_are_counted() {
    let controls: Vec<_> = (0..30)
        .map(|number| json!({"id": format!("a-{number}")}))
        .collect();
    let document = json!({"catalog": {"controls": controls}});
    let constraints = check(&document, Model::Catalog, 10);
    let findings = constraints.findings;
    assert_eq!((findings.items.len(), findings.total), (10, 30));
    assert!(constraints.checked > 50, "{}", constraints.checked);
    assert!(constraints.not_checked.is_empty());
}
