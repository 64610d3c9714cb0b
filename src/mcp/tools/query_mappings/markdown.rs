//! An answer about mappings as Markdown.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::answer::{Coverage, Framework, Gap, Map, Mapped, Mapping, Mappings};
use crate::mcp::answer::{Page, markdown};

/// Counts first, then the mappings, then the maps; or the coverage.
pub(super) fn mappings(answer: &Mappings) -> String {
    markdown::written(|out| write(out, answer))
}

fn write(out: &mut String, answer: &Mappings) -> fmt::Result {
    if let Some(note) = &answer.note {
        writeln!(out, "{note}\n")?;
    }
    if let Some(maps) = &answer.maps {
        write_maps(out, answer, maps)?;
    }
    if let Some(coverage) = &answer.coverage {
        write_coverage(out, coverage)?;
    }
    if answer.truncated {
        writeln!(out, "\nSome of it was cut.")?;
    }
    Ok(())
}

fn write_maps(out: &mut String, answer: &Mappings, maps: &Page<Map>) -> fmt::Result {
    write!(out, "{} maps", maps.total)?;
    write_counts(out, &answer.by_relationship)?;
    writeln!(out, "\n")?;
    for mapping in &answer.mappings {
        write_mapping(out, mapping)?;
    }
    if !maps.items.is_empty() {
        let (first, last) = (maps.offset + 1, maps.offset + maps.items.len());
        writeln!(out, "\n## Maps {first} to {last} of {}\n", maps.total)?;
    }
    for map in &maps.items {
        write_map(out, map)?;
    }
    Ok(())
}

fn write_counts<K: fmt::Display>(out: &mut String, counts: &BTreeMap<K, usize>) -> fmt::Result {
    for (at, (name, count)) in counts.iter().enumerate() {
        let sign = if at == 0 { ": " } else { ", " };
        write!(out, "{sign}{name} {count}")?;
    }
    Ok(())
}

fn write_mapping(out: &mut String, mapping: &Mapping) -> fmt::Result {
    let (from, to) = (framework(&mapping.from), framework(&mapping.to));
    write!(
        out,
        "- {from} → {to}: {} of {} maps",
        mapping.found, mapping.maps
    )?;
    write!(
        out,
        ", in {} ({})",
        mapping.document_title, mapping.document
    )?;
    for (name, value) in [
        ("method", &mapping.method),
        ("rationale", &mapping.rationale),
        ("status", &mapping.status),
        ("confidence", &mapping.confidence),
    ] {
        if let Some(value) = value {
            write!(out, ", {name} {value}")?;
        }
    }
    writeln!(out)
}

fn framework(framework: &Framework) -> String {
    let mut name = framework.title.clone();
    if !framework.version.is_empty() {
        name += &format!(" {}", framework.version);
    }
    if framework.document.is_none() {
        name += " (not loaded)";
    }
    name
}

fn write_map(out: &mut String, map: &Map) -> fmt::Result {
    let (from, to) = (controls(&map.from), controls(&map.to));
    let relationship = match map.relationship.as_str() {
        "" => "related to",
        relationship => relationship,
    };
    writeln!(out, "- {from} **{relationship}** {to} ({})", map.framework)?;
    for qualifier in &map.qualifiers {
        writeln!(out, "  - {qualifier}")?;
    }
    for (name, value) in [
        ("rationale", &map.rationale),
        ("confidence", &map.confidence),
        ("coverage of the target", &map.coverage),
    ] {
        if let Some(value) = value {
            writeln!(out, "  - {name}: {value}")?;
        }
    }
    if !map.remarks.is_empty() {
        writeln!(out, "  - {}", map.remarks.replace('\n', "\n    "))?;
    }
    Ok(())
}

fn controls(controls: &[Mapped]) -> String {
    let names = controls.iter().map(|control| {
        let title = control.title.as_deref();
        name(&control.id, control.label.as_deref(), title)
    });
    names.collect::<Vec<_>>().join("; ")
}

/// The id, and the label too if it is another name; then the title.
fn name(id: &str, label: Option<&str>, title: Option<&str>) -> String {
    let mut name = id.to_owned();
    if let Some(label) = label.filter(|label| !label.eq_ignore_ascii_case(id)) {
        name += &format!(" ({label})");
    }
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        name += &format!(" {title}");
    }
    name
}

fn write_coverage(out: &mut String, coverage: &Coverage) -> fmt::Result {
    writeln!(
        out,
        "# Coverage of {} through mappings\n",
        framework(&coverage.framework)
    )?;
    writeln!(out, "This is {}.\n", coverage.basis)?;
    for through in &coverage.through {
        let (title, id) = (&through.document_title, &through.document);
        writeln!(
            out,
            "- Through: {title} ({id}), from {}",
            framework(&through.from)
        )?;
    }
    write!(out, "- {} controls", coverage.total)?;
    write_counts(out, &coverage.mapped)?;
    match &coverage.through_implementations {
        Some(states) => {
            write!(out, "\n- By implementations of their counterparts")?;
            write_counts(out, states)?;
            writeln!(out)?;
        }
        None => writeln!(out, "\n- Nothing loaded implements a counterpart")?,
    }
    let gaps = &coverage.gaps;
    if !gaps.items.is_empty() {
        let (first, last) = (gaps.offset + 1, gaps.offset + gaps.items.len());
        writeln!(out, "\n## Gaps {first} to {last} of {}\n", gaps.total)?;
    }
    for gap in &gaps.items {
        write_gap(out, gap)?;
    }
    Ok(())
}

fn write_gap(out: &mut String, gap: &Gap) -> fmt::Result {
    let name = name(&gap.id, gap.label.as_deref(), gap.title.as_deref());
    write!(out, "- {name}: mapped {}", gap.mapped)?;
    if let Some(state) = gap.through_implementations {
        write!(out, ", {state}")?;
    }
    writeln!(out)
}
