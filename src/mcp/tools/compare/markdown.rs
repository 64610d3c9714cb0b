//! A comparison as Markdown.

use std::fmt::{self, Write};

use super::answer::{Change, Comparison, Edition, ImpactAnswer, Implementer};
use crate::mcp::answer::markdown;

/// Counts first, then changes, then the implementations affected.
pub(super) fn comparison(answer: &Comparison) -> String {
    markdown::written(|out| write(out, answer))
}

fn write(out: &mut String, answer: &Comparison) -> fmt::Result {
    let summary = &answer.summary;
    writeln!(out, "# Comparison\n")?;
    edition(out, "Old", &answer.old, summary.old)?;
    edition(out, "New", &answer.new, summary.new)?;
    write!(
        out,
        "- {} differ, {} are the same",
        summary.differing, summary.unchanged
    )?;
    for (at, (change, count)) in summary.by_change.iter().enumerate() {
        let sign = if at == 0 { ": " } else { ", " };
        write!(out, "{sign}{change} {count}")?;
    }
    writeln!(out)?;
    for (kind, [added, removed, changed]) in &summary.by_kind {
        writeln!(
            out,
            "- {kind}: {added} added, {removed} removed, {changed} changed"
        )?;
    }
    if let Some(note) = &answer.note {
        writeln!(out, "\n{note}")?;
    }
    let page = &answer.changes;
    if !page.items.is_empty() {
        let (first, last) = (page.offset + 1, page.offset + page.items.len());
        writeln!(out, "\n## Changes {first} to {last} of {}\n", page.total)?;
        writeln!(out, "[-removed-] {{+added+}}\n")?;
    }
    for change in &page.items {
        write_change(out, change)?;
    }
    if answer.truncated {
        writeln!(
            out,
            "\nText was cut; ask for one `control`, or a smaller page, to see all of it."
        )?;
    }
    match &answer.impact {
        Some(impact) => write_impact(out, impact),
        None => Ok(()),
    }
}

fn edition(out: &mut String, name: &str, edition: &Edition, count: usize) -> fmt::Result {
    write!(out, "- {name}: {}", edition.title)?;
    if !edition.version.is_empty() {
        write!(out, ", version {}", edition.version)?;
    }
    let what = match edition.model {
        "catalog" | "profile" => "controls in force",
        _ => "objects",
    };
    writeln!(
        out,
        " ({}, {}): {count} {what}",
        edition.model, edition.document
    )
}

fn write_change(out: &mut String, change: &Change) -> fmt::Result {
    let kinds = change.changes.join(", ");
    let (kind, id) = match change.kind {
        "control" => ("", change.label.as_deref().unwrap_or(&change.id)),
        // The title of a requirement names its control.
        kind => (kind, ""),
    };
    let name = format!("{kind} {id} {}", change.title);
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(out, "- **{name}**: {kinds}")?;
    for difference in &change.differences {
        let diff = difference.diff.replace('\n', "\n    ");
        writeln!(out, "  - {}: {diff}", difference.of)?;
    }
    Ok(())
}

fn write_impact(out: &mut String, impact: &ImpactAnswer) -> fmt::Result {
    writeln!(out, "\n## Impact on implementations\n")?;
    if impact.documents == 0 {
        return writeln!(out, "No component definition or security plan is loaded.");
    }
    writeln!(
        out,
        "{} of those in {} documents implement a control that was removed, withdrawn or changed.",
        impact.total, impact.documents
    )?;
    if impact.of_other_catalogs > 0 {
        let others = impact.of_other_catalogs;
        writeln!(
            out,
            "{others} more are for other catalogs with the same ids."
        )?;
    }
    for implementer in &impact.implementers {
        write_implementer(out, implementer)?;
    }
    Ok(())
}

fn write_implementer(out: &mut String, implementer: &Implementer) -> fmt::Result {
    write!(out, "- **{}**", implementer.title)?;
    if implementer.title != implementer.document_title {
        write!(out, " in {}", implementer.document_title)?;
    }
    let source = match (implementer.written_for, implementer.source.as_str()) {
        (_, "") => "names no source".to_owned(),
        ("unknown", source) => format!("for {source}, which is not loaded"),
        (edition, source) => format!("for {source}: {edition}"),
    };
    writeln!(out, " ({}; {source})", implementer.document)?;
    for (name, ids) in [
        ("removed", &implementer.removed),
        ("withdrawn", &implementer.withdrawn),
        ("changed", &implementer.changed),
    ] {
        if !ids.is_empty() {
            writeln!(out, "  - {name}: {}", ids.join(", "))?;
        }
    }
    Ok(())
}
