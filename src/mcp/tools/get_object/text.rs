//! An object as Markdown.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

use super::{
    Answer,
    detail::{Detail, Name, Reference},
};
use crate::mcp::answer::{Page, markdown};

/// Members that are paragraphs of their own.
const PROSE: [&str; 4] = ["description", "statement", "prose", "remarks"];

/// Members that the heading shows.
const SHOWN: [&str; 3] = ["uuid", "id", "title"];

/// The object, or those among which to choose.
pub(super) fn answer(answer: &Answer, id: &str) -> String {
    markdown::written(|out| match (&answer.object, &answer.several) {
        (Some(detail), _) => object(out, detail),
        (None, Some(several)) => names(out, several, id),
        (None, None) => Ok(()),
    })
}

fn names(out: &mut String, several: &Page<Name>, id: &str) -> fmt::Result {
    writeln!(
        out,
        "{} objects have the id {id}. Choose one with document or kind:\n",
        several.total
    )?;
    for name in &several.items {
        writeln!(
            out,
            "- {} \"{}\" in \"{}\" (document {})",
            name.kind, name.title, name.document_title, name.document
        )?;
    }
    Ok(())
}

fn object(out: &mut String, detail: &Detail) -> fmt::Result {
    let name = &detail.name;
    let title = match name.title.is_empty() {
        true => &name.id,
        false => &name.title,
    };
    writeln!(out, "# {title} ({})\n", name.kind)?;
    writeln!(out, "- Id: {}", name.id)?;
    for outer in &detail.within {
        writeln!(out, "- In {}: {} ({})", outer.kind, outer.title, outer.id)?;
    }
    write!(out, "- From: {} ({}", name.document_title, detail.model)?;
    if !detail.document_version.is_empty() {
        write!(out, ", version {}", detail.document_version)?;
    }
    writeln!(out, "), document {}", name.document)?;
    members(out, &detail.data)?;
    for (member, count) in &detail.left_out {
        writeln!(out, "- {}: {count}, not shown", plain(member))?;
    }
    references(out, detail)
}

fn members(out: &mut String, data: &Map<String, Value>) -> fmt::Result {
    for member in PROSE {
        if let Some(text) = data.get(member).and_then(Value::as_str) {
            match member {
                "remarks" => writeln!(out, "\nRemarks: {}", text.trim())?,
                _ => writeln!(out, "\n{}", text.trim())?,
            }
        }
    }
    writeln!(out)?;
    for (member, value) in data {
        if !SHOWN.contains(&member.as_str()) && !PROSE.contains(&member.as_str()) {
            write_member(out, member, value, 0)?;
        }
    }
    Ok(())
}

/// A bullet for a member; lists have a bullet for each element below it.
fn write_member(out: &mut String, member: &str, value: &Value, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    match value {
        Value::Array(list) if list.iter().any(Value::is_object) => {
            writeln!(out, "{indent}- {}:", plain(member))?;
            for element in list {
                writeln!(out, "{indent}  - {}", inline(element))?;
            }
            Ok(())
        }
        _ => writeln!(out, "{indent}- {}: {}", plain(member), inline(value)),
    }
}

/// A value within a line: `name: value, name: (value; value)`.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(list) => {
            let separator = if list.iter().any(Value::is_object) {
                "; "
            } else {
                ", "
            };
            list.iter().map(inline).collect::<Vec<_>>().join(separator)
        }
        Value::Object(members) => match (members.get("name"), members.get("value")) {
            // Properties and facets.
            (Some(name), Some(value)) => format!("{}: {}", inline(name), inline(value)),
            _ => {
                let members = members.iter().map(|(name, value)| match value {
                    Value::Array(_) | Value::Object(_) => {
                        format!("{} ({})", plain(name), inline(value))
                    }
                    _ => format!("{} {}", plain(name), inline(value)),
                });
                members.collect::<Vec<_>>().join(", ")
            }
        },
        other => other.to_string(),
    }
}

fn references(out: &mut String, detail: &Detail) -> fmt::Result {
    if !detail.refers_to.is_empty() {
        writeln!(out, "\n## Refers to\n")?;
    }
    for reference in &detail.refers_to {
        write_reference(out, reference, &detail.name.document)?;
    }
    let referring = &detail.referred_by;
    if referring.total == 0 {
        return writeln!(out, "\nNothing that is loaded refers to it.");
    }
    let (first, last) = (
        referring.offset + 1,
        referring.offset + referring.items.len(),
    );
    writeln!(
        out,
        "\n## Referred to by {} ({first} to {last})\n",
        referring.total
    )?;
    for reference in &referring.items {
        write_reference(out, reference, &detail.name.document)?;
    }
    Ok(())
}

fn write_reference(out: &mut String, reference: &Reference, document: &str) -> fmt::Result {
    let Reference {
        via, id, object, ..
    } = reference;
    let Some(other) = object else {
        return writeln!(out, "- {via}: {id}, which is not loaded");
    };
    write!(out, "- {via}: {} \"{}\" ({id})", other.kind, other.title)?;
    if other.document != document {
        write!(out, " in \"{}\"", other.document_title)?;
    }
    if let Some(others) = reference.others {
        write!(out, ", and {others} others with this id")?;
    }
    writeln!(out)
}

/// `related-risks` as words.
fn plain(member: &str) -> String {
    member.replace('-', " ")
}
