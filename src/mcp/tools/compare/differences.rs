//! What exactly changed in a control, each change with what it is of.

use oscal_documents::{ControlChange, ControlName, ParameterDifference, word_diff};

use super::fit::{Difference, Fit};
use crate::mcp::answer::markdown;

/// The differences of a control, most telling first.
pub(super) fn of_control(change: &ControlChange<'_>, fit: &mut Fit) -> Vec<Difference> {
    let mut list = Vec::new();
    let detail = change.detail();
    if let (Some(old), Some(new)) = (change.old, change.new)
        && old.id() != new.id()
    {
        fit.add(&mut list, "id".to_owned(), replaced(old.id(), new.id()));
    }
    if let Some(title) = detail.title {
        fit.add(&mut list, "title".to_owned(), title);
    }
    if let Some((old, new)) = detail.moved {
        fit.add(&mut list, "place".to_owned(), replaced(&old, &new));
    }
    if !detail.moved_to.is_empty() {
        let targets: Vec<_> = detail.moved_to.iter().map(name).collect();
        fit.add(&mut list, "now in".to_owned(), targets.join("; "));
    }
    for text in detail.texts {
        fit.add(&mut list, text.name, text.diff);
    }
    for parameter in detail.parameters {
        add_parameter(&mut list, parameter, fit);
    }
    for (of, old, new) in [
        ("links", detail.links_removed, detail.links_added),
        (
            "properties",
            detail.properties_removed,
            detail.properties_added,
        ),
    ] {
        if !old.is_empty() || !new.is_empty() {
            fit.add(
                &mut list,
                of.to_owned(),
                replaced(&old.join("; "), &new.join("; ")),
            );
        }
    }
    if fit.is_whole() {
        for text in detail.assessment {
            fit.add(&mut list, text.name, text.diff);
        }
    }
    list
}

fn add_parameter(list: &mut Vec<Difference>, parameter: ParameterDifference, fit: &mut Fit) {
    let mut of = format!("parameter {}", parameter.id);
    if let Some(old) = &parameter.old_id {
        of += &format!(" (was {old})");
    }
    if parameter.added {
        of += " (added)";
    }
    if parameter.removed {
        of += " (removed)";
    }
    // Of a new one, what it is for and what is set.
    let is_shown = |name: &str| !(parameter.added || parameter.removed) || name != "guidelines";
    let members = (parameter.members.into_iter()).filter(|member| is_shown(&member.name));
    let members = members.map(|member| {
        let diff = word_diff(&member.old, &member.new);
        format!("{}: {diff}", member.name)
    });
    let members: Vec<_> = members.collect();
    fit.add(list, of, members.join("\n"));
}

/// A change that is not worth a diff.
fn replaced(old: &str, new: &str) -> String {
    let mut out = String::new();
    if !old.is_empty() {
        out += &format!("[-{old}-]");
    }
    if !new.is_empty() {
        out += &format!("{{+{new}+}}");
    }
    out
}

fn name(control: &ControlName) -> String {
    markdown::control_name(control)
}
