//! What a system inherits through a leveraged authorization.

use serde_json::Value;

use crate::assessments::item::Inherited;
use crate::assessments::stated::{list, text};
use crate::document::Document;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::library::view::LibraryView;

/// The most entries listed for one authorization.
const MAX: usize = 200;

/// The property by which a component belongs to an authorization.
const LEVERAGED: &str = "leveraged-authorization-uuid";

/// The uuids, in lower case, of the components that stand for the leveraged system.
pub(super) fn components(document: &Document, authorization: &str) -> Vec<String> {
    let components = document.entries().iter();
    let components = components.filter(|entry| entry.kind == EntryKind::Component);
    let belongs = |entry: &&Entry| {
        let value = value(document, entry);
        list(&value, "props").iter().any(|prop| {
            text(prop, "name") == Some(LEVERAGED)
                && text(prop, "value").is_some_and(|of| of.eq_ignore_ascii_case(authorization))
        })
    };
    let found = components.filter(belongs);
    found.map(|entry| entry.id.to_ascii_lowercase()).collect()
}

/// What the security plan says is inherited through an authorization, in document order. Parts that
/// name neither the authorization's components nor another one are counted if the plan has a single
/// authorization.
pub(super) fn inherited(
    view: &LibraryView<'_>,
    document: &Document,
    authorization: &str,
) -> Vec<Inherited> {
    let entries = || document.entries().iter();
    let authorizations = entries().filter(|e| e.kind == EntryKind::LeveragedAuthorization);
    let is_only = authorizations.count() == 1;
    let leveraged = components(document, authorization);
    let title = |uuid: &str| {
        let component =
            entries().find(|e| e.kind == EntryKind::Component && e.id.eq_ignore_ascii_case(uuid));
        component
            .map_or(uuid, |entry| entry.title.trim())
            .to_owned()
    };
    let mut found = Vec::new();
    for entry in entries().filter(|e| e.kind == EntryKind::ImplementedRequirement) {
        let requirement = value(document, entry);
        let control = entry.control.as_deref().unwrap_or_default();
        let statements = list(&requirement, "statements").iter();
        let places = [(None, &requirement)]
            .into_iter()
            .chain(statements.map(|statement| (text(statement, "statement-id"), statement)));
        for (statement, place) in places {
            for by in list(place, "by-components") {
                let uuid = text(by, "component-uuid").unwrap_or_default();
                let is_leveraged = leveraged.iter().any(|of| of.eq_ignore_ascii_case(uuid));
                for (how, text, provided) in said(by, is_leveraged, is_only) {
                    if found.len() == MAX {
                        return found;
                    }
                    let provider = provided.and_then(|id| view.find_objects(id).into_iter().next());
                    found.push(Inherited {
                        control: control.to_owned(),
                        statement: statement.map(str::to_owned),
                        component: title(uuid),
                        how,
                        text: text.to_owned(),
                        provided: provided.map(str::to_owned),
                        provider: provider.map(|object| object.document().info().id.clone()),
                    });
                }
            }
        }
    }
    found
}

/// How, in which words, and what is inherited by a component.
fn said(by: &Value, is_leveraged: bool, is_only: bool) -> Vec<(&'static str, &str, Option<&str>)> {
    if !is_leveraged && !is_only {
        return Vec::new();
    }
    let all = |how, member, uuid| {
        let said = list(by, member).iter();
        said.map(move |said| {
            let description = text(said, "description").unwrap_or_default();
            (how, description, text(said, uuid))
        })
    };
    let said = all("inherited", "inherited", "provided-uuid").chain(all(
        "satisfied",
        "satisfied",
        "responsibility-uuid",
    ));
    let mut said: Vec<_> = said.collect();
    if said.is_empty() && is_leveraged {
        let description = text(by, "description").unwrap_or_default();
        said.push(("described", description, None));
    }
    said
}

fn value(document: &Document, entry: &Entry) -> Value {
    serde_json::from_str(entry.span.of(document.json())).unwrap_or_default()
}
