//! Findings, risks and so on as Markdown.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use super::{
    Answer,
    item::{InheritedPart, Item, Link},
};
use crate::mcp::answer::markdown;

/// The counts, and each item with its facts.
pub(super) fn answer(answer: &Answer) -> String {
    markdown::written(|out| write(out, answer))
}

/// `3 findings (1 satisfied, 2 not-satisfied), 1 risk (1 open)`
pub(super) fn counts(counts: &BTreeMap<String, BTreeMap<String, usize>>) -> String {
    let kinds = counts.iter().map(|(kind, states)| {
        let total: usize = states.values().sum();
        let states: Vec<_> = states
            .iter()
            .filter(|(state, _)| *state != "no state")
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        let kind = kind.replace('-', " ").replace("poam", "POA&M");
        let plural = match (total, kind.ends_with('y')) {
            (1, _) => kind,
            (_, true) => format!("{}ies", &kind[..kind.len() - 1]),
            (_, false) => format!("{kind}s"),
        };
        match states.is_empty() {
            true => format!("{total} {plural}"),
            false => format!("{total} {plural} ({})", states.join(", ")),
        }
    });
    kinds.collect::<Vec<_>>().join(", ")
}

fn write(out: &mut String, answer: &Answer) -> fmt::Result {
    let summary = &answer.summary;
    if let Some(note) = &answer.note {
        return writeln!(out, "Nothing found: {note}.");
    }
    let documents = match summary.documents {
        1 => "1 document".to_owned(),
        several => format!("{several} documents"),
    };
    writeln!(out, "{}, in {documents}.", counts(&summary.counts))?;
    if !summary.unresolved_controls.is_empty() {
        let controls = summary.unresolved_controls.join(", ");
        writeln!(out, "Controls that are not satisfied: {controls}.")?;
    }
    if let Some(deadline) = &summary.next_deadline {
        writeln!(out, "Next deadline: {deadline}.")?;
    }
    let mut document = None;
    for item in &answer.items.items {
        if document != Some(&item.document) {
            document = Some(&item.document);
            let title = &item.document_title;
            writeln!(out, "\n# {title} (document {})", item.document)?;
        }
        write_item(out, item)?;
    }
    let (page, shown) = (&answer.items, answer.items.items.len());
    let end = page.offset + shown;
    if end < page.total {
        writeln!(
            out,
            "\n{} to {end} of {}; more with offset {end}.",
            page.offset + 1,
            page.total
        )?;
    }
    Ok(())
}

fn write_item(out: &mut String, item: &Item) -> fmt::Result {
    let label = item.label.as_ref().map(|label| format!("{label} "));
    write!(out, "\n## {}: {}", item.kind, label.unwrap_or_default())?;
    writeln!(out, "{}\n", item.title)?;
    if let Some(state) = &item.state {
        write!(out, "- State: {state}")?;
        match &item.reason {
            Some(reason) => writeln!(out, " ({reason})")?,
            None => writeln!(out)?,
        }
    }
    if !item.controls.is_empty() {
        write!(out, "- Controls: {}", item.controls.join(", "))?;
        match &item.target {
            Some(target) => writeln!(out, " (target {target})")?,
            None => writeln!(out)?,
        }
    }
    if let Some(deadline) = &item.deadline {
        writeln!(out, "- Deadline: {deadline}")?;
    }
    for (name, fact) in &item.facts {
        writeln!(out, "- {name}: {fact}")?;
    }
    links(out, "About", &item.components)?;
    links(out, "Related", &item.related)?;
    writeln!(out, "- Id: {}", item.id)?;
    let text = item.text.trim();
    if !text.is_empty() && text != item.title {
        writeln!(out, "\n{text}")?;
    }
    inherited(out, &item.inherited)
}

fn links(out: &mut String, heading: &str, links: &[Link]) -> fmt::Result {
    if links.is_empty() {
        return Ok(());
    }
    let links = links.iter().map(|link| match link.title.is_empty() {
        true => format!("{} {}", link.kind, link.id),
        false => format!("{} \"{}\" ({})", link.kind, link.title, link.id),
    });
    writeln!(out, "- {heading}: {}", links.collect::<Vec<_>>().join(", "))
}

fn inherited(out: &mut String, parts: &[InheritedPart]) -> fmt::Result {
    if !parts.is_empty() {
        writeln!(out, "\nInherited or satisfied, by control:\n")?;
    }
    for part in parts {
        let place = part.statement.as_ref().unwrap_or(&part.control);
        let text = part.text.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(out, "- {place}, {} ({}): {text}", part.component, part.how)?;
        if let Some(provider) = &part.provider {
            write!(out, " [provided by document {provider}]")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
