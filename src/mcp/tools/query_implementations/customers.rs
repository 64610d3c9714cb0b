//! What systems and components ask of their customers, and who does it.

use std::fmt::Write;

use oscal_documents::{
    ImplementationFilter, LibraryView, ResponsibilityKind, ResponsibilityPlace, responsibilities,
};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use super::{
    named::{Named, short},
    part::Part,
    question::QueryImplementations,
};
use crate::mcp::answer::{MAX_LIMIT, Page, Room};

/// The most bytes of text of one answer's responsibilities together.
const MAX_TEXT: usize = 10_000;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Responsibility {
    /// exported by a leveraged system; origination, a property such as FedRAMP's
    /// control-origination; or not-loaded, if a plan meets one that no loaded plan exports
    kind: &'static str,
    #[serde(flatten)]
    place: Place,
    uuid: String,
    text: String,
    /// What is inherited under it
    #[serde(skip_serializing_if = "Option::is_none")]
    provided: Option<String>,
    /// satisfied or open; none for originations
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    satisfied: Vec<Satisfied>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Satisfied {
    #[serde(flatten)]
    place: Place,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Place {
    control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    document: Named,
}

pub(super) fn answer(
    asked: &QueryImplementations,
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
) -> Part<Page<Responsibility>> {
    let limit = asked.limit.unwrap_or(20).clamp(1, MAX_LIMIT);
    let mut page = responsibilities(documents, filter, asked.offset.unwrap_or(0), limit);
    let mut room = Room::new(MAX_TEXT);
    for found in &mut page.items {
        room.fit(&mut found.text);
        if let Some(provided) = &mut found.provided {
            room.fit(provided);
        }
        for satisfied in &mut found.satisfied {
            room.fit(&mut satisfied.text);
        }
    }
    let page = Page::from(page).map(Responsibility::of);
    let mut notes = Vec::new();
    if page.total == 0 {
        notes.push(
            "nothing that matches exports a responsibility or says that the customer has a part; \
             without show, you get what is said of the control itself"
                .to_owned(),
        );
    }
    Part::of_page(
        "Responsibilities of customers",
        page,
        notes,
        room.truncated,
        Responsibility::write,
    )
}

impl Responsibility {
    fn of(found: oscal_documents::Responsibility) -> Self {
        let (kind, has_state) = match found.kind {
            ResponsibilityKind::Exported => ("exported", true),
            ResponsibilityKind::Origination => ("origination", false),
            _ => ("not-loaded", true),
        };
        let is_open = found.satisfied.is_empty();
        let state = if is_open { "open" } else { "satisfied" };
        let satisfied = found.satisfied.into_iter().map(|satisfied| Satisfied {
            place: Place::of(satisfied.place),
            text: satisfied.text,
        });
        Self {
            kind,
            place: Place::of(found.place),
            uuid: found.uuid,
            text: found.text,
            provided: found.provided,
            state: has_state.then_some(state),
            satisfied: satisfied.collect(),
        }
    }
}

impl Place {
    fn of(place: ResponsibilityPlace) -> Self {
        Self {
            control: place.control,
            statement: place.statement,
            component: place.component,
            document: Named {
                id: place.document,
                title: place.document_title,
                version: place.document_version,
            },
        }
    }

    fn text(&self) -> String {
        let mut text = self.statement.as_ref().unwrap_or(&self.control).clone();
        if let Some(component) = &self.component {
            text += &format!(", {}", short(component));
        }
        text + &format!(", in {}", self.document.text())
    }
}

impl Responsibility {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let state = self
            .state
            .map_or(String::new(), |state| format!(", {state}"));
        writeln!(out, "\n## {} ({}{state})\n", self.place.control, self.kind)?;
        writeln!(out, "- At: {}", self.place.text())?;
        match (self.kind, self.text.as_str()) {
            ("not-loaded", _) => writeln!(out, "- Responsibility {}: not loaded", self.uuid)?,
            (_, text) => writeln!(out, "- To do: {text}")?,
        }
        if let Some(provided) = &self.provided {
            writeln!(out, "- For what is provided: {provided}")?;
        }
        for Satisfied { place, text } in &self.satisfied {
            writeln!(out, "- Met at {}: {text}", place.text())?;
        }
        Ok(())
    }
}
