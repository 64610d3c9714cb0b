//! Reads what is said of an implementation, to show it.

use std::collections::BTreeMap;

use crate::control::Control;
use crate::control::substitution::{ParamValues, Renderer};
use crate::implementations::found::{Component, Found};
use crate::implementations::implementation::{
    Exchange, ExchangeKind, Implementation, ImplementationKind, ImplementedStatement, SetParam,
};
use crate::implementations::level::CoverageLevel;
use crate::implementations::requirement::{ByComponent, Reference, Requirement};
use crate::implementations::source::Sources;
use crate::json::budget::Budget;

/// What a requirement says, of the component at `component` if it names any.
pub(super) fn read<'a>(
    found: &Found<'a>,
    component: Option<&Component<'a>>,
    sources: &mut Sources<'_, 'a>,
    budget: &Budget,
) -> Implementation {
    let document = found.document;
    let control = sources.control(found.source, found.control);
    let requirement = found.requirement();
    let is_plan = found.kind == ImplementationKind::Ssp;
    let uuid = component.filter(|_| is_plan);
    let uuid = uuid.map(|component| component.uuid.as_str());
    let share = requirement.share_of(uuid);
    let none = ParamValues::new();
    let catalog = control.map_or(document, Control::document);
    let renderer = Renderer::new(catalog, &none, budget);
    let filled = |text: &str, own: &ParamValues| filled(found, &renderer, text, own);
    let statements = share.statements.iter();
    let statements = statements.map(|statement| ImplementedStatement {
        statement: statement.id.clone(),
        status: statement.status.clone(),
        level: statement.level.unwrap_or(CoverageLevel::Missing),
        text: filled(&statement.text, &statement.values),
    });
    let mut exchanges = Vec::new();
    for (statement, by) in by_components(&requirement, uuid) {
        let of_component = exchanges_of(by).map(|(kind, reference)| Exchange {
            kind,
            statement: statement.map(str::to_owned),
            uuid: reference.uuid.clone(),
            refers_to: reference.refers_to().map(str::to_owned),
            text: filled(&reference.description, &share.values),
        });
        exchanges.extend(of_component);
    }
    let mut origination: Vec<_> = requirement
        .originations()
        .map(|p| p.value.clone())
        .collect();
    origination.dedup();
    let info = document.info();
    Implementation {
        document: info.id.clone(),
        document_title: info.title.clone(),
        document_version: info.version.clone(),
        requirement: found.entry.id.as_ref().to_owned(),
        kind: found.kind,
        control: found.control.to_owned(),
        control_name: control.map(Control::name),
        source: found
            .source
            .map(|number| sources.all[number].source.clone()),
        status: share.status(),
        level: share.level.unwrap_or(CoverageLevel::Missing),
        text: filled(&share.text, &share.values),
        statements: statements.collect(),
        set_parameters: set_parameters(found, &requirement, uuid, control),
        origination,
        exchanges,
        component: component.map(|component| component.name(document)),
    }
}

/// A text of a requirement, as it holds for the component with this uuid, with the values of
/// parameters.
pub(super) fn text_of<'a>(
    found: &Found<'a>,
    component: Option<&str>,
    text: &str,
    sources: &mut Sources<'_, 'a>,
    budget: &Budget,
) -> String {
    let control = sources.control(found.source, found.control);
    let catalog = control.map_or(found.document, Control::document);
    let none = ParamValues::new();
    let renderer = Renderer::new(catalog, &none, budget);
    let share = found.requirement().share_of(component);
    filled(found, &renderer, text, &share.values)
}

/// Fills in `own` values of parameters, those that are set around the requirement, and what the
/// control says of others.
fn filled(found: &Found<'_>, renderer: &Renderer<'_>, text: &str, own: &ParamValues) -> String {
    let document = found.document;
    renderer.filled_with(text, |param| {
        let entries = document.entries();
        let around = || entries.values(found.entry, param, document.json());
        own.get(param).cloned().or_else(around)
    })
}

/// What is said for the component with this uuid, or for all.
fn by_components<'r>(
    requirement: &'r Requirement,
    uuid: Option<&'r str>,
) -> impl Iterator<Item = (Option<&'r str>, &'r ByComponent)> {
    let all = requirement.all_by_components();
    all.filter(move |(_, by)| uuid.is_none_or(|uuid| uuid == by.component_uuid))
}

/// What passes between the system and others, for a component.
pub(super) fn exchanges_of(by: &ByComponent) -> impl Iterator<Item = (ExchangeKind, &Reference)> {
    [
        (ExchangeKind::Provided, &by.export.provided),
        (ExchangeKind::Responsibility, &by.export.responsibilities),
        (ExchangeKind::Inherited, &by.inherited),
        (ExchangeKind::Satisfied, &by.satisfied),
    ]
    .into_iter()
    .flat_map(|(kind, references)| references.iter().map(move |one| (kind, one)))
}

impl Reference {
    /// The uuid of what is inherited or satisfied, or for a responsibility of what is provided.
    pub(super) fn refers_to(&self) -> Option<&str> {
        let uuids = [&self.responsibility_uuid, &self.provided_uuid];
        uuids
            .into_iter()
            .map(String::as_str)
            .find(|uuid| !uuid.is_empty())
    }
}

/// The values of parameters: those of the component, of the requirement, and of the control's own
/// parameters those that are set around the requirement.
fn set_parameters(
    found: &Found<'_>,
    requirement: &Requirement,
    uuid: Option<&str>,
    control: Option<Control<'_>>,
) -> Vec<SetParam> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let by_components = by_components(requirement, uuid).flat_map(|(_, by)| &by.set_parameters);
    for set in by_components.chain(&requirement.set_parameters) {
        let known = values.entry(set.param_id.clone());
        known.or_insert_with(|| set.values.clone());
    }
    let entries = found.document.entries();
    let around = entries.outer(found.entry);
    for param in control.map(Control::params).unwrap_or_default() {
        if !values.contains_key(&param.id)
            && let Some(set) = entries.values(around, &param.id, found.document.json())
        {
            values.insert(param.id, set);
        }
    }
    let set = values.into_iter();
    set.map(|(param, values)| SetParam { param, values })
        .collect()
}
