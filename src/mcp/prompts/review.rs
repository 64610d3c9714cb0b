//! `review_ssp_gaps`: where a system security plan falls short of a baseline.

use std::fmt::Write;

use oscal_documents::{
    ControlCoverage, Coverage, CoverageLevel, ImplementationFilter, Model, coverage,
};

use super::prompt::{Argument, Arguments, Material, Needs, PromptError, PromptKind, RULES};
use crate::mcp::answer::{document_of, markdown};

pub(super) static PROMPT: PromptKind = PromptKind {
    name: "review_ssp_gaps",
    title: "Review the gaps of a system security plan",
    description: "Which controls of a baseline a system security plan leaves open, and what to do",
    arguments: &[
        Argument {
            name: "ssp",
            description: "Id of the system security plan",
            required: true,
        },
        Argument {
            name: "profile",
            description: "Id of the profile to review it against",
            required: true,
        },
    ],
    needs: Needs::Baseline,
    write,
};

/// The most bytes of the list of gaps.
const MAX_GAPS: usize = 16_000;

fn write(material: &Material<'_>, arguments: &Arguments<'_>) -> Result<String, PromptError> {
    let plan = document_of(
        &material.documents,
        arguments.required("ssp")?,
        Model::SystemSecurityPlan,
    )?
    .info();
    if plan.model != Model::SystemSecurityPlan {
        return Err(PromptError::NotAPlan(plan.id.clone()));
    }
    let Some(baseline) = &material.baseline else {
        return Err(PromptError::MissingArgument("profile"));
    };
    let filter = ImplementationFilter {
        document: Some(&plan.id),
        ..ImplementationFilter::default()
    };
    let coverage = coverage(&material.documents, baseline.controls(), filter);
    let profile = baseline.profile().info();
    Ok(format!(
        "Review the gaps of a system security plan against a baseline.\n\n\
         Group the open controls by what would close them, the most urgent first, and say why. For \
         controls that are partial or planned, read what the plan says with the tool \
         query_implementations before you judge; read the text of a control with get_control. For \
         not-applicable ones, say what would justify that. List the questions for the system's \
         owner.\n\n\
         Rules:\n{RULES}\n---\n\n# Coverage\n\n\
         - Plan: {} ({})\n- Baseline: {} ({})\n{}",
        heading(&plan.title),
        plan.id,
        heading(&profile.title),
        profile.id,
        findings(&coverage),
    ))
}

/// A title, which may have any length.
fn heading(title: &str) -> String {
    title.chars().take(200).collect()
}

fn findings(coverage: &Coverage<'_>) -> String {
    let counts = coverage.counts;
    let mut text = format!("- Controls of the baseline: {}\n", counts.total);
    for level in CoverageLevel::ALL {
        let _ = writeln!(text, "- {level}: {}", coverage.at(level).count());
    }
    for claim in coverage
        .claims
        .iter()
        .filter(|claim| !claim.standing.counts())
    {
        let href = claim
            .source
            .as_ref()
            .map_or("", |source| source.href.as_str());
        let _ = writeln!(
            text,
            "- Not counted, as written for another catalog or one that is not loaded ({}): {} \
             requirements",
            heading(href),
            claim.requirements,
        );
    }
    text += "\n# Open controls\n\n";
    let open = coverage.controls.iter();
    let open = open.filter(|control| !control.level.is_covered());
    let open: Vec<_> = open.collect();
    if open.is_empty() {
        text += "None.\n";
    }
    let end = text.len() + MAX_GAPS;
    for (index, control) in open.iter().enumerate() {
        let line = line(control);
        if text.len() + line.len() > end {
            let more = open.len() - index;
            let _ = writeln!(
                text,
                "\nand {more} more: see query_implementations with gap_against"
            );
            break;
        }
        text += &line;
    }
    text
}

fn line(gap: &ControlCoverage<'_>) -> String {
    let name = heading(&markdown::control_name(&gap.name));
    let mut line = format!("- {}: {name} ({})", gap.level, gap.control.id());
    if gap.states.iter().any(|state| state != gap.level.name()) {
        let _ = write!(line, "; as written: {}", heading(&gap.states.join(", ")));
    }
    line + "\n"
}
