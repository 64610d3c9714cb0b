//! Constraints that hold and constraints that do not.

use serde_json::{Value, json};

use crate::document::model::Model;
use crate::validation::constraints::{check, described};

/// The places and value sets of what FedRAMP does not allow; `None` if the document is not FedRAMP's.
fn found_of_fedramp(document: &Value, model: Model) -> Option<Vec<String>> {
    let found = check(document, model, 50).1?;
    let items = found.values.findings.items.into_iter();
    let short = items.map(|finding| format!("{} {}", finding.path, finding.rule));
    Some(short.collect())
}

/// The places and rules of what is found.
fn found(document: &Value, model: Model) -> Vec<String> {
    let (constraints, _) = check(document, model, 50);
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
    let (constraints, _) = check(&document, Model::Catalog, 10);
    let findings = constraints.findings;
    assert_eq!((findings.items.len(), findings.total), (10, 30));
    assert!(constraints.checked > 50, "{}", constraints.checked);
    assert!(constraints.not_checked.is_empty());
}

const FEDRAMP: &str = "https://fedramp.gov/ns/oscal";

/// A plan for one of FedRAMP's baselines.
fn plan(characteristics: Value, implementation: Value) -> Value {
    json!({"system-security-plan": {
        "import-profile": {"href": "trestle://profiles/FedRAMP_rev5_LOW/profile.json"},
        "system-characteristics": characteristics,
        "system-implementation": implementation,
    }})
}

#[test]
fn documents_are_fedramps_by_namespace_system_or_imported_baseline() {
    let metadata = |prop: Value| json!({"catalog": {"metadata": {"props": [prop]}}});
    let profile = |href: &str, address: &str| {
        json!({"profile": {"imports": [{"href": href}], "back-matter": {"resources": [
            {"uuid": PARTY, "rlinks": [{"href": address}]}]}}})
    };
    let baseline = "https://example.org/x/FedRAMP_rev5_HIGH-baseline_profile.xml";
    let fragment = format!("#{PARTY}");
    for (document, model, expected) in [
        (
            metadata(json!({"name": "a", "value": "b", "ns": FEDRAMP})),
            Model::Catalog,
            true,
        ),
        (
            metadata(json!({"name": "a", "value": "b", "ns": "http://fedramp.gov/ns/oscal/"})),
            Model::Catalog,
            true,
        ),
        (
            metadata(json!({"name": "a", "value": FEDRAMP})),
            Model::Catalog,
            false,
        ),
        (
            metadata(json!({"name": "a", "value": "b", "ns": "https://example.org/fedramp"})),
            Model::Catalog,
            false,
        ),
        (profile(baseline, "x"), Model::Profile, true),
        (
            profile("../profiles/fedramp-rev5-low/profile.json", "x"),
            Model::Profile,
            true,
        ),
        (profile(&fragment, baseline), Model::Profile, true),
        (profile("#other", baseline), Model::Profile, false),
        (
            profile("../cccs-saas-fedramp-profile/profile.json", baseline),
            Model::Profile,
            false,
        ),
        (
            json!({"plan-of-action-and-milestones": {"system-id": {"identifier-type": "https://fedramp.gov", "id": "F1"}}}),
            Model::PlanOfActionAndMilestones,
            true,
        ),
        (
            json!({"system-security-plan": {"import-profile": {"href": baseline}}}),
            Model::SystemSecurityPlan,
            true,
        ),
        // It implements several baselines, and may be of anybody.
        (
            json!({"component-definition": {"components": [{"control-implementations": [{"source": baseline}]}]}}),
            Model::ComponentDefinition,
            false,
        ),
    ] {
        let found = found_of_fedramp(&document, model);
        assert_eq!(found.is_some(), expected, "{document}");
    }
}

