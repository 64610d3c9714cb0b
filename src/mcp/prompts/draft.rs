//! `draft_implementation_statement`: a first version of how a control is implemented.

use std::fmt::Write;

use oscal_documents::{Implementation, ImplementationFilter, implementations};

use super::prompt::{
    Argument, Arguments, Material, Needs, PromptError, PromptKind, RULES, control_text,
};
use crate::mcp::answer::{cut, shortened};

pub(super) static PROMPT: PromptKind = PromptKind {
    name: "draft_implementation_statement",
    title: "Draft an implementation statement",
    description: "A first version of how a control is implemented, from what the documents say",
    arguments: &[
        Argument {
            name: "control",
            description: "Id or label: AC-2(1), ac-2.1",
            required: true,
        },
        Argument {
            name: "component",
            description: "Uuid of a component, or a part of its title",
            required: false,
        },
        Argument {
            name: "profile",
            description: "Id of a profile: the control as in its baseline",
            required: false,
        },
    ],
    needs: Needs::Catalog,
    write,
};

/// How many implementations are shown, and how many bytes of them.
const MAX_SHOWN: usize = 20;
const MAX_TEXT: usize = 6_000;

fn write(material: &Material<'_>, arguments: &Arguments<'_>) -> Result<String, PromptError> {
    let reference = arguments.required("control")?;
    let control = control_text(material, reference)?;
    let component = arguments.optional("component").map(shortened);
    let filter = ImplementationFilter {
        control: Some(reference),
        component: component.as_deref(),
        ..ImplementationFilter::default()
    };
    let known = implementations(&material.documents, filter, 0, MAX_SHOWN);
    let whose = match &component {
        Some(component) => format!("the component \"{component}\""),
        None => "the system".to_owned(),
    };
    let known = match known.total {
        0 => format!("The documents say nothing about how {whose} implements the control.\n"),
        _ => shown(&known.items, known.total),
    };
    Ok(format!(
        "Draft a statement of how {whose} implements the control below, for a system security \
         plan.\n\n\
         Write one paragraph for each item of the control's statement, under the quoted item. Use \
         only what is known about the implementation and what the user adds; where nothing is \
         known about an item, write MISSING and the question to ask. End with a proposed \
         implementation status (implemented, partial, planned, alternative or not-applicable) and \
         the reason for it.\n\n\
         Rules:\n{RULES}\n---\n\n{control}\n---\n\n\
         # What is known about the implementation\n\n{known}"
    ))
}

fn shown(known: &[Implementation], total: usize) -> String {
    let mut text = String::new();
    for implementation in known {
        let by = implementation.component.as_ref().map(|by| &by.title);
        let by = by.unwrap_or(&implementation.document_title);
        let status = implementation.status.as_deref().unwrap_or("not stated");
        let own = [("all", &implementation.text)];
        let statements = implementation.statements.iter();
        let statements =
            statements.map(|statement| (statement.statement.as_str(), &statement.text));
        let _ = writeln!(text, "## {by}\n\nStatus: {status}\n");
        for (item, said) in own.into_iter().chain(statements) {
            if !said.is_empty() {
                let _ = writeln!(text, "{item}: {said}\n");
            }
        }
    }
    if cut(&mut text, MAX_TEXT) || total > known.len() {
        let _ = write!(
            text,
            "\nThere is more: see the tool query_implementations.\n"
        );
    }
    text
}
