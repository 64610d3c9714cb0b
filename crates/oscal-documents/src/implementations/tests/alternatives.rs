//! Components are alternatives, unless a plan says how they are used.

use serde_json::{Value, json};

use super::{covered, levels, library, uuid};
use crate::implementations::implementation::ImplementationFilter;
use crate::library::Library;

fn components(states: &[(&str, &str)]) -> Value {
    let component = |(control, state): &(&str, &str)| {
        json!({"uuid": state, "title": state, "control-implementations": [{
            "source": "0.json", "implemented-requirements": [{"uuid": "r", "control-id": control,
                "description": "d", "props": [{"name": "implementation-status", "value": state}]}]}]})
    };
    let components: Vec<_> = states.iter().map(component).collect();
    json!({ "components": components })
}

fn documents() -> Library {
    let by = json!([{"component-uuid": "x", "description": "d",
                     "implementation-status": {"state": "planned"}}]);
    library(&[
        (
            "catalog",
            json!({"controls": [{"id": "k-1"}, {"id": "k-2"}, {"id": "k-3"}, {"id": "k-4",
            "props": [{"name": "status", "value": "withdrawn"}]}, {"id": "k-5"}]}),
        ),
        (
            "profile",
            json!({"imports": [{"href": "0.json",
            "include-controls": [{"with-ids": ["k-1", "k-2", "k-3", "k-4"]}]}]}),
        ),
        (
            "component-definition",
            components(&[
                ("k-1", "planned"),
                ("k-1", "implemented"),
                ("k-2", "implemented"),
                ("k-5", "implemented"),
                ("k-9", "implemented"),
            ]),
        ),
        (
            "component-definition",
            components(&[("k-1", "not-applicable"), ("k-3", "N/A")]),
        ),
        (
            "system-security-plan",
            json!({"import-profile": {"href": "1.json"},
            "control-implementation": {"implemented-requirements":
                [{"uuid": "r", "control-id": "k-2", "by-components": by}]}}),
        ),
    ])
}

#[test]
fn the_best_component_counts_and_a_plan_comes_before_components() {
    covered(
        &documents(),
        1,
        ImplementationFilter::default(),
        |coverage| {
            assert_eq!(
                levels(&coverage),
                ["k-1 implemented", "k-2 planned", "k-3 not-applicable"]
            );
            let documents = coverage.documents.iter();
            let documents: Vec<_> = documents
                .map(|d| {
                    (
                        d.document.clone(),
                        d.counts.covered(),
                        d.counts.gaps(),
                        d.counts.total,
                    )
                })
                .collect();
            assert_eq!(
                documents,
                [(uuid(2), 2, 1, 3), (uuid(3), 0, 1, 3), (uuid(4), 0, 3, 3)]
            );
            assert_eq!(
                coverage
                    .withdrawn
                    .iter()
                    .map(|c| c.id.as_str())
                    .collect::<Vec<_>>(),
                ["k-4"]
            );
            assert_eq!(
                (coverage.not_selected, coverage.unknown),
                (vec!["k-5".to_owned()], vec!["k-9".to_owned()])
            );
        },
    );
}

#[test]
fn one_control_can_be_asked_about() {
    let filter = ImplementationFilter {
        control: Some("K-02"),
        ..ImplementationFilter::default()
    };
    covered(&documents(), 1, filter, |coverage| {
        assert_eq!(levels(&coverage), ["k-2 planned"]);
    });
    let filter = ImplementationFilter {
        control: Some("k-5"),
        ..filter
    };
    covered(&documents(), 1, filter, |coverage| {
        assert_eq!(coverage.counts.total, 0);
        assert_eq!(coverage.not_selected, ["k-5"]);
    });
}
