//! A control as Markdown.

use std::fmt::{self, Write};

use super::detail::{ControlDetail, Linked, Parameter, Part};
use crate::mcp::answer::{ControlName, markdown};

/// The control with its texts, parameters and links.
pub(super) fn of(detail: &ControlDetail) -> String {
    markdown::written(|out| write(out, detail))
}

fn write(out: &mut String, detail: &ControlDetail) -> fmt::Result {
    let label = detail.label.as_deref().unwrap_or(&detail.id);
    writeln!(out, "# {}\n", markdown::name(label, &detail.title))?;
    write!(out, "{}", detail.id)?;
    if let Some(group) = &detail.group {
        write!(out, ", in {group}")?;
    }
    write!(out, ", from {}", detail.document_title)?;
    if !detail.document_version.is_empty() {
        write!(out, " {}", detail.document_version)?;
    }
    writeln!(out, " ({})", detail.document)?;
    if let Some(parent) = &detail.parent {
        writeln!(out, "Enhances {}", named(parent))?;
    }
    if detail.withdrawn {
        let moved: Vec<_> = detail.moved_to.iter().map(linked).collect();
        match &moved[..] {
            [] => writeln!(out, "Withdrawn")?,
            moved => writeln!(out, "Withdrawn: {}", moved.join("; "))?,
        }
    }
    for part in &detail.parts {
        let heading = heading(part);
        writeln!(out, "\n## {heading}\n\n{}", part.text)?;
    }
    if !detail.parameters.is_empty() {
        writeln!(out, "\n## Parameters\n")?;
        for parameter in &detail.parameters {
            writeln!(out, "- {}", parameter_line(parameter))?;
        }
    }
    markdown::list(out, "Enhancements", detail.enhancements.iter().map(named))?;
    row(out, "Related", detail.related.iter().map(linked))?;
    row(out, "References", detail.references.iter().cloned())?;
    for version in &detail.versions {
        let title = &version.title;
        writeln!(out, "\n## Another version: {title}\n\n{}", version.text)?;
    }
    row(out, "Also in", detail.also_in.iter().cloned())?;
    row(out, "Parts left out", detail.other_parts.iter().cloned())?;
    if detail.raw.is_some() {
        writeln!(out, "\nIts OSCAL JSON is in the structured content.")?;
    }
    if detail.truncated {
        writeln!(out, "\nSome of it was cut to keep the answer small.")?;
    }
    Ok(())
}

fn heading(part: &Part) -> String {
    let name = markdown::capitalized(&part.name);
    match (&part.label, &part.title) {
        (_, Some(title)) if part.name == "item" => title.clone(),
        (None, Some(title)) => format!("{name}: {title}"),
        (Some(label), Some(title)) => format!("{name} {label}: {title}"),
        (Some(label), None) => format!("{name} {label}"),
        (None, None) => name,
    }
}

/// What the parameter stands for. Its replacement text is mostly just its label.
fn parameter_line(parameter: &Parameter) -> String {
    let is_plain = parameter.values.is_empty()
        && parameter.choices.is_empty()
        && parameter.constraints.is_empty();
    let what = match &parameter.label {
        Some(label) if is_plain => label.clone(),
        Some(label) if !parameter.values.is_empty() => format!("{label} = {}", parameter.text),
        _ => parameter.text.clone(),
    };
    // NIST's guidelines repeat the label and say what it is for.
    if let (true, Some(label), [guideline]) =
        (is_plain, &parameter.label, &parameter.guidelines[..])
        && guideline.contains(label.as_str())
    {
        return format!("{}: {guideline}", parameter.id);
    }
    let mut line = format!("{}: {what}", parameter.id);
    // Otherwise the text has them.
    let constraints = parameter.constraints.iter();
    for constraint in constraints.filter(|_| !parameter.values.is_empty()) {
        line += &format!(" (constraint: {constraint})");
    }
    for guideline in &parameter.guidelines {
        line += &format!(" ({guideline})");
    }
    line
}

fn named(control: &ControlName) -> String {
    let name = control.label.as_deref().unwrap_or(&control.id);
    let mut text = markdown::name(name, &control.title);
    if control.withdrawn {
        text += " (withdrawn)";
    }
    text
}

fn linked(link: &Linked) -> String {
    let name = link.label.as_deref().unwrap_or(&link.id);
    match link.rel.as_str() {
        // There may be dozens; their titles are in the structured content.
        "related" => name.to_owned(),
        rel => {
            let name = markdown::name(name, link.title.as_deref().unwrap_or_default());
            format!("{rel} {name}").trim_start().to_owned()
        }
    }
}

/// Items on one line.
fn row(out: &mut String, heading: &str, items: impl Iterator<Item = String>) -> fmt::Result {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}: {}", items.join("; "))
}
