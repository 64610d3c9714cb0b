//! Implementations, one by one.

use std::fmt::Write;

use oscal_documents::{Exchange, ExchangeKind, ImplementationFilter, LibraryView, implementations};
use rmcp::schemars::{self, JsonSchema};
use serde::Serialize;

use super::{
    named::{Named, Source, short},
    part::Part,
    question::QueryImplementations,
};
use crate::mcp::answer::{MAX_LIMIT, Page, Room, markdown};

/// The most bytes of text of one answer's implementations together.
const MAX_TEXT: usize = 10_000;

/// The most values and exchanges that one implementation shows.
const MAX_LISTED: usize = 20;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Implementation {
    control: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_title: Option<String>,
    /// component, capability or ssp
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component_uuid: Option<String>,
    /// As written
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// What the status means
    level: &'static str,
    text: String,
    statements: Vec<Statement>,
    /// The catalog or profile that it is written for
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    set_parameters: Vec<SetParameter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    origination: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    provided: Vec<Exchanged>,
    /// What it asks of its customers
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    responsibilities: Vec<Exchanged>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    inherited: Vec<Exchanged>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    satisfied: Vec<Exchanged>,
    document: String,
    document_title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    document_version: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Statement {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SetParameter {
    id: String,
    values: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Exchanged {
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    uuid: String,
    /// Uuid of what is inherited or satisfied
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    text: String,
}

pub(super) fn answer(
    asked: &QueryImplementations,
    documents: &LibraryView<'_>,
    filter: ImplementationFilter<'_>,
) -> Part<Page<Implementation>> {
    let limit = asked.limit.unwrap_or(20).clamp(1, MAX_LIMIT);
    let mut page = implementations(documents, filter, asked.offset.unwrap_or(0), limit);
    let mut room = Room::new(MAX_TEXT);
    for found in &mut page.items {
        room.fit(&mut found.text);
        for statement in &mut found.statements {
            room.fit(&mut statement.text);
        }
        found.exchanges.truncate(MAX_LISTED);
        for exchange in &mut found.exchanges {
            room.fit(&mut exchange.text);
        }
        found.set_parameters.truncate(MAX_LISTED);
        for value in found
            .set_parameters
            .iter_mut()
            .flat_map(|set| &mut set.values)
        {
            room.fit(value);
        }
    }
    let page = Page::from(page).map(Implementation::of);
    let mut notes = Vec::new();
    if page.total == 0 {
        notes.push(why_none(documents, filter));
    }
    let mut place = None;
    Part::of_page(
        "Implementations",
        page,
        notes,
        room.truncated,
        |item, out| {
            let here = item.place();
            let is_new = place.as_ref() != Some(&here);
            item.write(out, is_new.then_some(&*here))?;
            place = Some(here);
            Ok(())
        },
    )
}

/// Why nothing matches a filter whose control, component and document exist.
fn why_none(documents: &LibraryView<'_>, filter: ImplementationFilter<'_>) -> String {
    let Some(control) = filter.control else {
        return "the documents implement nothing that matches".to_owned();
    };
    let known = documents.find_controls(control).into_iter().next();
    match known {
        Some(known) => format!(
            "{} is a control of {}, but nothing that matches implements it",
            markdown::control_name(&known.name()),
            Named::of(known.document().info()).text(),
        ),
        None => format!("nothing that matches implements {}", short(control)),
    }
}

impl Implementation {
    fn of(found: oscal_documents::Implementation) -> Self {
        let (component, component_uuid) = match found.component {
            Some(component) => (Some(component.title), Some(component.uuid)),
            None => (None, None),
        };
        let exchanges = found.exchanges;
        let of_kind = |kind| {
            let of_kind = exchanges
                .iter()
                .filter(move |exchange| exchange.kind == kind);
            of_kind.map(Exchanged::of).collect()
        };
        Self {
            control: found.control,
            control_title: found.control_name.map(|name| name.title),
            kind: match found.kind {
                oscal_documents::ImplementationKind::Component => "component",
                oscal_documents::ImplementationKind::Capability => "capability",
                oscal_documents::ImplementationKind::Ssp => "ssp",
            },
            component,
            component_uuid,
            status: found.status,
            level: found.level.name(),
            text: found.text,
            statements: found
                .statements
                .into_iter()
                .map(|statement| Statement {
                    id: statement.statement,
                    status: statement.status,
                    text: statement.text,
                })
                .collect(),
            source: found.source.map(Source::of),
            set_parameters: found
                .set_parameters
                .into_iter()
                .map(|set| SetParameter {
                    id: set.param,
                    values: set.values,
                })
                .collect(),
            origination: found.origination,
            provided: of_kind(ExchangeKind::Provided),
            responsibilities: of_kind(ExchangeKind::Responsibility),
            inherited: of_kind(ExchangeKind::Inherited),
            satisfied: of_kind(ExchangeKind::Satisfied),
            document: found.document,
            document_title: found.document_title,
            document_version: found.document_version,
        }
    }
}

impl Exchanged {
    fn of(exchange: &Exchange) -> Self {
        Self {
            statement: exchange.statement.clone(),
            uuid: exchange.uuid.clone(),
            of: exchange.refers_to.clone(),
            text: exchange.text.clone(),
        }
    }
}

impl Implementation {
    /// The document, and what it is written for.
    fn place(&self) -> String {
        let document = Named {
            id: self.document.clone(),
            title: self.document_title.clone(),
            version: self.document_version.clone(),
        };
        let mut place = format!("- In: {}\n", document.text());
        if let Some(source) = &self.source {
            place += &format!("- Written for: {}\n", source.text());
        }
        place
    }

    /// With its `place`, unless that is as above.
    fn write(&self, out: &mut String, place: Option<&str>) -> std::fmt::Result {
        let title = self.control_title.as_deref().unwrap_or_default();
        let by = self.component.as_deref().filter(|by| !by.is_empty());
        let by = by
            .or(self.component_uuid.as_deref())
            .unwrap_or("the system");
        writeln!(out, "\n## {} {title} — {}\n", self.control, short(by))?;
        match &self.status {
            Some(status) if status.eq_ignore_ascii_case(self.level) => {
                writeln!(out, "- Status: {status}")?;
            }
            Some(status) => writeln!(out, "- Status: {} ({})", short(status), self.level)?,
            None => writeln!(out, "- Status: none given ({})", self.level)?,
        }
        out.push_str(place.unwrap_or_default());
        if !self.origination.is_empty() {
            writeln!(
                out,
                "- Origination: {}",
                short(&self.origination.join(", "))
            )?;
        }
        for set in &self.set_parameters {
            writeln!(out, "- Sets {}: {}", set.id, set.values.join("; "))?;
        }
        if !self.text.is_empty() {
            writeln!(out, "\n{}", self.text)?;
        }
        for Statement { id, status, text } in &self.statements {
            let status = status
                .as_ref()
                .map(|status| format!(" ({})", short(status)));
            writeln!(out, "\n{id}{}: {text}", status.unwrap_or_default())?;
        }
        for (what, exchanged) in [
            ("Provides", &self.provided),
            ("Asks of customers", &self.responsibilities),
            ("Inherits", &self.inherited),
            ("Meets a responsibility", &self.satisfied),
        ] {
            for Exchanged {
                statement, text, ..
            } in exchanged
            {
                let of = statement
                    .as_ref()
                    .map(|statement| format!(" ({statement})"));
                writeln!(out, "\n{what}{}: {text}", of.unwrap_or_default())?;
            }
        }
        Ok(())
    }
}
