//! Which documents say that they implement a control, and of which catalog.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::document::Document;
use crate::document::entry::Entry;
use crate::document::entry_kind::EntryKind;
use crate::document::model::Model;
use crate::json::cursor::{Cursor, Span};

/// A component, capability or system that implements controls of one source.
pub(super) struct Claim<'a> {
    /// None for a system.
    pub(super) component: Option<&'a Entry>,
    /// Where the controls are from, as the document writes it; empty if it does not say.
    pub(super) source: String,
    /// Ids of the controls, as the document writes them.
    pub(super) controls: Vec<&'a str>,
}

/// The claims of a component definition or system security plan.
pub(super) fn claims(document: &Document) -> Vec<Claim<'_>> {
    let is_plan = document.info().model == Model::SystemSecurityPlan;
    if !is_plan && document.info().model != Model::ComponentDefinition {
        return Vec::new();
    }
    let (plan, sources) = sources(document);
    let mut claims: Vec<Claim<'_>> = Vec::new();
    let mut places: BTreeMap<(Option<Span>, &str), usize> = BTreeMap::new();
    for entry in document.entries().iter() {
        let (EntryKind::ImplementedRequirement, Some(control)) = (entry.kind, &entry.control)
        else {
            continue;
        };
        let before = sources.partition_point(|(span, _)| *span <= entry.span);
        let around = before.checked_sub(1).map(|at| &sources[at]);
        let around = around.filter(|(span, _)| span.contains(entry.span));
        let source = around.map_or(plan.as_str(), |(_, source)| source.as_str());
        let component = if is_plan {
            None
        } else {
            document.entries().implementer(entry)
        };
        let key = (component.map(|component| component.span), source);
        let at = *places.entry(key).or_insert(claims.len());
        if at == claims.len() {
            claims.push(Claim {
                component,
                source: source.to_owned(),
                controls: Vec::new(),
            });
        }
        claims[at].controls.push(control);
    }
    claims
}

/// The profile that a plan imports; the spans of sets of implementations with their sources, in the
/// order of the document.
fn sources(document: &Document) -> (String, Vec<(Span, String)>) {
    let mut plan = String::new();
    let mut sources = Vec::new();
    let Ok(()) = Cursor::new(document.json()).object(|cursor, _root| {
        cursor.object(|cursor, name| match name {
            "import-profile" => cursor.object(|cursor, name| {
                if name == "href" {
                    plan = cursor.string().unwrap_or_default();
                }
                Ok::<_, Infallible>(())
            }),
            "components" | "capabilities" => cursor.array(|cursor| {
                cursor.object(|cursor, name| match name {
                    "control-implementations" => cursor.array(|cursor| {
                        sources.push(source(cursor));
                        Ok(())
                    }),
                    _ => Ok(()),
                })
            }),
            _ => Ok(()),
        })
    });
    sources.sort();
    (plan, sources)
}

fn source(cursor: &mut Cursor<'_>) -> (Span, String) {
    let start = cursor.offset();
    let mut source = String::new();
    let Ok(()) = cursor.object(|cursor, name| {
        if name == "source" {
            source = cursor.string().unwrap_or_default();
        }
        Ok::<_, Infallible>(())
    });
    (Span::new(start, cursor.offset()), source)
}