#[test]
fn values_that_fedramp_does_not_allow_are_found() {
    let prop = |name: &str, ns: Option<&str>, value: &str| match ns {
        Some(ns) => json!({"name": name, "ns": ns, "value": value}),
        None => json!({"name": name, "value": value}),
    };
    let characteristics = json!({
        "security-sensitivity-level": "moderate",
        "security-impact-level": {"security-objective-integrity": "fips-199-high",
            "security-objective-availability": "High"},
        "status": {"state": "operational"},
        "system-information": {"information-types": [{
            "categorizations": [{"system": "https://doi.org/10.6028/NIST.SP.800-60v2r1"}, {"system": "urn:x"}],
            "integrity-impact": {"base": "fips-199-low", "selected": "low"}}]},
        "props": [
            prop("authorization-type", Some(FEDRAMP), "fedramp-agency"),
            prop("authorization-type", Some("http://fedramp.gov/ns/oscal"), "JAB"),
            prop("authorization-type", None, "not FedRAMP's"),
            prop("cloud-service-model", None, "SaaS"),
            prop("cloud-service-model", Some("https://example.org"), "another's"),
        ],
    });
    let implementation = json!({
        "components": [
            {"type": "interconnection", "status": {"state": "a state of components"},
                "props": [prop("interconnection-direction", Some(FEDRAMP), "both")]},
            {"type": "other than FedRAMP suggests",
                "props": [prop("interconnection-direction", Some(FEDRAMP), "both")]},
        ],
    });
    let (characteristics_at, components_at) = (
        "/system-security-plan/system-characteristics",
        "/system-security-plan/system-implementation/components",
    );
    let information = format!("{characteristics_at}/system-information/information-types/0");
    let mut expected = [
        format!("{characteristics_at}/security-sensitivity-level fedramp-security-level"),
        format!(
            "{characteristics_at}/security-impact-level/security-objective-availability fedramp-security-level"
        ),
        format!("{information}/categorizations/1/system fedramp-information-type-system"),
        format!("{information}/integrity-impact/selected fedramp-security-level"),
        format!("{characteristics_at}/props/1/value fedramp-authorization-type"),
        format!("{characteristics_at}/props/3/value fedramp-service-model"),
        format!("{components_at}/0/props/0/value fedramp-interconnection-direction"),
    ];
    let document = plan(characteristics, implementation);
    let mut found = found_of_fedramp(&document, Model::SystemSecurityPlan).expect("FedRAMP's");
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_value_that_fedramp_does_not_allow_is_told_with_the_allowed_ones_and_the_version() {
    let found = check(
        &plan(json!({"security-sensitivity-level": "low"}), json!({})),
        Model::SystemSecurityPlan,
        1,
    );
    let found = found.1.expect("FedRAMP's");
    assert_eq!(found.version, "fedramp2.1.0-oscal1.0.4");
    assert_eq!(
        found.values.findings.items[0].message,
        "`low` is not one of `fips-199-low`, `fips-199-moderate`, `fips-199-high` (a warning: FedRAMP calls \
         its list, fedramp2.1.0-oscal1.0.4, experimental)"
    );
}

#[test]
fn facets_of_risks_are_limited_for_fedramp_only() {
    let facet =
        |system: &str, value: &str| json!({"name": "impact", "system": system, "value": value});
    let document = json!({"assessment-results": {"results": [{
        "findings": [{"target": {"status": {"state": "satisfied"}}}],
        "risks": [{"characterizations": [{"facets": [
            facet("https://fedramp.gov", "high"), facet("http://fedramp.gov", "critical"),
            facet("http://csrc.nist.gov/ns/oscal/unknown", "critical")]}]}],
    }]}});
    assert_eq!(
        found_of_fedramp(&document, Model::AssessmentResults),
        Some(vec!["/assessment-results/results/0/risks/0/characterizations/0/facets/1/value fedramp-impact-level".to_owned()])
    );
}

#[test]
fn only_value_sets_that_concern_the_model_are_counted() {
    let extent = |document: Value, model| {
        let found = check(&document, model, 1).1.expect("FedRAMP's");
        (found.values.checked, found.values.not_checked)
    };
    let props = json!([{"name": "a", "value": "b", "ns": FEDRAMP}]);
    let unchecked = "fedramp-transport-type";
    for (model, checked, not_checked) in [
        (Model::Catalog, 2, vec![]),
        (Model::Profile, 2, vec![]),
        (Model::MappingCollection, 2, vec![]),
        (Model::ComponentDefinition, 11, vec![unchecked]),
        (Model::SystemSecurityPlan, 28, vec![unchecked]),
        (Model::AssessmentPlan, 12, vec![unchecked]),
        (Model::AssessmentResults, 14, vec![unchecked]),
        (Model::PlanOfActionAndMilestones, 11, vec![unchecked]),
    ] {
        let document = json!({model.root_key(): {"metadata": {"props": props}}});
        assert_eq!(extent(document, model), (checked, not_checked), "{model}");
    }
}

#[test]
fn a_value_set_that_contradicts_nists_constraint_is_not_checked() {
    let with = |transport: &str| {
        let protocol = json!({"port-ranges": [{"transport": transport}]});
        let component = json!({"type": "service", "protocols": [protocol]});
        plan(json!({}), json!({"components": [component]}))
    };
    let model = Model::SystemSecurityPlan;
    for transport in ["TCP", "tcp"] {
        assert_eq!(found_of_fedramp(&with(transport), model), Some(Vec::new()));
    }
    let rule = "oscal-component-protocol-transport-values";
    let is_found = |transport| {
        found(&with(transport), model)
            .iter()
            .any(|found| found.ends_with(rule))
    };
    assert!(is_found("tcp") && !is_found("TCP"));
}

#[test]
fn values_of_fedramp_are_described_where_they_belong() {
    let fedramps = |name| {
        let lines = described(name).into_iter();
        lines
            .filter(|line| line.starts_with("fedramp-"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        fedramps("address"),
        ["fedramp-address-type: //party/address/@type one of home, work (in FedRAMP's documents)"]
    );
    let user = fedramps("system-user");
    assert_eq!(user.len(), 3, "{user:#?}");
    let characteristics = fedramps("system-characteristics");
    assert!(
        characteristics
            .iter()
            .any(|line| line.contains("//security-sensitivity-level")),
        "{characteristics:#?}"
    );
    assert_eq!(fedramps("control"), [""; 0]);
}
