//! A control as Markdown, for people and models to read.

use std::fmt::{self, Write};

use oscal_documents::{ControlName, ControlView, DocumentInfo, LinkedControl, ParamView};

use super::parts::Page;

/// The control with its statement, guidance and everything else except assessment.
pub(in crate::mcp) fn control(view: &ControlView, document: &DocumentInfo) -> String {
    written(|out| write_control(out, view, document))
}

/// What `write` writes.
pub(in crate::mcp) fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    let written = write(&mut text);
    debug_assert!(written.is_ok(), "a String takes everything");
    text
}

fn write_control(out: &mut String, view: &ControlView, document: &DocumentInfo) -> fmt::Result {
    let heading = name(view.label.as_deref().unwrap_or(&view.id), &view.title);
    writeln!(out, "# {heading}\n")?;
    writeln!(out, "- Id: {}", view.id)?;
    write!(out, "- From: {}", document.title)?;
    if !document.version.is_empty() {
        write!(out, ", version {}", document.version)?;
    }
    writeln!(out)?;
    if let Some(group) = view.group_title.as_ref().or(view.group.as_ref()) {
        writeln!(out, "- Group: {group}")?;
    }
    if let Some(parent) = &view.parent {
        writeln!(out, "- Enhances: {}", control_name(parent))?;
    }
    if view.withdrawn {
        writeln!(out, "- Withdrawn")?;
    }
    for part in &view.parts {
        if !part.is_assessment() {
            let heading = part.title.as_ref().unwrap_or(&part.name);
            writeln!(out, "\n## {}\n\n{}", capitalized(heading), part.text)?;
        }
    }
    list(out, "Moved to", view.moved_to.iter().map(linked))?;
    list(out, "Parameters", view.params.iter().map(param))?;
    list(out, "Related controls", view.related.iter().map(linked))?;
    list(
        out,
        "Enhancements",
        view.enhancements.iter().map(control_name),
    )?;
    Ok(())
}

/// A list under a heading, if there is anything in it.
pub(in crate::mcp) fn list(
    out: &mut String,
    heading: &str,
    items: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    if items.len() > 0 {
        writeln!(out, "\n## {heading}\n")?;
    }
    for item in items {
        writeln!(out, "- {item}")?;
    }
    Ok(())
}

/// A label and a title, which may be empty.
pub(in crate::mcp) fn name(label: &str, title: &str) -> String {
    format!("{label} {title}").trim_end().to_owned()
}

/// How many items there are, and which of them follow: `370 controls, 101 to 200`.
pub(in crate::mcp) fn counted<T>(page: &Page<T>, what: &str) -> String {
    let (total, shown) = (page.total, page.items.len());
    if shown == total {
        return format!("{total} {what}");
    }
    let (first, last) = (page.offset + 1, page.offset + shown);
    match shown {
        0 => format!("{total} {what}, none from offset {}", page.offset),
        _ => format!("{total} {what}, {first} to {last}; use offset for the others"),
    }
}

/// Label and title of a control.
pub(in crate::mcp) fn control_name(control: &ControlName) -> String {
    let mut text = name(
        control.label.as_deref().unwrap_or(&control.id),
        &control.title,
    );
    if control.withdrawn {
        text += " (withdrawn)";
    }
    text
}

fn linked(link: &LinkedControl) -> String {
    let target = link.control.as_ref().map(control_name);
    let target = target.unwrap_or_else(|| link.target.clone());
    match link.rel.as_str() {
        "related" => target,
        rel => format!("{target} ({rel})"),
    }
}

fn param(param: &ParamView) -> String {
    let mut text = format!("{}: {}", param.id, param.text);
    // Otherwise the text has them.
    let constraints = param
        .constraints
        .iter()
        .filter(|_| !param.values.is_empty());
    for constraint in constraints {
        text += &format!(" (constraint: {constraint})");
    }
    for guideline in &param.guidelines {
        text += &format!(" ({guideline})");
    }
    text
}

/// A heading for a part.
pub(in crate::mcp) fn capitalized(heading: &str) -> String {
    let mut rest = heading.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).collect()
}
