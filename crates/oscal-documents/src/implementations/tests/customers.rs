//! What systems provide to each other, and what they ask of each other.

use serde_json::{Value, json};

use super::{library, uuid};
use crate::implementations::implementation::{ExchangeKind, ImplementationFilter};
use crate::implementations::page::implementations;
use crate::implementations::responsibility::{
    Responsibility, ResponsibilityKind, responsibilities,
};
use crate::library::Library;

const PROVIDER: usize = 1;
const CUSTOMER: usize = 2;

/// A platform that asks two things of its customers, a system that does one of them, and a
/// component that has to be configured.
fn documents() -> Library {
    let plan = |title: &str, control: Value| {
        json!({
        "metadata": {"title": title, "version": "2"},
        "system-implementation": {"components": [{"uuid": "c", "type": "this-system", "title": title}]},
        "control-implementation": {"set-parameters": [{"param-id": "k-1_p", "values": ["all"]}],
            "implemented-requirements": [control]}})
    };
    let exported = json!({
        "provided": [{"uuid": "p-1", "description": "Disks are encrypted."}],
        "responsibilities": [
            {"uuid": "r-1", "provided-uuid": "p-1", "description": "Turn on encryption."},
            {"uuid": "r-2", "description": "Keep keys of {{ insert: param, k-1_p }}."}]});
    let provider = json!({"uuid": "q-1", "control-id": "k-1", "statements": [
        {"statement-id": "k-1_smt.a", "by-components": [
            {"component-uuid": "c", "description": "d", "export": exported}]}]});
    let customer = json!({"uuid": "q-2", "control-id": "k-1",
        "props": [{"name": "control-origination", "value": "sp-system"},
                  {"name": "control-origination", "value": "customer-configured", "remarks": "The key."}],
        "set-parameters": [{"param-id": "k-1_q", "values": ["30 days"]}],
        "by-components": [{"component-uuid": "c", "description": "",
            "inherited": [{"uuid": "i-1", "provided-uuid": "p-1", "description": "Encryption."}],
            "satisfied": [{"uuid": "s-1", "responsibility-uuid": "r-1", "description": "It is on."},
                          {"uuid": "s-2", "responsibility-uuid": "gone", "description": "Also done."}]}]});
    let component = json!({"components": [{"uuid": "d", "title": "Product", "control-implementations": [
        {"implemented-requirements": [{"uuid": "q-3", "control-id": "k-1", "description": "d",
            "props": [{"name": "control-origination", "value": "Shared"}]}]}]}]});
    library(&[
        (
            "catalog",
            json!({"controls": [{"id": "k-1", "params": [{"id": "k-1_p"}, {"id": "k-1_q"}]}]}),
        ),
        ("system-security-plan", plan("Platform", provider)),
        ("system-security-plan", plan("System", customer)),
        ("component-definition", component),
    ])
}

fn listed(filter: ImplementationFilter<'_>) -> Vec<String> {
    let library = documents();
    let page = responsibilities(&library.view(|_| true), filter, 0, 100);
    assert_eq!(page.items.len(), page.total);
    let line = |item: &Responsibility| {
        let met = item.satisfied.iter().map(|met| met.text.as_str());
        let met: Vec<_> = met.collect();
        format!(
            "{:?} {}: {} [{}]",
            item.kind,
            item.uuid,
            item.text,
            met.join(", ")
        )
    };
    page.items.iter().map(line).collect()
}

#[test]
fn responsibilities_are_listed_with_who_meets_them() {
    let exported = [
        "Exported r-1: Turn on encryption. [It is on.]",
        "Exported r-2: Keep keys of all. []",
    ];
    let own = "Origination q-2: customer-configured: The key. []";
    let component = "Origination q-3: Shared []";
    let unknown = "NotLoaded gone:  [Also done.]";
    let none = ImplementationFilter::default();
    assert_eq!(
        listed(none),
        [exported[0], exported[1], own, component, unknown]
    );
    let (provider, customer, other) = (uuid(PROVIDER), uuid(CUSTOMER), uuid(3));
    for (document, expected) in [
        (&provider, exported.to_vec()),
        (&customer, vec![exported[0], exported[1], own, unknown]),
        (&other, vec![component]),
    ] {
        let filter = ImplementationFilter {
            document: Some(document),
            ..none
        };
        assert_eq!(listed(filter), expected);
    }
    let filter = ImplementationFilter {
        component: Some("product"),
        ..none
    };
    assert_eq!(listed(filter), [component]);
    let filter = ImplementationFilter {
        control: Some("k-2"),
        ..none
    };
    assert!(listed(filter).is_empty());

    let library = documents();
    let view = library.view(|_| true);
    let first = responsibilities(&view, none, 0, 1).items.remove(0);
    assert_eq!(first.kind, ResponsibilityKind::Exported);
    assert_eq!(first.provided.as_deref(), Some("Disks are encrypted."));
    assert_eq!(first.place.statement.as_deref(), Some("k-1_smt.a"));
    assert_eq!(first.satisfied[0].place.document_title, "System");
    assert_eq!(
        first.satisfied[0].place.component.as_deref(),
        Some("System")
    );
}

#[test]
fn an_implementation_shows_what_it_exchanges_and_sets() {
    let library = documents();
    let view = library.view(|_| true);
    let of = |document: usize| {
        let document = uuid(document);
        let filter = ImplementationFilter {
            document: Some(&document),
            ..ImplementationFilter::default()
        };
        implementations(&view, filter, 0, 10).items.remove(0)
    };
    let provider = of(PROVIDER);
    let exchanged: Vec<_> = provider
        .exchanges
        .iter()
        .map(|e| (e.kind, e.text.as_str()))
        .collect();
    assert_eq!(
        exchanged,
        [
            (ExchangeKind::Provided, "Disks are encrypted."),
            (ExchangeKind::Responsibility, "Turn on encryption."),
            (ExchangeKind::Responsibility, "Keep keys of all."),
        ]
    );
    let customer = of(CUSTOMER);
    assert_eq!(customer.origination, ["sp-system", "customer-configured"]);
    let exchanged: Vec<_> = customer
        .exchanges
        .iter()
        .map(|e| (e.kind, e.refers_to.as_deref()))
        .collect();
    assert_eq!(
        exchanged,
        [
            (ExchangeKind::Inherited, Some("p-1")),
            (ExchangeKind::Satisfied, Some("r-1")),
            (ExchangeKind::Satisfied, Some("gone")),
        ]
    );
    let set: Vec<_> = customer
        .set_parameters
        .iter()
        .map(|s| (s.param.as_str(), s.values.concat()))
        .collect();
    assert_eq!(
        set,
        [("k-1_p", "all".to_owned()), ("k-1_q", "30 days".to_owned())]
    );
    assert_eq!(
        (
            customer.document_title.as_str(),
            customer.document_version.as_str()
        ),
        ("System", "2")
    );
}
